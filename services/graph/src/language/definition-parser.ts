import type {
  AlterTable,
  CreateIndex,
  CreateTable,
  DropIndex,
  DropTable,
  PropertyDeclaration,
  PropertyTypeName,
  ShowIndexes,
  TableChange,
} from './syntax-tree.ts'
import type { TokenStream } from './token-stream.ts'

/** The names of other databases for the five types. */
const typeNames: ReadonlyMap<string, PropertyTypeName> = new Map([
  ...['INT64', 'INTEGER', 'INT', 'BIGINT', 'LONG'].map((name) => [name, 'int64'] as const),
  ...['FLOAT64', 'REAL', 'DOUBLE', 'FLOAT'].map((name) => [name, 'float64'] as const),
  ...['STRING', 'TEXT', 'VARCHAR'].map((name) => [name, 'string'] as const),
  ...['BOOL', 'BOOLEAN'].map((name) => [name, 'bool'] as const),
  ['TIMESTAMP', 'timestamp'],
])
const unitSeconds: ReadonlyMap<string, number> = new Map([
  ['SECOND', 1],
  ['SECONDS', 1],
  ['MINUTE', 60],
  ['MINUTES', 60],
  ['HOUR', 3600],
  ['HOURS', 3600],
  ['DAY', 86_400],
  ['DAYS', 86_400],
])

export function parseCreate(tokens: TokenStream): CreateTable | CreateIndex {
  tokens.expectWord('CREATE')
  if (!tokens.isWord('HYPEREDGE', 'INDEX')) throw tokens.failure()
  return tokens.acceptWord('INDEX') ? createIndex(tokens) : createTable(tokens)
}

export function parseDrop(tokens: TokenStream): DropTable | DropIndex {
  tokens.expectWord('DROP')
  if (!tokens.isWord('HYPEREDGE', 'INDEX')) throw tokens.failure()
  if (tokens.acceptWord('INDEX')) return dropIndex(tokens)
  tokens.expectWord('HYPEREDGE', 'TABLE')
  const ifExists = tokens.acceptWord('IF')
  if (ifExists) tokens.expectWord('EXISTS')
  return { kind: 'dropTable', table: tokens.expectName('the name of a table'), ifExists }
}

export function parseAlter(tokens: TokenStream): AlterTable {
  tokens.expectWord('ALTER', 'HYPEREDGE', 'TABLE')
  const table = tokens.expectName('the name of a table')
  return { kind: 'alterTable', table, change: tableChange(tokens) }
}

export function parseShow(tokens: TokenStream): ShowIndexes {
  tokens.expectWord('SHOW')
  if (!tokens.isWord('INDEXES', 'INDEX')) throw tokens.failure()
  tokens.advance()
  const table = tokens.acceptWord('ON') ? tokens.expectName('the name of a table') : null
  return { kind: 'showIndexes', table }
}

function createTable(tokens: TokenStream): CreateTable {
  tokens.expectWord('HYPEREDGE', 'TABLE')
  const ifNotExists = tokens.acceptWord('IF')
  if (ifNotExists) tokens.expectWord('NOT', 'EXISTS')
  const table = tokens.expectName('the name of a table')
  const memberTables = memberTablesOf(tokens)
  let bucketSeconds: number | null = null
  let ttlSeconds: number | null = null
  let properties: PropertyDeclaration[] = []
  const given = new Set<string>()
  while (
    tokens.isWord(...['BUCKET_SECONDS', 'PROPERTIES', 'TTL'].filter((one) => !given.has(one)))
  ) {
    const clause = tokens.advance().text.toUpperCase()
    given.add(clause)
    if (clause === 'BUCKET_SECONDS') bucketSeconds = tokens.expectCount('a whole number of seconds')
    else if (clause === 'TTL') ttlSeconds = span(tokens)
    else properties = declarations(tokens)
  }
  return {
    ...{ kind: 'createTable', table, ifNotExists, memberTables },
    ...{ bucketSeconds, properties, ttlSeconds },
  }
}

function memberTablesOf(tokens: TokenStream): string[] {
  if (!tokens.acceptSymbol('(') || tokens.acceptSymbol(')')) return []
  const names = tokens.commaList(() => tokens.expectName('the name of a kind of members'))
  tokens.expectSymbol(')')
  return names
}

function declarations(tokens: TokenStream): PropertyDeclaration[] {
  tokens.expectSymbol('(')
  const properties = tokens.commaList(() => declaration(tokens))
  tokens.expectSymbol(')')
  return properties
}

function declaration(tokens: TokenStream): PropertyDeclaration {
  const name = tokens.expectAnyName('the name of a property')
  const { kind, text } = tokens.current
  const type = kind === 'word' ? typeNames.get(text.toUpperCase()) : undefined
  if (type === undefined) throw tokens.failure('INTEGER', 'REAL', 'STRING', 'BOOLEAN', 'TIMESTAMP')
  tokens.advance()
  return { name, type }
}

/** A whole number of seconds, or of the unit behind it. */
function span(tokens: TokenStream): number {
  const count = tokens.expectCount('a whole number of seconds')
  if (!tokens.isWord(...unitSeconds.keys())) return count
  const seconds = count * (unitSeconds.get(tokens.current.text.toUpperCase()) ?? 1)
  if (!Number.isSafeInteger(seconds)) throw tokens.failure('a span that can be held')
  tokens.advance()
  return seconds
}

function tableChange(tokens: TokenStream): TableChange {
  if (tokens.acceptWord('ADD')) {
    if (tokens.acceptWord('PROPERTIES')) {
      return { kind: 'addProperties', properties: declarations(tokens) }
    }
    tokens.acceptWord('PROPERTY')
    return { kind: 'addProperties', properties: [declaration(tokens)] }
  }
  tokens.expectWord('SET')
  if (tokens.acceptWord('BUCKET_SECONDS')) {
    return { kind: 'setBucket', bucketSeconds: tokens.expectCount('a whole number of seconds') }
  }
  tokens.expectWord('TTL')
  const isNone = tokens.acceptWord('NULL') || tokens.acceptWord('NONE')
  return { kind: 'setTtl', ttlSeconds: isNone ? null : span(tokens) }
}

function createIndex(tokens: TokenStream): CreateIndex {
  const name = tokens.isWord('ON') ? null : tokens.expectName('the name of an index')
  tokens.expectWord('ON')
  const table = tokens.expectName('the name of a table')
  return { kind: 'createIndex', name, table, columns: indexColumns(tokens) }
}

function dropIndex(tokens: TokenStream): DropIndex {
  const name = tokens.isWord('ON') ? null : tokens.expectName('the name of an index')
  tokens.expectWord('ON')
  const table = tokens.expectName('the name of a table')
  return { kind: 'dropIndex', table, name, columns: name === null ? indexColumns(tokens) : [] }
}

function indexColumns(tokens: TokenStream): string[] {
  tokens.expectSymbol('(')
  const columns = tokens.commaList(() => tokens.expectAnyName('the name of a column'))
  tokens.expectSymbol(')')
  return columns
}
