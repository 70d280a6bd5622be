import type { Long, Snapshot, TableMetadata } from '@hypermesh/contract'
import { lineageBetween } from './appended-files.ts'
import { currentSnapshot, findSnapshot } from './table-metadata.ts'

/** What brings who follows a table nearer to it. */
export type SyncStep =
  /** It has what the table has. */
  | { readonly kind: 'none' }
  /** The rows are the same; only files were written anew. */
  | { readonly kind: 'note'; readonly snapshotId: string }
  /** Rows that were appended since. */
  | { readonly kind: 'append'; readonly since: string; readonly current: string }
  /** Rows may have gone or changed: all are read and compared by their keys. */
  | { readonly kind: 'whole' }
  /** The table has no snapshot, so no rows. */
  | { readonly kind: 'empty' }

/** How far who follows a table has come. */
export interface SyncPosition {
  /** What it has whole, as decimal text; null: nothing yet, or a table without a snapshot. */
  readonly snapshotId: string | null
  /** Some of its rows may be in too; null: it has just what `snapshotId` says. */
  readonly partial: string | null
}

export function planSync(metadata: TableMetadata, position: SyncPosition): SyncStep {
  const current = currentSnapshot(metadata)
  const { snapshotId, partial } = position
  if (current === undefined) {
    return snapshotId === null && partial === null ? { kind: 'none' } : { kind: 'empty' }
  }
  if (snapshotId === snapshotIdText(current) && partial === null) return { kind: 'none' }
  const lineage = snapshotsAfter(metadata, position)
  if (snapshotId === null || lineage === undefined) return { kind: 'whole' }
  // Rows of a snapshot that the table has left would stay for ever.
  if (partial !== null && !lineage.some((each) => snapshotIdText(each) === partial))
    return { kind: 'whole' }
  const rewritten = lineage.findIndex((each) => operationOf(each) !== 'replace')
  const appended = lineage.slice(rewritten)
  const last = lineage[(rewritten === -1 ? lineage.length : rewritten) - 1]
  if (last !== undefined) {
    if (partial !== null) return { kind: 'whole' }
    return { kind: 'note', snapshotId: snapshotIdText(last) }
  }
  const isAppended = appended.every((each) => operationOf(each) === 'append')
  if (!isAppended) return { kind: 'whole' }
  return { kind: 'append', since: snapshotId, current: snapshotIdText(current) }
}

/** How far it is behind; what the history does not tell is absent. */
export function lagOf(
  metadata: TableMetadata,
  position: SyncPosition,
): { snapshotsBehind?: number; rowsBehind?: number } {
  const lineage = snapshotsAfter(metadata, position)
  if (lineage === undefined) return {}
  const rows = lineage.map((each) => rowsAdded(each))
  const isKnown = rows.every((count) => count !== undefined)
  return {
    snapshotsBehind: lineage.length,
    ...(isKnown ? { rowsBehind: rows.reduce((sum, count) => sum + count, 0) } : {}),
  }
}

/** Since when it is behind, in milliseconds since 1970; undefined: it is not, or nobody can tell. */
export function behindSinceMs(metadata: TableMetadata, position: SyncPosition): number | undefined {
  return snapshotsAfter(metadata, position)?.[0]?.['timestamp-ms']
}

/** The snapshots after the one that it has, oldest first; undefined where they do not follow from it. */
export function snapshotsAfter(
  metadata: TableMetadata,
  { snapshotId }: SyncPosition,
): readonly Snapshot[] | undefined {
  const current = currentSnapshot(metadata)
  if (current === undefined) return snapshotId === null ? [] : undefined
  if (snapshotId === null) return lineageBetween(metadata, undefined, current)
  const known = findSnapshot(metadata, toLong(snapshotId))
  return known && lineageBetween(metadata, known, current)
}

function rowsAdded(snapshot: Snapshot): number | undefined {
  const operation = operationOf(snapshot)
  if (operation === 'replace') return 0
  const count = snapshot.summary?.['added-records']
  return operation === 'append' && /^\d{1,15}$/.test(count ?? '') ? Number(count) : undefined
}

const operationOf = ({ summary }: Snapshot) => summary?.operation

export const snapshotIdText = (snapshot: Snapshot): string => String(snapshot['snapshot-id'])

/** As metadata have it: a number where that is exact. */
export function toLong(text: string): Long {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}
