import type {
  HistoryEntry,
  Snapshot,
  TableHistory,
  TableMetadata,
  TableName,
} from '@hypermesh/contract'
import { formatTableName } from '@hypermesh/contract'
import { toSafeNumber, total } from './table-entry.ts'

/** The snapshots of a table, newest first. */
export function toHistory(name: TableName, metadata: TableMetadata): TableHistory {
  const snapshots = [...(metadata.snapshots ?? [])].reverse()
  return { table: formatTableName(name), snapshots: snapshots.map(toHistoryEntry) }
}

function toHistoryEntry(snapshot: Snapshot): HistoryEntry {
  const parent = snapshot['parent-snapshot-id']
  const { operation = 'append', ...summary } = snapshot.summary ?? {}
  return {
    snapshotId: toSafeNumber(snapshot['snapshot-id']),
    parentId: parent === undefined ? null : toSafeNumber(parent),
    sequenceNumber: toSafeNumber(snapshot['sequence-number'] ?? 0),
    committedAt: new Date(snapshot['timestamp-ms']).toISOString(),
    operation,
    rowsAdded: total(snapshot, 'added-records'),
    rowsRemoved: total(snapshot, 'deleted-records'),
    rowsTotal: total(snapshot, 'total-records'),
    filesAdded: total(snapshot, 'added-data-files'),
    filesRemoved: total(snapshot, 'deleted-data-files'),
    summary,
  }
}
