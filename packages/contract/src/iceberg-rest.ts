/**
 * What crosses the wire of the Iceberg REST protocol, and stands in table metadata: Iceberg table
 * specification v2 (appendix C, JSON serialization) and the REST catalog OpenAPI specification.
 * Names follow the specification, so they are kebab-case here and nowhere else.
 */
import { z } from 'zod'

/** A 64-bit integer: a number where exact, else a bigint. Never a bigint that a number could hold. */
export const long = z.union([z.number().int(), z.bigint()])
export type Long = z.infer<typeof long>

const stringMap = z.record(z.string(), z.string())

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
})
export type TableMetadata = z.infer<typeof tableMetadata>

const typed = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape })

/** The requirements of a commit (REST specification, TableRequirement). */
export const tableRequirement = z.discriminatedUnion('type', [
  typed('assert-create', {}),
  typed('assert-table-uuid', { uuid: z.string() }),
  typed('assert-ref-snapshot-id', { ref: z.string(), 'snapshot-id': long.nullish() }),
  typed('assert-last-assigned-field-id', { 'last-assigned-field-id': z.number().int() }),
  typed('assert-current-schema-id', { 'current-schema-id': z.number().int() }),
  typed('assert-last-assigned-partition-id', { 'last-assigned-partition-id': z.number().int() }),
  typed('assert-default-spec-id', { 'default-spec-id': z.number().int() }),
  typed('assert-default-sort-order-id', { 'default-sort-order-id': z.number().int() }),
])
export type TableRequirement = z.infer<typeof tableRequirement>

/** The updates of a commit that this catalog applies (REST specification, TableUpdate). */
export const tableUpdate = z.discriminatedUnion('action', [
  action('assign-uuid', { uuid: z.string() }),
  action('upgrade-format-version', { 'format-version': z.number().int() }),
  action('add-schema', { schema: icebergSchema, 'last-column-id': z.number().int().optional() }),
  action('set-current-schema', { 'schema-id': z.number().int() }),
  action('add-spec', { spec: partitionSpec }),
  action('set-default-spec', { 'spec-id': z.number().int() }),
  action('add-sort-order', { 'sort-order': sortOrder }),
  action('set-default-sort-order', { 'sort-order-id': z.number().int() }),
  action('add-snapshot', { snapshot }),
  action('set-snapshot-ref', { 'ref-name': z.string(), ...snapshotRef.shape }),
  action('remove-snapshot-ref', { 'ref-name': z.string() }),
  action('remove-snapshots', { 'snapshot-ids': z.array(long) }),
  action('set-location', { location: z.string() }),
  action('set-properties', { updates: stringMap }),
  action('remove-properties', { removals: z.array(z.string()) }),
])
export type TableUpdate = z.infer<typeof tableUpdate>

function action<T extends string, S extends z.ZodRawShape>(name: T, shape: S) {
  return z.object({ action: z.literal(name), ...shape })
}

export const catalogConfig = z.object({
  defaults: stringMap,
  overrides: stringMap,
  endpoints: z.array(z.string()),
})
export type CatalogConfig = z.infer<typeof catalogConfig>

/** A namespace of one level; deeper ones are refused with `invalid_name`. */
const namespaceIdent = z.array(z.string()).min(1)

export const createNamespaceRequest = z.object({
  namespace: namespaceIdent,
  properties: stringMap.optional(),
})
export const namespaceReply = z.object({ namespace: namespaceIdent, properties: stringMap })
export const namespaceList = z.object({
  namespaces: z.array(namespaceIdent),
  'next-page-token': z.string().nullish(),
})
export const updateNamespacePropertiesRequest = z.object({
  removals: z.array(z.string()).optional(),
  updates: stringMap.optional(),
})
export const updateNamespacePropertiesReply = z.object({
  updated: z.array(z.string()),
  removed: z.array(z.string()),
  missing: z.array(z.string()),
})
const tableIdent = z.object({ namespace: namespaceIdent, name: z.string() })
export const tableList = z.object({
  identifiers: z.array(tableIdent),
  'next-page-token': z.string().nullish(),
})
export const pageQuery = z.object({
  pageToken: z.string().optional(),
  pageSize: z.coerce.number().int().min(1).optional(),
})

export const createTableRequest = z.object({
  name: z.string(),
  location: z.string().optional(),
  schema: icebergSchema,
  'partition-spec': partitionSpec.optional(),
  'write-order': sortOrder.nullish(),
  'stage-create': z.boolean().optional(),
  properties: stringMap.optional(),
})
export type CreateTableRequest = z.infer<typeof createTableRequest>

export const commitTableRequest = z.object({
  identifier: tableIdent.optional(),
  requirements: z.array(tableRequirement),
  updates: z.array(tableUpdate),
})
export type CommitTableRequest = z.infer<typeof commitTableRequest>

export const loadTableReply = z.object({
  'metadata-location': z.string(),
  metadata: tableMetadata,
  config: stringMap.optional(),
})
export type LoadTableReply = z.infer<typeof loadTableReply>

export const commitTableReply = z.object({
  'metadata-location': z.string(),
  metadata: tableMetadata,
})

export const icebergError = z.object({
  error: z.object({ message: z.string(), type: z.string(), code: z.number().int() }),
})
