import { formatEntries, formatExpression, formatName } from './format-expression.ts'
import type {
  AlterTable,
  Copy,
  CreateTable,
  DropIndex,
  Entry,
  Expression,
  Insert,
  Match,
  Path,
  Pattern,
  PropertyDeclaration,
  Returning,
  RunnableStatement,
  Statement,
} from './syntax-tree.ts'

/** The statement as text that parses to the same tree. */
export function formatStatement(statement: Statement): string {
  if (statement.kind !== 'explain') return formatRunnable(statement)
  return `EXPLAIN ${formatRunnable(statement.statement)}`
}

function formatRunnable(statement: RunnableStatement): string {
  switch (statement.kind) {
    case 'match':
      return formatMatch(statement)
    case 'path':
      return formatPath(statement)
    case 'insert':
      return formatInsert(statement)
    case 'update': {
      const { pattern, changes, where } = statement
      const target = `UPDATE ${formatTarget(pattern)}`
      return words(target, `SET ${changes.map(formatChange).join(', ')}`, formatWhere(where))
    }
    case 'delete': {
      const { pattern, where } = statement
      const from = pattern.variable === null ? 'DELETE FROM' : 'DELETE'
      return words(from, formatTarget(pattern), formatWhere(where))
    }
    case 'copy':
      return formatCopy(statement)
    case 'createTable':
      return formatCreateTable(statement)
    case 'alterTable':
      return `ALTER HYPEREDGE TABLE ${formatName(statement.table)} ${formatTableChange(statement)}`
    case 'dropTable': {
      const condition = statement.ifExists ? 'IF EXISTS' : ''
      return words('DROP HYPEREDGE TABLE', condition, formatName(statement.table))
    }
    case 'createIndex': {
      const { name, table, columns } = statement
      const named = name === null ? '' : formatName(name)
      return words('CREATE INDEX', named, `ON ${formatName(table)}`, formatNames(columns))
    }
    case 'dropIndex':
      return formatDropIndex(statement)
    case 'showIndexes':
      return words(
        'SHOW INDEXES',
        statement.table === null ? '' : `ON ${formatName(statement.table)}`,
      )
    case 'compactThreshold':
      return words('COMPACT_THRESHOLD', statement.records === null ? '' : String(statement.records))
    case 'call': {
      const { procedure, returning } = statement
      const given = statement.arguments.map(formatExpression).join(', ')
      return `CALL ${formatName(procedure)}(${given}) ${formatReturning(returning)}`
    }
  }
}

function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ')
}

function formatNames(names: readonly string[]): string {
  return `(${names.map(formatName).join(', ')})`
}

function formatWhere(where: Expression | null): string {
  return where === null ? '' : `WHERE ${formatExpression(where)}`
}

function formatAsOf(asOf: Expression | null): string {
  if (asOf === null) return ''
  const isValue = asOf.kind === 'literal' || asOf.kind === 'parameter'
  // A number with a sign is an expression.
  const text = formatExpression(asOf)
  return isValue && !text.startsWith('-') ? `AS OF ${text}` : `AS OF (${text})`
}

function formatInside({ variable, table }: Pattern): string {
  return `${variable === null ? '' : formatName(variable)}:${formatName(table)}`
}

/** Of a change or deletion: with its variable, or the table alone. */
function formatTarget(pattern: Pattern): string {
  if (pattern.variable === null) return formatName(pattern.table)
  return `HYPEREDGE (${formatInside(pattern)})`
}

function formatChange({ name, value }: Entry): string {
  return `${formatName(name)} = ${formatExpression(value)}`
}

function formatMatch({ patterns, asOf, where, unwind, returning }: Match): string {
  const all = patterns.map((pattern) => `(${formatInside(pattern)})`).join(', ')
  const unwound =
    unwind === null ? '' : `UNWIND ${formatExpression(unwind.list)} AS ${formatName(unwind.alias)}`
  const rest = [formatAsOf(asOf), formatWhere(where), unwound, formatReturning(returning)]
  return words('MATCH HYPEREDGE', all, ...rest)
}

function formatPath(path: Path): string {
  const { mode, start, target, pattern, hopsMax, options, asOf, where, returning } = path
  const hops = hopsMax === null ? '' : `*..${hopsMax}`
  const given = options.length === 0 ? '' : ` ${formatEntries(options)}`
  const end = target === null ? '' : formatExpression(target)
  const way = `(${formatExpression(start)})-[${formatInside(pattern)}${hops}${given}]->(${end})`
  const rest = [formatAsOf(asOf), formatWhere(where), formatReturning(returning)]
  return words('MATCH', mode.toUpperCase(), 'PATH', way, ...rest)
}

function formatReturning({ isDistinct, items, orderBy, skip, limit }: Returning): string {
  const named =
    items === 'all'
      ? '*'
      : items
          .map(({ expression, alias }) =>
            words(formatExpression(expression), alias === null ? '' : `AS ${formatName(alias)}`),
          )
          .join(', ')
  const order = orderBy
    .map(({ expression, isDescending }) =>
      words(formatExpression(expression), isDescending ? 'DESC' : ''),
    )
    .join(', ')
  return words(
    isDistinct ? 'RETURN DISTINCT' : 'RETURN',
    named,
    order === '' ? '' : `ORDER BY ${order}`,
    skip === null ? '' : `SKIP ${formatExpression(skip)}`,
    limit === null ? '' : `LIMIT ${formatExpression(limit)}`,
  )
}

function formatInsert({ rows }: Insert): string {
  const all = rows.map(({ table, entries }) => `(:${formatName(table)} ${formatEntries(entries)})`)
  return `INSERT HYPEREDGE ${all.join(', ')}`
}

function formatCopy({ table, source, options }: Copy): string {
  const given = options.map(formatChange).join(', ')
  const from = `COPY ${formatName(table)} FROM ${formatExpression(source)}`
  return words(from, given === '' ? '' : `(${given})`)
}

function formatProperties(properties: readonly PropertyDeclaration[]): string {
  const all = properties.map(({ name, type }) => `${formatName(name)} ${type.toUpperCase()}`)
  return `PROPERTIES (${all.join(', ')})`
}

function formatCreateTable(table: CreateTable): string {
  const { memberTables, bucketSeconds, properties, ttlSeconds } = table
  return words(
    'CREATE HYPEREDGE TABLE',
    table.ifNotExists ? 'IF NOT EXISTS' : '',
    formatName(table.table),
    formatNames(memberTables),
    bucketSeconds === null ? '' : `BUCKET_SECONDS ${bucketSeconds}`,
    properties.length === 0 ? '' : formatProperties(properties),
    ttlSeconds === null ? '' : `TTL ${ttlSeconds}`,
  )
}

function formatTableChange({ change }: AlterTable): string {
  switch (change.kind) {
    case 'addProperties':
      return `ADD ${formatProperties(change.properties)}`
    case 'setTtl':
      return `SET TTL ${change.ttlSeconds ?? 'NULL'}`
    case 'setBucket':
      return `SET BUCKET_SECONDS ${change.bucketSeconds}`
  }
}

function formatDropIndex({ name, table, columns }: DropIndex): string {
  const from = `ON ${formatName(table)}`
  if (name === null) return words('DROP INDEX', from, formatNames(columns))
  return words('DROP INDEX', formatName(name), from)
}
