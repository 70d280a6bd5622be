/** What a commit asserts and changes: the REST catalog OpenAPI specification. */
import { z } from 'zod'
import {
  encryptedKey,
  icebergSchema,
  long,
  partitionSpec,
  partitionStatisticsFile,
  snapshot,
  snapshotRef,
  sortOrder,
  statisticsFile,
  stringMap,
} from './table-metadata.ts'
import { viewVersion } from './view-metadata.ts'

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

const assignUuid = action('assign-uuid', { uuid: z.string() })
const upgradeFormatVersion = action('upgrade-format-version', {
  'format-version': z.number().int(),
})
const addSchema = action('add-schema', {
  schema: icebergSchema,
  'last-column-id': z.number().int().optional(),
})
const setLocation = action('set-location', { location: z.string() })
const setProperties = action('set-properties', { updates: stringMap })
const removeProperties = action('remove-properties', { removals: z.array(z.string()) })

/** The updates of a commit (REST specification, TableUpdate). */
export const tableUpdate = z.discriminatedUnion('action', [
  assignUuid,
  upgradeFormatVersion,
  addSchema,
  action('set-current-schema', { 'schema-id': z.number().int() }),
  action('add-spec', { spec: partitionSpec }),
  action('set-default-spec', { 'spec-id': z.number().int() }),
  action('add-sort-order', { 'sort-order': sortOrder }),
  action('set-default-sort-order', { 'sort-order-id': z.number().int() }),
  action('add-snapshot', { snapshot }),
  action('set-snapshot-ref', { 'ref-name': z.string(), ...snapshotRef.shape }),
  action('remove-snapshot-ref', { 'ref-name': z.string() }),
  action('remove-snapshots', { 'snapshot-ids': z.array(long) }),
  setLocation,
  setProperties,
  removeProperties,
  action('set-statistics', { 'snapshot-id': long.optional(), statistics: statisticsFile }),
  action('remove-statistics', { 'snapshot-id': long }),
  action('set-partition-statistics', { 'partition-statistics': partitionStatisticsFile }),
  action('remove-partition-statistics', { 'snapshot-id': long }),
  action('remove-partition-specs', { 'spec-ids': z.array(z.number().int()) }),
  action('remove-schemas', { 'schema-ids': z.array(z.number().int()) }),
  action('add-encryption-key', { 'encryption-key': encryptedKey }),
  action('remove-encryption-key', { 'key-id': z.string() }),
])
export type TableUpdate = z.infer<typeof tableUpdate>

function action<T extends string, S extends z.ZodRawShape>(name: T, shape: S) {
  return z.object({ action: z.literal(name), ...shape })
}

/** The updates of a view (REST specification, ViewUpdate). */
export const viewUpdate = z.discriminatedUnion('action', [
  assignUuid,
  upgradeFormatVersion,
  addSchema,
  setLocation,
  setProperties,
  removeProperties,
  action('add-view-version', { 'view-version': viewVersion }),
  action('set-current-view-version', { 'view-version-id': z.number().int() }),
])
export type ViewUpdate = z.infer<typeof viewUpdate>

export const viewRequirement = z.discriminatedUnion('type', [
  typed('assert-view-uuid', { uuid: z.string() }),
])
export type ViewRequirement = z.infer<typeof viewRequirement>
