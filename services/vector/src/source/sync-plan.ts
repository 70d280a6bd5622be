import type { Long, Snapshot, TableMetadata } from '@hypermesh/contract'
import { currentSnapshot, findSnapshot, lineageBetween } from '@hypermesh/iceberg'
import type { SourceState } from './source-state.ts'

/** What brings an index nearer to its table. */
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

type Position = Pick<SourceState, 'snapshotId' | 'partial'>

export function planSync(metadata: TableMetadata, position: Position): SyncStep {
  const current = currentSnapshot(metadata)
  const { snapshotId, partial } = position
  if (current === undefined) {
    return snapshotId === null && partial === null ? { kind: 'none' } : { kind: 'empty' }
  }
  if (snapshotId === idOf(current) && partial === null) return { kind: 'none' }
  const lineage = lineageOf(metadata, position)
  if (snapshotId === null || lineage === undefined) return { kind: 'whole' }
  // Rows of a snapshot that the table has left would stay for ever.
  if (partial !== null && !lineage.some((each) => idOf(each) === partial)) return { kind: 'whole' }
  const rewritten = lineage.findIndex((each) => operationOf(each) !== 'replace')
  const appended = lineage.slice(rewritten)
  const last = lineage[(rewritten === -1 ? lineage.length : rewritten) - 1]
  if (last !== undefined) {
    if (partial !== null) return { kind: 'whole' }
    return { kind: 'note', snapshotId: idOf(last) }
  }
  const isAppended = appended.every((each) => operationOf(each) === 'append')
  if (!isAppended) return { kind: 'whole' }
  return { kind: 'append', since: snapshotId, current: idOf(current) }
}

/** How far an index is behind; what the history does not tell is absent. */
export function lagOf(
  metadata: TableMetadata,
  position: Position,
): { snapshotsBehind?: number; rowsBehind?: number } {
  const lineage = lineageOf(metadata, position)
  if (lineage === undefined) return {}
  const rows = lineage.map((each) => rowsAdded(each))
  const isKnown = rows.every((count) => count !== undefined)
  return {
    snapshotsBehind: lineage.length,
    ...(isKnown ? { rowsBehind: rows.reduce((sum, count) => sum + count, 0) } : {}),
  }
}

/** The snapshots after that of the index, oldest first; undefined where they do not follow from it. */
function lineageOf(
  metadata: TableMetadata,
  { snapshotId }: Position,
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

export const idOf = (snapshot: Snapshot): string => String(snapshot['snapshot-id'])

/** As metadata have it: a number where that is exact. */
export function toLong(text: string): Long {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}
