import {
  HyperMeshError,
  type IcebergSchema,
  type PartitionSpec,
  printable,
  type SortOrder,
  type TableMetadata,
  type TableUpdate,
} from '@hypermesh/contract'
import { type MetadataDraft, openDraft, sealDraft, type UpdateContext } from './metadata-draft.ts'
import {
  assertValidSortOrder,
  assertValidSpec,
  firstPartitionFieldId,
  specById,
  specIdOf,
} from './partition-spec.ts'
import {
  assertValidSchema,
  highestFieldId,
  isSameSchema,
  schemaById,
  schemaIdOf,
} from './schema.ts'
import { assertReplaceable } from './schema-replacement.ts'
import {
  addSnapshot,
  removeSnapshotRef,
  removeSnapshots,
  setSnapshotRef,
} from './snapshot-updates.ts'
import { assertFormatVersion, currentSnapshot, withoutReserved } from './table-metadata.ts'
import { applyUpkeep } from './upkeep-updates.ts'

/**
 * Applies the updates of one commit. The input is not changed; it is returned itself when nothing
 * changes. Throws `invalid` or `unsupported`. Without metadata the updates create the table.
 */
export function applyUpdates(
  metadata: TableMetadata | undefined,
  updates: readonly TableUpdate[],
  context: UpdateContext,
): TableMetadata {
  const draft = openDraft(metadata, context)
  for (const update of updates) applyUpdate(draft, update)
  return sealDraft(draft, metadata, context)
}

function applyUpdate(draft: MetadataDraft, update: TableUpdate): void {
  switch (update.action) {
    case 'assign-uuid':
      assignUuid(draft, update.uuid)
      break
    case 'upgrade-format-version':
      assertFormatVersion(update['format-version'])
      break
    case 'add-schema':
      addSchema(draft, update.schema, update['last-column-id'])
      break
    case 'set-current-schema':
      setCurrentSchema(draft, update['schema-id'])
      break
    case 'add-spec':
      addSpec(draft, update.spec)
      break
    case 'set-default-spec':
      setDefaultSpec(draft, update['spec-id'])
      break
    case 'add-sort-order':
      addSortOrder(draft, update['sort-order'])
      break
    case 'set-default-sort-order':
      setDefaultSortOrder(draft, update['sort-order-id'])
      break
    case 'add-snapshot':
      addSnapshot(draft, update.snapshot)
      break
    case 'set-snapshot-ref':
      setSnapshotRef(draft, update)
      break
    case 'remove-snapshot-ref':
      removeSnapshotRef(draft, update['ref-name'])
      break
    case 'remove-snapshots':
      removeSnapshots(draft, update['snapshot-ids'])
      break
    case 'set-location':
      setLocation(draft, update.location)
      break
    case 'set-properties':
      setProperties(draft, update.updates)
      break
    case 'remove-properties':
      removeProperties(draft, update.removals)
      break
    default:
      applyUpkeep(draft, update)
  }
}

function assignUuid(draft: MetadataDraft, uuid: string): void {
  const held = draft.metadata['table-uuid']
  if (held.toLowerCase() === uuid.toLowerCase()) return
  if (!draft.isNew) throw new HyperMeshError('invalid', 'the uuid of a table cannot be changed')
  draft.metadata['table-uuid'] = uuid
  draft.changed = true
}

function addSchema(draft: MetadataDraft, sent: IcebergSchema, sentLast: number | undefined): void {
  const { metadata } = draft
  assertValidSchema(sent)
  const highest = highestFieldId(sent)
  if (sentLast !== undefined && sentLast < highest) {
    throw new HyperMeshError('invalid', `last-column-id ${sentLast} is below field id ${highest}`)
  }
  const same = metadata.schemas.find((schema) => isSameSchema(schema, sent))
  const id = same ? schemaIdOf(same) : Math.max(-1, ...metadata.schemas.map(schemaIdOf)) + 1
  draft.lastSchemaId = id
  metadata['last-column-id'] = Math.max(metadata['last-column-id'], highest, sentLast ?? 0)
  if (same !== undefined) return
  metadata.schemas.push({ ...sent, 'schema-id': id })
  draft.changed = true
}

function setCurrentSchema(draft: MetadataDraft, sentId: number): void {
  const { metadata } = draft
  const id = lastAdded(sentId, draft.lastSchemaId, 'schema')
  const next = schemaById(metadata, id)
  if (id === metadata['current-schema-id']) return
  const current = metadata.schemas.find(
    (schema) => schemaIdOf(schema) === metadata['current-schema-id'],
  )
  // Snapshots that `main` does not hold are read under the schema that each was made with.
  const isRead = currentSnapshot(metadata) !== undefined
  if (current !== undefined && isRead) assertReplaceable(current, next)
  metadata['current-schema-id'] = id
  draft.changed = true
}

function addSpec(draft: MetadataDraft, sent: PartitionSpec): void {
  const { metadata } = draft
  assertValidSpec(sent, schemaById(metadata, metadata['current-schema-id']))
  const fields = bindFieldIds(metadata, sent)
  const same = metadata['partition-specs'].find(
    (spec) => canonicalSpec(spec.fields) === canonicalSpec(fields),
  )
  const next = Math.max(-1, ...metadata['partition-specs'].map(specIdOf)) + 1
  draft.lastSpecId = same === undefined ? next : specIdOf(same)
  if (same !== undefined) return
  metadata['partition-specs'].push({ 'spec-id': next, fields })
  const highest = Math.max(firstPartitionFieldId - 1, ...fields.map((field) => field['field-id']))
  metadata['last-partition-id'] = Math.max(metadata['last-partition-id'], highest)
  draft.changed = true
}

