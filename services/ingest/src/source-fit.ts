import type { IcebergSchema } from '@hypermesh/contract'
import type { Source, TargetColumn } from '@hypermesh/duckdb'
import type { Evolution, SourceColumn } from '@hypermesh/iceberg'

/**
 * The columns of a source as schema evolution takes them. One that holds nothing but null takes the
 * type that the table has for it.
 */
export function sourceColumns(source: Source, current: IcebergSchema | undefined): SourceColumn[] {
  const typeOf = new Map(current?.fields.map((field) => [field.name.toLowerCase(), field.type]))
  return source.columns.map((column) => {
    const known = column.allNull ? typeOf.get(column.name.toLowerCase()) : undefined
    return {
      name: column.name,
      type: known ?? column.type,
      exact: column.from !== 'inferred',
    }
  })
}

/** What the files are to hold: columns that the source lacks are left out, and read as null. */
export function targetColumns(evolution: Evolution): TargetColumn[] {
  return evolution.columns.flatMap(({ name, id, type, sourceName, reread }) =>
    sourceName === null ? [] : [{ name, id, type, sourceName, reread }],
  )
}
