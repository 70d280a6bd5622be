import {
  type CreateTableRequest,
  HyperMeshError,
  type Long,
  type PartitionSpec,
  type Snapshot,
  type SortOrder,
  type TableMetadata,
} from '@hypermesh/contract'
import {
  assertValidSortOrder,
  assertValidSpec,
  defaultSpec,
  firstPartitionFieldId,
} from './partition-spec.ts'
import { assertIdsAreDistinct, assertValidSchema, assignIds, currentSchema } from './schema.ts'

/** What a table says of itself when its creator does not. */
export const defaultProperties: Readonly<Record<string, string>> = {
  'write.metadata.previous-versions-max': '20',
  'write.metadata.delete-after-commit.enabled': 'true',
  'commit.manifest.min-count-to-merge': '100',
}

export interface NewTable {
  readonly uuid: string
  /** Used when the request names no location. */
  readonly location: string
  readonly nowMs: number
}

/** The first metadata of a table: field ids anew from 1, partition fields from 1000, as Java does. */
export function createTableMetadata(request: CreateTableRequest, table: NewTable): TableMetadata {
  assertIdsAreDistinct(request.schema)
  const { schema, lastId, newIds } = assignIds(request.schema)
  assertValidSchema(schema)
  const spec = freshSpec(request['partition-spec'], newIds)
  assertValidSpec(spec, schema)
  const order = freshSortOrder(request['write-order'] ?? undefined, newIds)
  assertValidSortOrder(order, schema)
  return {
    'format-version': 2,
    'table-uuid': table.uuid,
    location: (request.location ?? table.location).replace(/\/+$/, ''),
    'last-sequence-number': 0,
    'last-updated-ms': table.nowMs,
    'last-column-id': lastId,
    'current-schema-id': 0,
    schemas: [schema],
    'default-spec-id': 0,
    'partition-specs': [spec],
    'last-partition-id': firstPartitionFieldId - 1 + spec.fields.length,
    'default-sort-order-id': order['order-id'] ?? 0,
    'sort-orders': [order],
    properties: { ...defaultProperties, ...withoutReserved(request.properties ?? {}) },
    'current-snapshot-id': -1,
    refs: {},
    snapshots: [],
    'snapshot-log': [],
    'metadata-log': [],
  }
}

/** The snapshot that `main` points to; undefined for a table without data. */
export function currentSnapshot(metadata: TableMetadata): Snapshot | undefined {
  const id = metadata['current-snapshot-id']
  return id === undefined || id === null || id === -1 ? undefined : findSnapshot(metadata, id)
}

/** Undefined when the table does not keep such a snapshot. */
export function findSnapshot(metadata: TableMetadata, id: Long): Snapshot | undefined {
  return metadata.snapshots?.find((snapshot) => snapshot['snapshot-id'] === id)
}

/** Throws `unsupported` for every table format but 2. */
export function assertFormatVersion(version: number): void {
  if (version !== 2) {
    throw new HyperMeshError('unsupported', `table format ${version} is not kept here; use 2`, {
      details: { formatVersion: version },
    })
  }
}

/** Throws `invalid` for metadata that names a schema, spec or snapshot that it does not have. */
export function assertWhole(metadata: TableMetadata): void {
  assertValidSpec(defaultSpec(metadata), currentSchema(metadata))
  const current = metadata['current-snapshot-id'] ?? -1
  const named = Object.values(metadata.refs ?? {}).map((ref) => ref['snapshot-id'])
  if (current !== -1) named.push(current)
  const missing = named.find((id) => findSnapshot(metadata, id) === undefined)
  if (missing === undefined) return
  throw new HyperMeshError(
    'invalid',
    `the metadata names snapshot ${missing}, but does not hold it`,
  )
}

// Java keeps these out of the stored properties: they stand elsewhere in the metadata.
const reservedProperties = new Set([
  'format-version',
  'uuid',
  'snapshot-count',
  'current-snapshot-id',
  'current-snapshot-summary',
  'current-snapshot-timestamp-ms',
  'current-schema',
  'default-partition-spec',
  'default-sort-order',
])

/** The properties to store. A `format-version` other than 2 is refused. */
export function withoutReserved(
  properties: Readonly<Record<string, string>>,
): Record<string, string> {
  const version = properties['format-version']
  if (version !== undefined) assertFormatVersion(Number(version))
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) => !reservedProperties.has(name)),
  )
}

function freshSpec(
  spec: PartitionSpec | undefined,
  newIds: ReadonlyMap<number, number>,
): PartitionSpec {
  const fields = (spec?.fields ?? []).map((field, position) => ({
    'source-id': mappedId(newIds, field['source-id'], 'partition field'),
    'field-id': firstPartitionFieldId + position,
    name: field.name,
    transform: field.transform,
  }))
  return { 'spec-id': 0, fields }
}

function freshSortOrder(
  order: SortOrder | undefined,
  newIds: ReadonlyMap<number, number>,
): SortOrder {
  const fields = (order?.fields ?? []).map((field) => ({
    ...field,
    'source-id': mappedId(newIds, field['source-id'], 'sort field'),
  }))
  return { 'order-id': fields.length === 0 ? 0 : 1, fields }
}

function mappedId(newIds: ReadonlyMap<number, number>, id: number, what: string): number {
  const mapped = newIds.get(id)
  if (mapped !== undefined) return mapped
  throw new HyperMeshError('invalid', `a ${what} names source column ${id}, which does not exist`)
}
