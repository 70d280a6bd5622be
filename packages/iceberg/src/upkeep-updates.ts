import {
  type EncryptedKey,
  HyperMeshError,
  type Long,
  type PartitionStatisticsFile,
  type StatisticsFile,
  type TableUpdate,
} from '@hypermesh/contract'
import type { MetadataDraft } from './metadata-draft.ts'
import { specIdOf } from './partition-spec.ts'
import { schemaIdOf } from './schema.ts'
import { findSnapshot } from './table-metadata.ts'

const upkeepActions = [
  'set-statistics',
  'remove-statistics',
  'set-partition-statistics',
  'remove-partition-statistics',
  'remove-partition-specs',
  'remove-schemas',
  'add-encryption-key',
  'remove-encryption-key',
] as const
export type UpkeepUpdate = Extract<TableUpdate, { action: (typeof upkeepActions)[number] }>

/** What changes neither rows nor the current schema: statistics, keys, and what nobody uses. */
export function applyUpkeep(draft: MetadataDraft, update: UpkeepUpdate): void {
  switch (update.action) {
    case 'set-statistics':
      setStatistics(draft, update.statistics, update['snapshot-id'])
      break
    case 'remove-statistics':
      removeStatistics(draft, new Set([update['snapshot-id']]))
      break
    case 'set-partition-statistics':
      setPartitionStatistics(draft, update['partition-statistics'])
      break
    case 'remove-partition-statistics':
      removePartitionStatistics(draft, new Set([update['snapshot-id']]))
      break
    case 'remove-partition-specs':
      removeSpecs(draft, update['spec-ids'])
      break
    case 'remove-schemas':
      removeSchemas(draft, update['schema-ids'])
      break
    case 'add-encryption-key':
      addEncryptionKey(draft, update['encryption-key'])
      break
    case 'remove-encryption-key':
      removeEncryptionKey(draft, update['key-id'])
      break
  }
}

/** Statistics go with the snapshots that they are of. */
export function removeStatisticsOf(draft: MetadataDraft, ids: ReadonlySet<Long>): void {
  removeStatistics(draft, ids)
  removePartitionStatistics(draft, ids)
}

function setStatistics(draft: MetadataDraft, file: StatisticsFile, sentId: Long | undefined): void {
  const id = file['snapshot-id']
  if (sentId !== undefined && sentId !== id) {
    throw new HyperMeshError('invalid', `statistics of snapshot ${id} are sent for ${sentId}`)
  }
  requireSnapshot(draft, id)
  const others = (draft.metadata.statistics ?? []).filter((held) => held['snapshot-id'] !== id)
  draft.metadata.statistics = [...others, file]
  draft.changed = true
}

function setPartitionStatistics(draft: MetadataDraft, file: PartitionStatisticsFile): void {
  const id = file['snapshot-id']
  requireSnapshot(draft, id)
  const held = draft.metadata['partition-statistics'] ?? []
  const others = held.filter((other) => other['snapshot-id'] !== id)
  draft.metadata['partition-statistics'] = [...others, file]
  draft.changed = true
}

function requireSnapshot(draft: MetadataDraft, id: Long): void {
  if (findSnapshot(draft.metadata, id) !== undefined) return
  throw new HyperMeshError('invalid', `statistics name snapshot ${id}, which is not in the table`)
}

function removeStatistics(draft: MetadataDraft, ids: ReadonlySet<Long>): void {
  const held = draft.metadata.statistics ?? []
  const kept = held.filter((file) => !ids.has(file['snapshot-id']))
  if (kept.length === held.length) return
  draft.metadata.statistics = kept
  draft.changed = true
}

function removePartitionStatistics(draft: MetadataDraft, ids: ReadonlySet<Long>): void {
  const held = draft.metadata['partition-statistics'] ?? []
  const kept = held.filter((file) => !ids.has(file['snapshot-id']))
  if (kept.length === held.length) return
  draft.metadata['partition-statistics'] = kept
  draft.changed = true
}

/** Requires: no manifest of a kept snapshot is of these specs; metadata alone does not tell. */
function removeSpecs(draft: MetadataDraft, ids: readonly number[]): void {
  const { metadata } = draft
  if (ids.includes(metadata['default-spec-id'])) {
    throw new HyperMeshError('invalid', 'the default partition spec cannot be removed')
  }
  const held = metadata['partition-specs']
  const kept = held.filter((spec) => !ids.includes(specIdOf(spec)))
  if (kept.length === held.length) return
  metadata['partition-specs'] = kept
  draft.changed = true
}

function removeSchemas(draft: MetadataDraft, ids: readonly number[]): void {
  const { metadata } = draft
  if (ids.includes(metadata['current-schema-id'])) {
    throw new HyperMeshError('invalid', 'the current schema cannot be removed')
  }
  const reader = metadata.snapshots?.find((snapshot) => ids.includes(snapshot['schema-id'] ?? -1))
  if (reader !== undefined) {
    const [schemaId, id] = [reader['schema-id'], reader['snapshot-id']]
    throw new HyperMeshError('invalid', `schema ${schemaId} is what snapshot ${id} is read with`)
  }
  const kept = metadata.schemas.filter((schema) => !ids.includes(schemaIdOf(schema)))
  if (kept.length === metadata.schemas.length) return
  metadata.schemas = kept
  draft.changed = true
}

function addEncryptionKey(draft: MetadataDraft, key: EncryptedKey): void {
  const held = draft.metadata['encryption-keys'] ?? []
  if (held.some((other) => other['key-id'] === key['key-id'])) return
  draft.metadata['encryption-keys'] = [...held, key]
  draft.changed = true
}

function removeEncryptionKey(draft: MetadataDraft, keyId: string): void {
  const held = draft.metadata['encryption-keys'] ?? []
  const kept = held.filter((key) => key['key-id'] !== keyId)
  if (kept.length === held.length) return
  draft.metadata['encryption-keys'] = kept
  draft.changed = true
}
