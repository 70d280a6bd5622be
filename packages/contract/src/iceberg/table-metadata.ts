/**
 * What stands in table metadata: Iceberg table specification v2, appendix C (JSON serialization).
 * Names follow the specification, so they are kebab-case in the `iceberg-*` files and nowhere else.
 */
import { z } from 'zod'

/** A 64-bit integer: a number where exact, else a bigint. Never a bigint that a number could hold. */
export const long = z.union([z.number().int(), z.bigint()])
export type Long = z.infer<typeof long>

export const stringMap = z.record(z.string(), z.string())

export type IcebergType = string | StructType | ListType | MapType
export interface StructField {
  id: number
  name: string
  type: IcebergType
  required: boolean
  doc?: string | undefined
}
export interface StructType {
  type: 'struct'
  fields: StructField[]
}
export interface ListType {
  type: 'list'
  'element-id': number
  element: IcebergType
  'element-required': boolean
}
export interface MapType {
  type: 'map'
  'key-id': number
  key: IcebergType
  'value-id': number
  value: IcebergType
  'value-required': boolean
}

export const icebergType: z.ZodType<IcebergType> = z.lazy(() =>
  z.union([z.string(), structType, listType, mapType]),
)
export const structField: z.ZodType<StructField> = z.lazy(() =>
  z.object({
    id: z.number().int(),
    name: z.string(),
    type: icebergType,
    required: z.boolean(),
    doc: z.string().optional(),
  }),
)
const structType: z.ZodType<StructType> = z.lazy(() =>
  z.object({ type: z.literal('struct'), fields: z.array(structField) }),
)
const listType: z.ZodType<ListType> = z.lazy(() =>
  z.object({
    type: z.literal('list'),
    'element-id': z.number().int(),
    element: icebergType,
    'element-required': z.boolean(),
  }),
)
const mapType: z.ZodType<MapType> = z.lazy(() =>
  z.object({
    type: z.literal('map'),
    'key-id': z.number().int(),
    key: icebergType,
    'value-id': z.number().int(),
    value: icebergType,
    'value-required': z.boolean(),
  }),
)

export const icebergSchema = z.object({
  type: z.literal('struct'),
  'schema-id': z.number().int().optional(),
  'identifier-field-ids': z.array(z.number().int()).optional(),
  fields: z.array(structField),
})
export type IcebergSchema = z.infer<typeof icebergSchema>

const partitionField = z.object({
  'field-id': z.number().int().optional(),
  'source-id': z.number().int(),
  name: z.string(),
  transform: z.string(),
})
export const partitionSpec = z.object({
  'spec-id': z.number().int().optional(),
  fields: z.array(partitionField),
})
export type PartitionSpec = z.infer<typeof partitionSpec>

export const sortOrder = z.object({
  'order-id': z.number().int().optional(),
  fields: z.array(
    z.object({
      'source-id': z.number().int(),
      transform: z.string(),
      direction: z.enum(['asc', 'desc']),
      'null-order': z.enum(['nulls-first', 'nulls-last']),
    }),
  ),
})
export type SortOrder = z.infer<typeof sortOrder>

export const snapshot = z.object({
  'snapshot-id': long,
  'parent-snapshot-id': long.optional(),
  'sequence-number': long.optional(),
  'timestamp-ms': z.number().int(),
  'manifest-list': z.string(),
  summary: z.object({ operation: z.string() }).catchall(z.string()).optional(),
  'schema-id': z.number().int().optional(),
})
export type Snapshot = z.infer<typeof snapshot>

export const snapshotRef = z.object({
  type: z.enum(['branch', 'tag']),
  'snapshot-id': long,
  'max-ref-age-ms': long.optional(),
  'max-snapshot-age-ms': long.optional(),
  'min-snapshots-to-keep': z.number().int().optional(),
})
export type SnapshotRef = z.infer<typeof snapshotRef>

export const statisticsFile = z.looseObject({
  'snapshot-id': long,
  'statistics-path': z.string(),
  'file-size-in-bytes': long,
  'file-footer-size-in-bytes': long,
  'blob-metadata': z.array(z.looseObject({ type: z.string(), 'snapshot-id': long })),
})
export type StatisticsFile = z.infer<typeof statisticsFile>

export const partitionStatisticsFile = z.looseObject({
  'snapshot-id': long,
  'statistics-path': z.string(),
  'file-size-in-bytes': long,
})
export type PartitionStatisticsFile = z.infer<typeof partitionStatisticsFile>

export const encryptedKey = z.looseObject({
  'key-id': z.string(),
  'encrypted-key-metadata': z.string(),
  'encrypted-by-id': z.string().optional(),
  properties: stringMap.optional(),
})
export type EncryptedKey = z.infer<typeof encryptedKey>

export const tableMetadata = z.looseObject({
  'format-version': z.number().int(),
  'table-uuid': z.string(),
  location: z.string(),
  'last-sequence-number': long,
  'last-updated-ms': z.number().int(),
  'last-column-id': z.number().int(),
  schemas: z.array(icebergSchema),
  'current-schema-id': z.number().int(),
  'partition-specs': z.array(partitionSpec),
  'default-spec-id': z.number().int(),
  'last-partition-id': z.number().int(),
  properties: stringMap.optional(),
  'current-snapshot-id': long.nullish(),
  snapshots: z.array(snapshot).optional(),
  'snapshot-log': z
    .array(z.object({ 'snapshot-id': long, 'timestamp-ms': z.number().int() }))
    .optional(),
  'metadata-log': z
    .array(z.object({ 'metadata-file': z.string(), 'timestamp-ms': z.number().int() }))
    .optional(),
  'sort-orders': z.array(sortOrder),
  'default-sort-order-id': z.number().int(),
  refs: z.record(z.string(), snapshotRef).optional(),
  statistics: z.array(statisticsFile).optional(),
  'partition-statistics': z.array(partitionStatisticsFile).optional(),
  'encryption-keys': z.array(encryptedKey).optional(),
})
export type TableMetadata = z.infer<typeof tableMetadata>
