import { parseEntries, parseExpression, parseValue } from './expression-parser.ts'
import { parsePattern, patternInside } from './pattern-parser.ts'
import { parseReturning, parseWhere } from './return-parser.ts'
import type {
  Delete,
  Expression,
  Match,
  Path,
  PathMode,
  RunnableStatement,
  Unwind,
  Update,
} from './syntax-tree.ts'
import type { TokenStream } from './token-stream.ts'
import { parseChanges } from './write-parser.ts'

/** What begins with MATCH: hyperedges, a path, and in Cypher's order of words a change or deletion. */
export function parseMatch(tokens: TokenStream): RunnableStatement {
  tokens.expectWord('MATCH')
  if (!tokens.isWord('HYPEREDGE', 'PATH', 'SHORTEST', 'EARLIEST')) throw tokens.failure()
  return tokens.acceptWord('HYPEREDGE') ? hyperedges(tokens) : path(tokens)
}

function hyperedges(tokens: TokenStream): Match | Update | Delete {
  const patterns = [parsePattern(tokens)]
  if (tokens.acceptSymbol(',')) patterns.push(parsePattern(tokens))
  const asOf = parseAsOf(tokens)
  const where = parseWhere(tokens)
  const [pattern] = patterns
  if (pattern !== undefined && patterns.length === 1 && asOf === null) {
    if (tokens.acceptWord('SET')) {
      return { kind: 'update', pattern, changes: parseChanges(tokens, pattern.variable), where }
    }
    if (tokens.acceptWord('DELETE')) {
      const { text } = tokens.current
      const named = tokens.expectName(`the variable ${pattern.variable ?? ''}`)
      if (named !== pattern.variable) throw tokens.failure(`the variable, not ${text}`)
      return { kind: 'delete', pattern, where }
    }
  }
  const unwind = parseUnwind(tokens)
  return { kind: 'match', patterns, asOf, where, unwind, returning: parseReturning(tokens) }
}

/** `UNWIND he.members AS member`. */
function parseUnwind(tokens: TokenStream): Unwind | null {
  if (!tokens.acceptWord('UNWIND')) return null
  const list = parseExpression(tokens)
  tokens.expectWord('AS')
  return { list, alias: tokens.expectName('an alias') }
}

/** `[SHORTEST | EARLIEST] PATH ('ann')-[he:Calls*..4 {order: 'any'}]->('bob')`. */
function path(tokens: TokenStream): Path {
  const mode: PathMode = tokens.acceptWord('EARLIEST') ? 'earliest' : 'shortest'
  if (mode === 'shortest') tokens.acceptWord('SHORTEST')
  tokens.expectWord('PATH')
  tokens.expectSymbol('(')
  const start = parseValue(tokens)
  tokens.expectSymbol(')')
  tokens.expectSymbol('-')
  tokens.expectSymbol('[')
  const pattern = patternInside(tokens)
  const hopsMax = hops(tokens)
  const options = tokens.isSymbol('{') ? parseEntries(tokens) : []
  tokens.expectSymbol(']')
  tokens.expectSymbol('->')
  tokens.expectSymbol('(')
  const target = tokens.isSymbol(')') ? null : parseValue(tokens)
  tokens.expectSymbol(')')
  const asOf = parseAsOf(tokens)
  const where = parseWhere(tokens)
  const returning = parseReturning(tokens)
  return { kind: 'path', mode, start, target, pattern, hopsMax, options, asOf, where, returning }
}

/** `*`, or `*..4`. */
function hops(tokens: TokenStream): number | null {
  if (!tokens.acceptSymbol('*')) return null
  return tokens.acceptSymbol('..') ? tokens.expectCount('the most hops') : null
}

function parseAsOf(tokens: TokenStream): Expression | null {
  if (!tokens.acceptWord('AS')) return null
  tokens.expectWord('OF')
  return tokens.isSymbol('(') ? parseExpression(tokens) : parseValue(tokens)
}
