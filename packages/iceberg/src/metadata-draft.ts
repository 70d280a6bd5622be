import { HyperMeshError, type Long, type TableMetadata } from '@hypermesh/contract'
import { assertValidSpec, defaultSpec, firstPartitionFieldId } from './partition-spec.ts'
import { currentSchema, schemaById } from './schema.ts'
import { assertReplaceable } from './schema-replacement.ts'
import { assertFormatVersion, currentSnapshot, defaultProperties } from './table-metadata.ts'

export interface UpdateContext {
  readonly nowMs: number
  /** Where the metadata that is updated lies: it joins the metadata log. */
  readonly previousLocation?: string
  /** For a table that the updates create: what they may leave out. */
  readonly created?: { readonly uuid: string; readonly location: string }
}

/** Metadata while the updates of one commit are applied to it. */
export interface MetadataDraft {
  readonly metadata: TableMetadata
  readonly isNew: boolean
  readonly nowMs: number
  changed: boolean
  lastSchemaId?: number
  lastSpecId?: number
  lastSortOrderId?: number
  /** When `last-updated-ms` is set by a snapshot of this commit. */
  lastUpdatedMs?: number
  readonly addedSnapshots: Set<Long>
  /** Snapshots that `main` passed in this commit. */
  readonly passedByMain: Set<Long>
  hasRemovedSnapshots: boolean
}

export function openDraft(
  metadata: TableMetadata | undefined,
  context: UpdateContext,
): MetadataDraft {
  if (metadata !== undefined) assertFormatVersion(metadata['format-version'])
  return {
    metadata: metadata === undefined ? emptyMetadata(context) : copyOf(metadata),
    isNew: metadata === undefined,
    nowMs: context.nowMs,
    changed: metadata === undefined,
    addedSnapshots: new Set(),
    passedByMain: new Set(),
    hasRemovedSnapshots: false,
  }
}

/** Finishes the logs and times, and refuses metadata that does not hold together. */
export function sealDraft(
  draft: MetadataDraft,
  original: TableMetadata | undefined,
  context: UpdateContext,
): TableMetadata {
  if (!draft.changed && original !== undefined) return original
  const { metadata } = draft
  if (draft.isNew) fillNew(metadata)
  const schema = currentSchema(metadata)
  assertValidSpec(defaultSpec(metadata), schema)
  if (draft.passedByMain.size > 0) assertReadable(metadata)
  rewriteSnapshotLog(draft)
  const before = original?.['last-updated-ms'] ?? 0
  metadata['last-updated-ms'] = Math.max(before, draft.lastUpdatedMs ?? draft.nowMs)
  if (original !== undefined && context.previousLocation !== undefined) {
    logMetadata(metadata, original, context.previousLocation)
  }
  return metadata
}

/** Snapshots from before the table was replaced may not fit the schema that `main` is read with. */
function assertReadable(metadata: TableMetadata): void {
  const madeWith = currentSnapshot(metadata)?.['schema-id']
  if (madeWith === undefined || madeWith === metadata['current-schema-id']) return
  assertReplaceable(schemaById(metadata, madeWith), currentSchema(metadata))
}

/** Metadata files that a commit from `before` to `after` leaves without a use. */
export function metadataFilesToDelete(
  before: TableMetadata,
  after: TableMetadata,
): readonly string[] {
  if (after.properties?.['write.metadata.delete-after-commit.enabled'] !== 'true') return []
  const kept = new Set((after['metadata-log'] ?? []).map((entry) => entry['metadata-file']))
  const files = (before['metadata-log'] ?? []).map((entry) => entry['metadata-file'])
  return files.filter((file) => !kept.has(file))
}

function logMetadata(metadata: TableMetadata, before: TableMetadata, location: string): void {
  const wanted = Number(metadata.properties?.['write.metadata.previous-versions-max'] ?? 100)
  const most = Number.isFinite(wanted) ? Math.max(1, Math.floor(wanted)) : 100
  const entry = { 'timestamp-ms': before['last-updated-ms'], 'metadata-file': location }
  metadata['metadata-log'] = [...(before['metadata-log'] ?? []), entry].slice(-most)
}

/**
 * The log of what `main` was. A snapshot that `main` only passed within one commit was never
 * visible; and history before a removed snapshot would have a gap, so it goes.
 */
function rewriteSnapshotLog(draft: MetadataDraft): void {
  const { metadata } = draft
  const current = currentSnapshot(metadata)?.['snapshot-id']
  const isPassing = (id: Long) =>
    draft.passedByMain.has(id) && draft.addedSnapshots.has(id) && id !== current
  const kept = new Set((metadata.snapshots ?? []).map((snapshot) => snapshot['snapshot-id']))
  let log: NonNullable<TableMetadata['snapshot-log']> = []
  for (const entry of metadata['snapshot-log'] ?? []) {
    const id = entry['snapshot-id']
    if (kept.has(id)) {
      if (!isPassing(id)) log.push(entry)
    } else if (draft.hasRemovedSnapshots) {
      log = []
    }
  }
  if (current !== undefined && log.at(-1)?.['snapshot-id'] !== current) {
    throw new HyperMeshError('invalid', 'the snapshot log does not end with the current snapshot')
  }
  metadata['snapshot-log'] = log
}

function emptyMetadata(context: UpdateContext): TableMetadata {
  return {
    'format-version': 2,
    'table-uuid': context.created?.uuid ?? '',
    location: context.created?.location ?? '',
    'last-sequence-number': 0,
    'last-updated-ms': context.nowMs,
    'last-column-id': 0,
    'current-schema-id': -1,
    schemas: [],
    'default-spec-id': -1,
    'partition-specs': [],
    'last-partition-id': firstPartitionFieldId - 1,
    'default-sort-order-id': -1,
    'sort-orders': [],
    properties: { ...defaultProperties },
    'current-snapshot-id': -1,
    refs: {},
    snapshots: [],
    'snapshot-log': [],
    'metadata-log': [],
  }
}

function fillNew(metadata: TableMetadata): void {
  if (metadata['table-uuid'] === '' || metadata.location === '') {
    throw new HyperMeshError('invalid', 'a new table needs a uuid and a location')
  }
  if (metadata['current-schema-id'] === -1) {
    throw new HyperMeshError('invalid', 'a new table needs a schema; send add-schema')
  }
  if (metadata['default-spec-id'] === -1) {
    if (metadata['partition-specs'].length === 0) {
      metadata['partition-specs'].push({ 'spec-id': 0, fields: [] })
    }
    metadata['default-spec-id'] = metadata['partition-specs'].at(-1)?.['spec-id'] ?? 0
  }
  if (metadata['default-sort-order-id'] === -1) {
    if (metadata['sort-orders'].length === 0) {
      metadata['sort-orders'].push({ 'order-id': 0, fields: [] })
    }
    metadata['default-sort-order-id'] = metadata['sort-orders'].at(-1)?.['order-id'] ?? 0
  }
}

/** New lists and maps around old entries: entries themselves are never changed in place. */
function copyOf(metadata: TableMetadata): TableMetadata {
  return {
    ...metadata,
    schemas: [...metadata.schemas],
    'partition-specs': [...metadata['partition-specs']],
    'sort-orders': [...metadata['sort-orders']],
    properties: { ...metadata.properties },
    snapshots: [...(metadata.snapshots ?? [])],
    'snapshot-log': [...(metadata['snapshot-log'] ?? [])],
    'metadata-log': [...(metadata['metadata-log'] ?? [])],
    refs: { ...metadata.refs },
  }
}