type BoundField = PartitionSpec['fields'][number] & { 'field-id': number }

/** A field without an id takes the id of an equal one of older specs, else the next free. */
function bindFieldIds(metadata: TableMetadata, sent: PartitionSpec): BoundField[] {
  const older = metadata['partition-specs'].flatMap((spec) => spec.fields)
  const sentIds = sent.fields.map((field) => field['field-id'] ?? 0)
  let last = Math.max(metadata['last-partition-id'], ...sentIds)
  return sent.fields.map((field) => {
    const equal = older.find(
      (other) => other['source-id'] === field['source-id'] && other.transform === field.transform,
    )
    const given = field['field-id']
    const clash = older.find((other) => given !== undefined && other['field-id'] === given)
    const isVoid = clash?.transform === 'void' || field.transform === 'void'
    if (clash !== undefined && clash['source-id'] !== field['source-id'] && !isVoid) {
      throw new HyperMeshError('invalid', `partition field id ${given} has another source column`)
    }
    if (given !== undefined) return { ...field, 'field-id': given }
    const reused = equal?.['field-id']
    if (reused !== undefined && !sentIds.includes(reused)) return { ...field, 'field-id': reused }
    last += 1
    return { ...field, 'field-id': last }
  })
}

function canonicalSpec(fields: PartitionSpec['fields']): string {
  return JSON.stringify(
    fields.map((field) => [field['field-id'], field['source-id'], field.name, field.transform]),
  )
}

function setDefaultSpec(draft: MetadataDraft, sentId: number): void {
  const { metadata } = draft
  const id = lastAdded(sentId, draft.lastSpecId, 'partition spec')
  const spec = specById(metadata, id)
  if (id === metadata['default-spec-id']) return
  assertValidSpec(spec, schemaById(metadata, metadata['current-schema-id']))
  metadata['default-spec-id'] = id
  draft.changed = true
}

function addSortOrder(draft: MetadataDraft, sent: SortOrder): void {
  const { metadata } = draft
  assertValidSortOrder(sent, schemaById(metadata, metadata['current-schema-id']))
  const orders = metadata['sort-orders']
  const wanted = JSON.stringify(sent.fields.map(canonicalSortField))
  const same = orders.find(
    (order) => JSON.stringify(order.fields.map(canonicalSortField)) === wanted,
  )
  const isUnsorted = sent.fields.length === 0
  const next = isUnsorted ? 0 : Math.max(0, ...orders.map(sortOrderId)) + 1
  draft.lastSortOrderId = same === undefined ? next : sortOrderId(same)
  if (same !== undefined) return
  orders.push({ 'order-id': next, fields: sent.fields })
  draft.changed = true
}

const sortOrderId = (order: SortOrder) => order['order-id'] ?? 0
const canonicalSortField = (field: SortOrder['fields'][number]) => [
  field['source-id'],
  field.transform,
  field.direction,
  field['null-order'],
]

function setDefaultSortOrder(draft: MetadataDraft, sentId: number): void {
  const { metadata } = draft
  const id = lastAdded(sentId, draft.lastSortOrderId, 'sort order')
  const order = metadata['sort-orders'].find((candidate) => sortOrderId(candidate) === id)
  if (order === undefined) {
    throw new HyperMeshError('invalid', `the table has no sort order with id ${id}`)
  }
  if (id === metadata['default-sort-order-id']) return
  metadata['default-sort-order-id'] = id
  draft.changed = true
}

/** -1 stands for what this commit added last. */
function lastAdded(sentId: number, last: number | undefined, what: string): number {
  if (sentId !== -1) return sentId
  if (last !== undefined) return last
  throw new HyperMeshError('invalid', `no ${what} was added in this commit, so -1 names none`)
}

function setLocation(draft: MetadataDraft, location: string): void {
  const trimmed = location.replace(/\/+$/, '')
  if (trimmed === draft.metadata.location) return
  draft.metadata.location = trimmed
  draft.changed = true
}

function setProperties(draft: MetadataDraft, updates: Readonly<Record<string, string>>): void {
  const entries = Object.entries(withoutReserved(updates))
  const bad = entries.find(([name]) => name === '' || name === '__proto__')
  if (bad !== undefined) {
    throw new HyperMeshError('invalid', `"${printable(bad[0])}" cannot be a property name`)
  }
  const held = draft.metadata.properties ?? {}
  if (entries.every(([name, value]) => held[name] === value)) return
  draft.metadata.properties = { ...held, ...Object.fromEntries(entries) }
  draft.changed = true
}

function removeProperties(draft: MetadataDraft, removals: readonly string[]): void {
  const held = Object.entries(draft.metadata.properties ?? {})
  const gone = new Set(removals)
  const kept = held.filter(([name]) => !gone.has(name))
  if (kept.length === held.length) return
  draft.metadata.properties = Object.fromEntries(kept)
  draft.changed = true
}
