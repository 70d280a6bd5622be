import { quoteIdentifier } from '@hypermesh/contract'
import { quoteText } from '@hypermesh/duckdb'
import { type PlannedFile, readSchemaArgument } from '@hypermesh/iceberg'
import type { ResolvedTable } from './resolved-table.ts'

/** The SQL that makes a view of the table over the files that are left after pruning. */
export function createView(table: ResolvedTable, files: readonly PlannedFile[]): string {
  const name = `${quoteIdentifier(table.view.schema)}.${quoteIdentifier(table.view.view)}`
  return `CREATE VIEW ${name} AS ${selectFrom(table, files)};`
}

function selectFrom({ columns }: ResolvedTable, files: readonly PlannedFile[]): string {
  const paths = files.map((file) => quoteText(file.localPath ?? file.uri))
  if (paths.length === 0) {
    const nulls = columns.map(
      ({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(name)}`,
    )
    return `SELECT ${nulls.join(', ')} WHERE false`
  }
  const list = columns.map(({ name }) => quoteIdentifier(name)).join(', ')
  const schema = readSchemaArgument(columns)
  return `SELECT ${list} FROM read_parquet([${paths.join(', ')}], schema = ${schema})`
}
