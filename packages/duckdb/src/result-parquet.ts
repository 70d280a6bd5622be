import { quoteIdentifier } from '@hypermesh/contract'
import { castExpression } from './cast-expression.ts'
import { type DuckDbType, parseDuckDbType } from './duckdb-type.ts'
import { toIcebergType } from './iceberg-types.ts'
import { distinctNames } from './result-columns.ts'
import type { DuckSession, RunOptions } from './session.ts'
import { quoteText } from './sql-text.ts'

/** Scalars that DuckDB writes to Parquet as they are; it would round or bend the others. */
const keptScalars = new Set(
  (
    'BOOLEAN TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE ' +
    'VARCHAR BLOB UUID JSON DATE TIME TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS'
  ).split(' '),
)
keptScalars.add('TIMESTAMP WITH TIME ZONE')

/**
 * Writes the rows of a query to a Parquet file and returns their count. Types that Parquet lacks are
 * cast to ones that hold every value of theirs, or to text; columns of one name are told apart.
 */
export async function copyResultToParquet(
  session: DuckSession,
  query: { readonly sql: string; readonly path: string },
  options: RunOptions,
): Promise<number> {
  const { names, types } = await describeResult(session, query.sql, options)
  const list = distinctNames(names).map((name, index) => {
    const type = parseDuckDbType(types[index] ?? '')
    const column = `c${index}`
    const value = isKept(type) ? column : castExpression(column, type, toIcebergType(type))
    return `${value} AS ${quoteIdentifier(name)}`
  })
  const source = `SELECT ${list.join(', ')} FROM ${numbered(query.sql, names.length)}`
  const sql = `COPY (${source}) TO ${quoteText(query.path)} (FORMAT parquet, COMPRESSION zstd)`
  const [row] = await session.rows(sql, options)
  return Number(row?.Count)
}

/** The query as a table whose columns are c0, c1, …, whatever it calls them. */
export function numbered(sql: string, columnCount: number): string {
  const names = Array.from({ length: columnCount }, (_, index) => `c${index}`)
  // The line feed ends a comment that the text may end with.
  return `(\n${sql}\n) result(${names.join(', ')})`
}

/** Names as the query has them, equal ones too, and DuckDB's names of the types. */
export async function describeResult(
  session: DuckSession,
  sql: string,
  options: RunOptions,
): Promise<{ readonly names: readonly string[]; readonly types: readonly string[] }> {
  // Errors that it finds are placed in the text itself, not in what is made of it below.
  await session.check(sql, options)
  const rows = await session.rows(`DESCRIBE (\n${sql}\n)`, options)
  return {
    names: rows.map((row) => String(row.column_name)),
    types: rows.map((row) => String(row.column_type)),
  }
}

function isKept(type: DuckDbType): boolean {
  switch (type.kind) {
    case 'scalar':
      return keptScalars.has(type.name)
    case 'decimal':
      return true
    case 'list':
      return isKept(type.element)
    case 'map':
      return isKept(type.key) && isKept(type.value)
    case 'struct':
      return type.fields.every((field) => isKept(field.type))
    default:
      return false
  }
}
