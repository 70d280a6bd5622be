import { quoteIdentifier } from '@hypermesh/contract'
import { type DuckDbType, formatDuckDbType, parseDuckDbType } from './duckdb-type.ts'
import { toIcebergType } from './iceberg-types.ts'
import type { DuckSession } from './session.ts'
import type { SourceColumn } from './source-columns.ts'
import { reading } from './source-error.ts'
import { quoteText } from './sql-text.ts'

/** The relation of the named columns, read as those types. */
export type ReadColumns = (columns: ReadonlyMap<string, string>) => string

/**
 * What DuckDB's inference leaves open, told from every value, in one query: a column of nothing but
 * null is JSON to it, one of numbers with both signs HUGEINT, and one of timestamps with a `T` and a
 * fraction VARCHAR. The column's `type` says better; it is read as before and cast.
 */
export async function refineJsonTypes(
  session: DuckSession,
  columns: readonly SourceColumn[],
  read: ReadColumns,
  signal: AbortSignal | undefined,
): Promise<readonly SourceColumn[]> {
  const texts = columns.filter((column) => isInferred(column, 'VARCHAR'))
  const times = await timesAtFirst(session, texts, read, signal)
  const asked = columns.flatMap((column) => {
    const refinement = refinementOf(column, times)
    return refinement === undefined ? [] : [{ column, ...refinement }]
  })
  if (asked.length === 0) return columns
  const readAs = new Map(asked.map(({ column }) => [column.name, column.sourceType]))
  const checks = asked.map(({ check }, index) => `${check} AS c${index}`)
  const sql = `SELECT ${checks.join(', ')} FROM ${read(readAs)}`
  const [row = {}] = await reading(session.rows(sql, { signal }))
  const refined = new Map(
    asked.flatMap(({ column, better }, index) =>
      row[`c${index}`] === true ? [[column, better] as const] : [],
    ),
  )
  return columns.map((column) => refined.get(column) ?? column)
}

interface Refinement {
  /** An aggregate: true where `better` holds of every value. */
  readonly check: string
  readonly better: SourceColumn
}

function refinementOf(
  column: SourceColumn,
  times: ReadonlySet<SourceColumn>,
): Refinement | undefined {
  const sql = quoteIdentifier(column.name)
  if (isInferred(column, 'JSON')) {
    const check = `count(nullif(CAST(${sql} AS VARCHAR), 'null')) = 0`
    return { check, better: { ...column, allNull: true } }
  }
  if (times.has(column)) {
    return { check: areTimestamps(sql), better: { ...column, type: 'timestamp' } }
  }
  if (column.from !== 'inferred') return undefined
  const described = parseDuckDbType(column.sourceType)
  const narrow = withoutHuge(described)
  if (formatDuckDbType(narrow) === formatDuckDbType(described)) return undefined
  const cast = `TRY_CAST(${sql} AS ${formatDuckDbType(narrow)})`
  const check = `coalesce(bool_and(${cast} IS NOT DISTINCT FROM ${sql}), true)`
  return { check, better: { ...column, type: toIcebergType(narrow) } }
}

const isInferred = (column: SourceColumn, type: string) =>
  column.from === 'inferred' && column.sourceType === type

/** ISO 8601 with a `T`, without a zone; a digit that the cast would cut off is no match. */
function areTimestamps(sql: string): string {
  const form = quoteText(String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?`)
  const isOne = `regexp_full_match(${sql}, ${form}) AND TRY_CAST(${sql} AS TIMESTAMP) IS NOT NULL`
  return `coalesce(bool_and(${isOne}) FILTER (WHERE ${sql} IS NOT NULL), false)`
}

const rowsLooked = 1000

/** Text is common and timestamps are rare: a few rows tell which columns are worth a look at all. */
async function timesAtFirst(
  session: DuckSession,
  texts: readonly SourceColumn[],
  read: ReadColumns,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<SourceColumn>> {
  if (texts.length === 0) return new Set()
  const readAs = new Map(texts.map(({ name }) => [name, 'VARCHAR']))
  const looks = texts.map(({ name }, index) => {
    const sql = quoteIdentifier(name)
    return `(count(${sql}) = 0 OR ${areTimestamps(sql)}) AS c${index}`
  })
  const first = `(FROM ${read(readAs)} LIMIT ${rowsLooked})`
  const [row = {}] = await reading(
    session.rows(`SELECT ${looks.join(', ')} FROM ${first}`, { signal }),
  )
  return new Set(texts.filter((_, index) => row[`c${index}`] === true))
}

function withoutHuge(type: DuckDbType): DuckDbType {
  switch (type.kind) {
    case 'scalar':
      return type.name === 'HUGEINT' ? { kind: 'scalar', name: 'BIGINT' } : type
    case 'list':
    case 'array':
      return { ...type, element: withoutHuge(type.element) }
    case 'map':
      return { ...type, key: withoutHuge(type.key), value: withoutHuge(type.value) }
    case 'struct': {
      const fields = type.fields.map((field) => ({ ...field, type: withoutHuge(field.type) }))
      return { ...type, fields }
    }
    default:
      return type
  }
}
