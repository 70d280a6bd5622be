import type { FileSchema } from './file-schema.ts'
import { readSchemaArgument } from './read-schema.ts'

/** The columns of a position delete file, which the table specification reserves ids for. */
export const positionDeleteFields = {
  path: { id: 2_147_483_546, name: 'file_path', type: 'VARCHAR' },
  position: { id: 2_147_483_545, name: 'pos', type: 'BIGINT' },
} as const

/**
 * The SQL of a scan that gives `file_path` and `pos` of one position delete file, by their ids or, in
 * a file without, by their names; undefined for a file that has no such columns.
 */
export function positionDeleteScan(
  quotedPath: string,
  schema: FileSchema | undefined,
): string | undefined {
  const wanted = Object.values(positionDeleteFields)
  const has = (test: (field: FileSchema['fields'][number], id: number, name: string) => boolean) =>
    wanted.every(({ id, name }) => schema?.fields.some((field) => test(field, id, name)))
  const columns = 'SELECT file_path, pos FROM read_parquet'
  if (has((field, id) => field.id === id)) {
    return `${columns}(${quotedPath}, schema = ${readSchemaArgument(wanted)}, hive_partitioning = false)`
  }
  if (has((field, _, name) => field.name === name)) {
    return `${columns}(${quotedPath}, hive_partitioning = false)`
  }
  return undefined
}
