import {
  HyperMeshError,
  type Long,
  printable,
  type Snapshot,
  type SnapshotRef,
  type TableUpdate,
} from '@hypermesh/contract'
import type { MetadataDraft } from './metadata-draft.ts'
import { schemaById } from './schema.ts'
import { findSnapshot } from './table-metadata.ts'
import { removeStatisticsOf } from './upkeep-updates.ts'

const mainBranch = 'main'
/** Clocks of writers may differ by this much, as in Java. */
const clockSkewMs = 60_000

export function addSnapshot(draft: MetadataDraft, sent: Snapshot): void {
  const { metadata } = draft
  const id = sent['snapshot-id']
  const sequence = sent['sequence-number']
  if (findSnapshot(metadata, id) !== undefined) {
    throw new HyperMeshError('invalid', `snapshot ${id} exists already`)
  }
  if (BigInt(id) <= 0n) throw new HyperMeshError('invalid', `${id} cannot be a snapshot id`)
  if (sequence === undefined || BigInt(sequence) <= 0n) {
    throw new HyperMeshError('invalid', `snapshot ${id} has no sequence number above 0`)
  }
  const last = metadata['last-sequence-number']
  if (BigInt(sequence) <= BigInt(last) && sent['parent-snapshot-id'] !== undefined) {
    throw new HyperMeshError(
      'invalid',
      `snapshot ${id} has sequence number ${sequence}, but the table is at ${last}`,
    )
  }
  assertTimely(draft, sent)
  if (sent['schema-id'] !== undefined) schemaById(metadata, sent['schema-id'])
  if (sent.summary === undefined) {
    throw new HyperMeshError('invalid', `snapshot ${id} has no summary with its operation`)
  }
  metadata.snapshots = [...(metadata.snapshots ?? []), sent]
  if (BigInt(sequence) > BigInt(last)) metadata['last-sequence-number'] = sequence
  draft.addedSnapshots.add(id)
  draft.lastUpdatedMs = sent['timestamp-ms']
  draft.changed = true
}

function assertTimely({ metadata, nowMs }: MetadataDraft, sent: Snapshot): void {
  const [id, timestampMs] = [sent['snapshot-id'], sent['timestamp-ms']]
  const lastMs = metadata['last-updated-ms']
  // A clock that was set back must not stop writers, who stamp no earlier than the last change.
  const latestMs = Math.max(nowMs + clockSkewMs, lastMs)
  const fault =
    timestampMs < 0
      ? 'has a time before 1970'
      : timestampMs < lastMs - clockSkewMs
        ? "is older than the table's last change by more than a minute"
        : timestampMs > latestMs
          ? 'lies in the future by more than a minute; set the clock of its writer right'
          : undefined
  if (fault !== undefined) throw new HyperMeshError('invalid', `snapshot ${id} ${fault}`)
}

type SetRef = Extract<TableUpdate, { action: 'set-snapshot-ref' }>

export function setSnapshotRef(draft: MetadataDraft, update: SetRef): void {
  const { metadata } = draft
  const { 'ref-name': name, action: _action, ...sent } = update
  const target = findSnapshot(metadata, sent['snapshot-id'])
  assertValidRef(name, sent)
  if (target === undefined) {
    throw new HyperMeshError(
      'invalid',
      `ref ${printable(name)} cannot name snapshot ${sent['snapshot-id']}, which is not in the table`,
    )
  }
  const ref = withoutUndefined(sent)
  const refs = metadata.refs ?? {}
  const held = Object.hasOwn(refs, name) ? refs[name] : undefined
  if (held !== undefined && JSON.stringify(sorted(held)) === JSON.stringify(sorted(ref))) return
  metadata.refs = { ...refs, [name]: ref }
  draft.changed = true
  if (draft.addedSnapshots.has(ref['snapshot-id'])) draft.lastUpdatedMs = target['timestamp-ms']
  if (name === mainBranch) moveMain(draft, ref['snapshot-id'])
}

function moveMain(draft: MetadataDraft, id: Long): void {
  const { metadata } = draft
  if (metadata['current-snapshot-id'] === id) return
  metadata['current-snapshot-id'] = id
  draft.passedByMain.add(id)
  const log = metadata['snapshot-log'] ?? []
  const wanted = draft.lastUpdatedMs ?? draft.nowMs
  // Time travel searches the log by time, so a clock that went back must not unsort it.
  const timestampMs = Math.max(wanted, log.at(-1)?.['timestamp-ms'] ?? 0)
  metadata['snapshot-log'] = [...log, { 'snapshot-id': id, 'timestamp-ms': timestampMs }]
}

function assertValidRef(name: string, ref: SnapshotRef): void {
  const branchOnly = ref['min-snapshots-to-keep'] ?? ref['max-snapshot-age-ms']
  const fault =
    name === '' || name === '__proto__'
      ? 'its name is not allowed'
      : name === mainBranch && ref.type !== 'branch'
        ? 'main must be a branch'
        : ref.type === 'tag' && branchOnly !== undefined
          ? 'a tag keeps one snapshot, so it takes no snapshot retention'
          : undefined
  if (fault === undefined) return
  throw new HyperMeshError('invalid', `ref ${printable(name)} is refused: ${fault}`)
}

export function removeSnapshotRef(draft: MetadataDraft, name: string): void {
  const { metadata } = draft
  if (!Object.hasOwn(metadata.refs ?? {}, name)) return
  const refs = { ...metadata.refs }
  delete refs[name]
  metadata.refs = refs
  draft.changed = true
  if (name !== mainBranch) return
  metadata['current-snapshot-id'] = -1
  metadata['snapshot-log'] = []
}

/** Removes the snapshots, and the refs that would point to none of the table's. */
export function removeSnapshots(draft: MetadataDraft, ids: readonly Long[]): void {
  const { metadata } = draft
  const gone = new Set(ids)
  const snapshots = metadata.snapshots ?? []
  const kept = snapshots.filter((snapshot) => !gone.has(snapshot['snapshot-id']))
  if (kept.length === snapshots.length) return
  metadata.snapshots = kept
  draft.hasRemovedSnapshots = true
  draft.changed = true
  removeStatisticsOf(draft, gone)
  for (const [name, ref] of Object.entries(metadata.refs ?? {})) {
    if (gone.has(ref['snapshot-id'])) removeSnapshotRef(draft, name)
  }
}

function withoutUndefined(ref: SnapshotRef): SnapshotRef {
  const entries = Object.entries(ref).filter(([, value]) => value !== undefined && value !== null)
  // The entries are those of a SnapshotRef; only absent options were left out.
  return Object.fromEntries(entries) as SnapshotRef
}

const sorted = (ref: SnapshotRef) =>
  Object.entries(withoutUndefined(ref))
    .map(([name, value]) => [name, String(value)])
    .sort()
