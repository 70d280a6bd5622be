import { quoteIdentifier, type TableMetadata } from '@hypermesh/contract'
import { quoteText } from '@hypermesh/duckdb'
import { type PlannedFile, readSchemaArgument } from '@hypermesh/iceberg'
import type { ResolvedTable } from './resolved-table.ts'

/** The SQL that makes a view of the table over the files that are left after pruning. */
export function createView(table: ResolvedTable, files: readonly PlannedFile[]): string {
  const name = `${quoteIdentifier(table.view.schema)}.${quoteIdentifier(table.view.view)}`
  return `CREATE VIEW ${name} AS ${selectFrom(table, files)};`
}

function selectFrom({ columns, metadata }: ResolvedTable, files: readonly PlannedFile[]): string {
  const paths = files.map((file) => quoteText(file.localPath ?? file.uri))
  if (paths.length === 0) {
    const nulls = columns.map(
      ({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(name)}`,
    )
    return `SELECT ${nulls.join(', ')} WHERE false`
  }
  const widened = widenedFloats(metadata)
  const list = columns
    .map(({ id, name, type }) => {
      const column = quoteIdentifier(name)
      return type === 'DOUBLE' && widened.has(id)
        ? `coalesce(${column}, ${column}) AS ${column}`
        : column
    })
    .join(', ')
  const schema = readSchemaArgument(columns)
  return `SELECT ${list} FROM read_parquet([${paths.join(', ')}], schema = ${schema})`
}

/**
 * Columns that some file may hold as FLOAT. DuckDB would narrow the constant of a filter to the
 * file's type, so that `f > 0.1` missed a FLOAT 0.1, which is a little more; such a column is hidden
 * in an expression, so that the filter compares what was read.
 */
function widenedFloats({ schemas }: TableMetadata): ReadonlySet<number> {
  const floats = schemas.flatMap(({ fields }) => fields.filter(({ type }) => type === 'float'))
  return new Set(floats.map(({ id }) => id))
}
