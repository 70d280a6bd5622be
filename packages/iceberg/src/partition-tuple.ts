import { type DataFileEntry, HyperMeshError } from '@hypermesh/contract'
import { decimalBytes, type Primitive } from './iceberg-type.ts'
import type { AvroValue, PartitionSummary } from './manifest-types.ts'
import type { BoundPartitionField } from './partition-spec.ts'
import {
  compareScalars,
  decodeSingleValue,
  encodeSingleValue,
  fromAvroValue,
  type Scalar,
  toAvroValue,
} from './single-value.ts'
import { applyTransform, findTransform, isMonotone } from './transform.ts'

type Tuple = ReadonlyMap<number, AvroValue>

/** What is needed of a source column to tell its values' partition. */
export type SourceTypes = ReadonlyMap<number, Primitive>

/**
 * The partition of a file: as the writer says, else as its statistics prove, because every value
 * between the bounds falls into one partition. Throws `unsupported` when neither tells.
 */
export function partitionOf(
  entry: DataFileEntry,
  fields: readonly BoundPartitionField[],
  sources: SourceTypes,
): Tuple {
  return new Map(
    fields.map((field) => {
      const stated = entry.partition?.[String(field.fieldId)]
      if (stated === null || field.transform === 'void') return [field.fieldId, null]
      const value = stated === undefined ? proven(entry, field, sources) : decoded(field, stated)
      if (value !== undefined) return [field.fieldId, value]
      throw new HyperMeshError(
        'unsupported',
        `file ${entry.path} holds more than one value of partition field ${field.name}; split it`,
      )
    }),
  )
}

function decoded(field: BoundPartitionField, base64: string): AvroValue | undefined {
  const { result } = field
  const value = result && decodeSingleValue(result, Buffer.from(base64, 'base64'))
  return result === undefined || value === undefined ? undefined : toAvro(result, value)
}

function toAvro(type: Primitive, value: Scalar): AvroValue {
  return toAvroValue(type, value, type.kind === 'decimal' ? decimalBytes(type.precision) : 0)
}

function proven(
  entry: DataFileEntry,
  field: BoundPartitionField,
  sources: SourceTypes,
): AvroValue | undefined {
  const id = String(field.sourceId)
  const type = sources.get(field.sourceId)
  const transform = findTransform(field.transform)
  if (type === undefined || transform === undefined || field.result === undefined) return undefined
  const nulls = entry.nullCounts[id]
  if (nulls !== undefined && nulls === entry.recordCount) return null
  const isFloating = type.kind === 'float' || type.kind === 'double'
  if (nulls !== 0 || (isFloating && entry.nanCounts[id] !== 0)) return undefined
  const [lower, upper] = [entry.lowerBounds[id], entry.upperBounds[id]]
  if (lower === undefined || upper === undefined) return undefined
  // A cut bound is below, or above, every value; so equal ones are not cut.
  if (lower !== upper && !isMonotone(transform)) return undefined
  const ends = [lower, upper].map((bound) => {
    const value = decodeSingleValue(type, Buffer.from(bound, 'base64'))
    return value === undefined ? undefined : applyTransform(transform, type, value)
  })
  const [first, last] = ends
  if (first === undefined || last === undefined || compareScalars(first, last) !== 0)
    return undefined
  return toAvro(field.result, first)
}

/** What a manifest list says of the partitions of a manifest's files. */
export function summarizePartitions(
  fields: readonly BoundPartitionField[],
  tuples: readonly Tuple[],
): readonly PartitionSummary[] {
  return fields.map((field) => summarizeField(field, tuples))
}

function summarizeField(field: BoundPartitionField, tuples: readonly Tuple[]): PartitionSummary {
  const type = field.result
  let containsNull = false
  let containsNan = false
  let lower: Scalar | undefined
  let upper: Scalar | undefined
  for (const tuple of tuples) {
    const value = tuple.get(field.fieldId) ?? null
    const scalar = type === undefined ? undefined : fromAvroValue(type, value)
    if (scalar === undefined) containsNull = true
    else if (Number.isNaN(scalar)) containsNan = true
    else {
      if (lower === undefined || compareScalars(scalar, lower) < 0) lower = scalar
      if (upper === undefined || compareScalars(scalar, upper) > 0) upper = scalar
    }
  }
  const bound = (value: Scalar | undefined) =>
    type === undefined || value === undefined ? undefined : encodeSingleValue(type, value)
  return { containsNull, containsNan, lowerBound: bound(lower), upperBound: bound(upper) }
}

/** One text a partition, to count and to group by. */
export function partitionText(fields: readonly BoundPartitionField[], tuple: Tuple): string {
  return JSON.stringify(
    fields.map((field) => {
      const value = tuple.get(field.fieldId) ?? null
      if (Buffer.isBuffer(value)) return value.toString('hex')
      return value === null ? null : String(value)
    }),
  )
}
