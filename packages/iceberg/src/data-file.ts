import type { DataFileEntry, IcebergSchema } from '@hypermesh/contract'
import { lowerBound, upperBound } from './bounds.ts'
import { isPrimitive, type Primitive, parsePrimitive } from './iceberg-type.ts'
import { fieldsById, type IndexedField } from './schema.ts'
import { compareScalars, decodeSingleValue } from './single-value.ts'

/**
 * What DuckDB's `RETURN_STATS` says of one column, as text: `min`, `max`, `null_count` and so on, and
 * `nan_count` where its writer has counted.
 */
export type ColumnStatistics = Readonly<Record<string, string>>

export interface WrittenFile {
  readonly uri: string
  readonly fileBytes: number
  readonly rows: number
  /** By DuckDB's path of the column, for example `"s"."a"` or `"l"."element"`. */
  readonly columns: Iterable<readonly [string, ColumnStatistics]>
  /** The schema whose ids the file has. */
  readonly schema: IcebergSchema
}

/** Describes a Parquet file that DuckDB wrote. A bound that is not surely right is left out. */
export function toDataFileEntry(file: WrittenFile): DataFileEntry {
  const entry: DataFileEntry = {
    path: file.uri,
    recordCount: file.rows,
    fileBytes: file.fileBytes,
    columnBytes: {},
    valueCounts: {},
    nullCounts: {},
    nanCounts: {},
    lowerBounds: {},
    upperBounds: {},
  }
  const byPath = new Map<string, IndexedField>()
  for (const field of fieldsById(file.schema).values()) {
    byPath.set(quotedPath(field.path), field)
  }
  for (const [path, statistics] of file.columns) {
    const field = byPath.get(path)
    if (field !== undefined) addColumn(entry, field, statistics)
  }
  return entry
}

const quotedPath = (path: readonly string[]) =>
  path.map((name) => `"${name.replaceAll('"', '""')}"`).join('.')

function addColumn(entry: DataFileEntry, field: IndexedField, texts: ColumnStatistics): void {
  const bytes = count(texts.column_size_bytes)
  if (bytes !== undefined) entry.columnBytes[field.id] = bytes
  // Counts of values in lists and maps are not rows, and bounds of them prune nothing.
  const values = count(texts.num_values)
  if (field.repeated || values !== entry.recordCount || !isPrimitive(field.type)) return
  entry.valueCounts[field.id] = values
  const nulls = count(texts.null_count)
  if (nulls !== undefined && nulls <= values) entry.nullCounts[field.id] = nulls
  const type = parsePrimitive(field.type)
  const floating = type.kind === 'float' || type.kind === 'double'
  const nans = texts.has_nan === 'false' ? 0 : count(texts.nan_count)
  if (floating && nans !== undefined) entry.nanCounts[field.id] = nans
  addBounds(entry, field.id, type, texts)
}

function addBounds(entry: DataFileEntry, id: number, type: Primitive, texts: ColumnStatistics) {
  const lower = texts.min === undefined ? undefined : lowerBound(type, texts.min)
  const upper = texts.max === undefined ? undefined : upperBound(type, texts.max)
  if (lower !== undefined && upper !== undefined && !isOrdered(type, lower, upper)) return
  if (lower !== undefined) entry.lowerBounds[id] = Buffer.from(lower).toString('base64')
  if (upper !== undefined) entry.upperBounds[id] = Buffer.from(upper).toString('base64')
}

function isOrdered(type: Primitive, lower: Uint8Array, upper: Uint8Array): boolean {
  const [low, high] = [decodeSingleValue(type, lower), decodeSingleValue(type, upper)]
  return low !== undefined && high !== undefined && compareScalars(low, high) <= 0
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
