import { parseEntries, parseExpression, parseValue } from './expression-parser.ts'
import { parsePattern } from './pattern-parser.ts'
import { parseWhere } from './return-parser.ts'
import type { Copy, Delete, Entry, Insert, InsertRow, Pattern, Update } from './syntax-tree.ts'
import type { TokenStream } from './token-stream.ts'

/** `INSERT HYPEREDGE (:T {…}), …`, or `INSERT INTO T (…) VALUES (…), …`. */
export function parseInsert(tokens: TokenStream): Insert {
  tokens.expectWord('INSERT')
  if (tokens.acceptWord('INTO')) return { kind: 'insert', rows: valueRows(tokens) }
  tokens.expectWord('HYPEREDGE')
  const rows = tokens.commaList((): InsertRow => {
    tokens.expectSymbol('(')
    tokens.expectSymbol(':')
    const table = tokens.expectName('the name of a table')
    const entries = parseEntries(tokens)
    tokens.expectSymbol(')')
    return { table, entries }
  })
  return { kind: 'insert', rows }
}

function valueRows(tokens: TokenStream): InsertRow[] {
  tokens.acceptWord('HYPEREDGE')
  const table = tokens.expectName('the name of a table')
  tokens.expectSymbol('(')
  const names = tokens.commaList(() => tokens.expectAnyName('the name of a column'))
  tokens.expectSymbol(')')
  tokens.expectWord('VALUES')
  return tokens.commaList(() => {
    tokens.expectSymbol('(')
    const entries: Entry[] = []
    for (const [place, name] of names.entries()) {
      if (place > 0) tokens.expectSymbol(',')
      entries.push({ name, value: parseExpression(tokens) })
    }
    tokens.expectSymbol(')')
    return { table, entries }
  })
}

/** `UPDATE HYPEREDGE (he:T) SET he.weight = 2 WHERE …`, or `UPDATE T SET weight = 2 WHERE …`. */
export function parseUpdate(tokens: TokenStream): Update {
  tokens.expectWord('UPDATE')
  const pattern = target(tokens)
  tokens.expectWord('SET')
  const changes = parseChanges(tokens, pattern.variable)
  return { kind: 'update', pattern, changes, where: parseWhere(tokens) }
}

/** `DELETE HYPEREDGE (he:T) WHERE …`, or `DELETE FROM T WHERE …`. */
export function parseDelete(tokens: TokenStream): Delete {
  tokens.expectWord('DELETE')
  if (!tokens.isWord('FROM', 'HYPEREDGE')) throw tokens.failure()
  tokens.acceptWord('FROM')
  const pattern = target(tokens)
  return { kind: 'delete', pattern, where: parseWhere(tokens) }
}

function target(tokens: TokenStream): Pattern {
  tokens.acceptWord('HYPEREDGE')
  if (tokens.isSymbol('(')) return parsePattern(tokens)
  return { variable: null, table: tokens.expectName('the name of a table') }
}

/** `he.weight = 2, …`. */
export function parseChanges(tokens: TokenStream, variable: string | null): Entry[] {
  return tokens.commaList(() => {
    let name = tokens.expectAnyName('the name of a column')
    if (name === variable && tokens.acceptSymbol('.')) {
      name = tokens.expectAnyName('the name of a column')
    }
    tokens.expectSymbol('=')
    return { name, value: parseExpression(tokens) }
  })
}

/** `COPY T FROM 'file.csv' (format = 'csv')`. */
export function parseCopy(tokens: TokenStream): Copy {
  tokens.expectWord('COPY')
  const table = tokens.expectName('the name of a table')
  tokens.expectWord('FROM')
  const source = parseValue(tokens)
  const options = tokens.acceptSymbol('(') ? copyOptions(tokens) : []
  return { kind: 'copy', table, source, options }
}

function copyOptions(tokens: TokenStream): Entry[] {
  const options = tokens.commaList(() => {
    const name = tokens.expectAnyName('an option').toLowerCase()
    tokens.expectSymbol('=')
    return { name, value: parseValue(tokens) }
  })
  tokens.expectSymbol(')')
  return options
}
