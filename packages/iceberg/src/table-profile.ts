import type { ColumnDetail, PartitionDetail, Snapshot, TableMetadata } from '@hypermesh/contract'
import { formatPrimitive, isPrimitive, type Primitive, parsePrimitive } from './iceberg-type.ts'
import { type ReadContext, readLiveEntries, readManifestList } from './manifest-reader.ts'
import { type DataFile, hasLiveFiles } from './manifest-types.ts'
import { boundFields, specById } from './partition-spec.ts'
import { partitionText } from './partition-tuple.ts'
import { formatScalar } from './scalar-text.ts'
import { currentSchema, fieldsById, schemaById } from './schema.ts'
import { compareScalars, decodeSingleValue, fromAvroValue, type Scalar } from './single-value.ts'

const partitionsShownMax = 100

/** What the manifests of one snapshot tell, without a look into any data file. */
export interface TableProfile {
  readonly rows: number
  readonly files: number
  readonly bytes: number
  readonly smallestFileBytes: number | null
  readonly largestFileBytes: number | null
  readonly manifests: number
  readonly deleteFiles: number
  readonly deleteRows: number
  readonly columns: ColumnDetail[]
  readonly partitionCount: number
  readonly partitions: PartitionDetail[]
}

export async function profileTable(
  context: ReadContext,
  metadata: TableMetadata,
  snapshot: Snapshot | undefined,
): Promise<TableProfile> {
  const schema =
    snapshot?.['schema-id'] === undefined
      ? currentSchema(metadata)
      : schemaById(metadata, snapshot['schema-id'])
  const columns = primitiveColumns(fieldsById(schema))
  const partitions = new PartitionSizes(metadata)
  const total = { rows: 0, files: 0, bytes: 0, deleteFiles: 0, deleteRows: 0 }
  let [smallest, largest] = [Number.POSITIVE_INFINITY, 0]
  const manifests = snapshot === undefined ? [] : await readManifestList(context, snapshot)
  for (const manifest of manifests.filter(hasLiveFiles)) {
    for (const { file } of await readLiveEntries(context, manifest)) {
      if (file.content !== 0) {
        total.deleteFiles += 1
        total.deleteRows += file.recordCount
        continue
      }
      total.files += 1
      total.rows += file.recordCount
      total.bytes += file.fileBytes
      smallest = Math.min(smallest, file.fileBytes)
      largest = Math.max(largest, file.fileBytes)
      for (const column of columns) column.add(file)
      partitions.add(manifest.specId, file)
    }
  }
  return {
    ...total,
    smallestFileBytes: total.files === 0 ? null : smallest,
    largestFileBytes: total.files === 0 ? null : largest,
    manifests: manifests.length,
    columns: columns.map((column) => column.detail()),
    partitionCount: partitions.count,
    partitions: partitions.largest(),
  }
}

function primitiveColumns(fields: ReturnType<typeof fieldsById>): ColumnProfile[] {
  return [...fields.values()]
    .filter((field) => isPrimitive(field.type))
    .map(
      ({ id, path, type, required }) =>
        new ColumnProfile({
          id,
          name: path.join('.'),
          type: parsePrimitive(type as string),
          required,
        }),
    )
}

/** The sum over files; what one file does not tell is unknown of all. */
class ColumnProfile {
  readonly #column: { id: number; name: string; type: Primitive; required: boolean }
  #bytes: number | null = 0
  #nulls: number | null = 0
  #nans: number | null = 0
  #lower: Scalar | undefined
  #upper: Scalar | undefined
  #bounded = true

  constructor(column: { id: number; name: string; type: Primitive; required: boolean }) {
    this.#column = column
  }

  add(file: DataFile): void {
    const { id, type } = this.#column
    const isFloating = type.kind === 'float' || type.kind === 'double'
    this.#bytes = sum(this.#bytes, file.columnBytes.get(id))
    this.#nulls = sum(this.#nulls, file.nullCounts.get(id))
    this.#nans = isFloating ? sum(this.#nans, file.nanCounts.get(id)) : null
    this.#widen(file)
  }

  detail(): ColumnDetail {
    const { id, name, type, required } = this.#column
    const text = (bound: Scalar | undefined) =>
      (this.#bounded && bound !== undefined ? formatScalar(type, bound) : undefined) ?? null
    return {
      id,
      name,
      type: formatPrimitive(type),
      required,
      bytes: this.#bytes,
      nulls: this.#nulls,
      nans: this.#nans,
      lowerBound: text(this.#lower),
      upperBound: text(this.#upper),
    }
  }

  #widen(file: DataFile): void {
    const { id, type } = this.#column
    const [lowerBytes, upperBytes] = [file.lowerBounds.get(id), file.upperBounds.get(id)]
    const lower = lowerBytes && decodeSingleValue(type, lowerBytes)
    const upper = upperBytes && decodeSingleValue(type, upperBytes)
    const values = file.recordCount - (file.nullCounts.get(id) ?? 0) - (file.nanCounts.get(id) ?? 0)
    if (lower === undefined || upper === undefined) {
      // A file without a value has no bounds, and needs none.
      if (values > 0) this.#bounded = false
      return
    }
    if (this.#lower === undefined || compareScalars(lower, this.#lower) < 0) this.#lower = lower
    if (this.#upper === undefined || compareScalars(upper, this.#upper) > 0) this.#upper = upper
  }
}

function sum(total: number | null, more: number | undefined): number | null {
  return total === null || more === undefined ? null : total + more
}

/** How much lies in each partition. A tuple of an older spec is a partition of its own. */
class PartitionSizes {
  readonly #metadata: TableMetadata
  readonly #sizes = new Map<string, PartitionDetail>()

  constructor(metadata: TableMetadata) {
    this.#metadata = metadata
  }

  get count(): number {
    return this.#sizes.size
  }

  add(specId: number, file: DataFile): void {
    const fields = boundFields(this.#metadata, specById(this.#metadata, specId))
    if (fields.length === 0) return
    const key = `${specId} ${partitionText(fields, file.partition)}`
    const before = this.#sizes.get(key)
    const values =
      before?.values ??
      Object.fromEntries(
        fields.map(({ name, fieldId, result }) => {
          const value = file.partition.get(fieldId) ?? null
          const scalar = result && fromAvroValue(result, value)
          const text = result && scalar !== undefined && formatScalar(result, scalar)
          return [name, value === null ? null : text || String(value)]
        }),
      )
    this.#sizes.set(key, {
      values,
      files: (before?.files ?? 0) + 1,
      rows: (before?.rows ?? 0) + file.recordCount,
      bytes: (before?.bytes ?? 0) + file.fileBytes,
    })
  }

  largest(): PartitionDetail[] {
    return [...this.#sizes.values()]
      .sort((left, right) => right.bytes - left.bytes)
      .slice(0, partitionsShownMax)
  }
}
