import type { IcebergSchema, IcebergType } from '@hypermesh/contract'

export interface ReadColumn {
  readonly id: number
  readonly name: string
  /** In DuckDB's words. */
  readonly type: string
}

/** The columns that a scan of any file of the table yields, whatever schema the file has. */
export function readColumns(
  schema: IcebergSchema,
  toDuckDbType: (type: IcebergType) => string,
): readonly ReadColumn[] {
  return schema.fields.map(({ id, name, type }) => ({ id, name, type: toDuckDbType(type) }))
}

/**
 * The `schema` argument of `read_parquet`, which finds columns by field id: a renamed column is
 * found, one that a file lacks is null, one that was narrower is widened.
 */
export function readSchemaArgument(columns: readonly ReadColumn[]): string {
  const entries = columns.map(
    ({ id, name, type }) =>
      `${id}: {name: ${literal(name)}, type: ${literal(type)}, default_value: NULL}`,
  )
  return `map {${entries.join(', ')}}`
}

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
