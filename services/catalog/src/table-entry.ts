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

/** A figure of a snapshot's summary; null where a foreign writer left it out. */
function total(snapshot: Snapshot | undefined, key: string): number | null {
  if (snapshot === undefined) return 0
  const text = snapshot.summary?.[key]
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}
