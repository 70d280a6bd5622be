import type { Snapshot, TableMetadata, TableName } from '@hypermesh/contract'
import { currentSnapshot } from '@hypermesh/iceberg'
import type { TableEntry } from './commit-record.ts'

/** What the catalog keeps of a table beside its metadata's location. */
export function toTableEntry(
  name: TableName,
  metadataLocation: string,
  metadata: TableMetadata,
): TableEntry {
  const snapshot = currentSnapshot(metadata)
  return {
    namespace: name.namespace,
    table: name.table,
    uuid: metadata['table-uuid'],
    metadataLocation,
    location: metadata.location,
    snapshotId: snapshot?.['snapshot-id'] ?? null,
    rows: total(snapshot, 'total-records'),
    files: total(snapshot, 'total-data-files'),
    bytes: total(snapshot, 'total-files-size'),
    updatedAtMs: metadata['last-updated-ms'],
  }
}

/** A figure of a snapshot's summary; 0 where a foreign writer left it out. */
function total(snapshot: Snapshot | undefined, key: string): number {
  const value = Number(snapshot?.summary?.[key] ?? 0)
  return Number.isSafeInteger(value) ? value : 0
}
