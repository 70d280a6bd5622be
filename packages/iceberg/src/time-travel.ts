import {
  type HistoryEntry,
  HyperMeshError,
  type Long,
  type Snapshot,
  type TableMetadata,
  toWireLong,
} from '@hypermesh/contract'
import { findSnapshot } from './table-metadata.ts'

export type Moment = { readonly version: Long } | { readonly timestampMs: number }

/** The snapshot with the id, or the one that `main` pointed to at the time. */
export function snapshotAt(metadata: TableMetadata, moment: Moment): Snapshot {
  if ('version' in moment) {
    const found = findSnapshot(metadata, moment.version)
    if (found !== undefined) return found
    throw new HyperMeshError(
      'not_found',
      `the table has no snapshot ${moment.version}; its history lists those that it keeps`,
    )
  }
  const { timestampMs } = moment
  const log = metadata['snapshot-log'] ?? []
  let id: Long | undefined
  for (const entry of log) if (entry['timestamp-ms'] <= timestampMs) id = entry['snapshot-id']
  const found = id === undefined ? undefined : findSnapshot(metadata, id)
  if (found !== undefined) return found
  if (id !== undefined) throw new HyperMeshError('gone', `snapshot ${id} is no longer kept`)
  const first = log[0]?.['timestamp-ms']
  const since = first === undefined ? 'no data yet' : `data since ${instant(first)}`
  throw new HyperMeshError(
    'not_found',
    `the table held no snapshot at ${instant(timestampMs)}; it has ${since}`,
  )
}

/** The snapshots that the table keeps, newest first. */
export function historyOf(metadata: TableMetadata): HistoryEntry[] {
  const snapshots = metadata.snapshots ?? []
  return snapshots.map(toHistoryEntry).reverse()
}

function toHistoryEntry(snapshot: Snapshot): HistoryEntry {
  const { operation, ...summary }: Record<string, string> = snapshot.summary ?? {}
  const count = (key: string) => {
    const text = summary[key]
    return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
  }
  // Whoever states any figure leaves out those that are zero; a total is stated by itself.
  const isCounted = Object.keys(summary).some((key) => figures.test(key))
  const change = (key: string) => count(key) ?? (isCounted ? 0 : null)
  const parent = snapshot['parent-snapshot-id']
  return {
    snapshotId: toWireLong(snapshot['snapshot-id']),
    parentId: parent === undefined ? null : toWireLong(parent),
    sequenceNumber: toWireLong(snapshot['sequence-number'] ?? 0),
    committedAt: instant(snapshot['timestamp-ms']),
    operation: operation ?? 'append',
    rowsAdded: change('added-records'),
    rowsRemoved: change('deleted-records'),
    rowsTotal: count('total-records'),
    filesAdded: change('added-data-files'),
    filesRemoved: change('deleted-data-files'),
    summary,
  }
}

const figures = /^(?:added|deleted|removed|total)-/

/** ISO 8601; the number itself where the date is beyond what JavaScript can write. */
export function instant(timestampMs: number): string {
  const date = new Date(timestampMs)
  return Number.isNaN(date.getTime()) ? `${timestampMs} ms` : date.toISOString()
}
