import type { Snapshot, TableMetadata } from '@hypermesh/contract'
import { currentSnapshot, snapshotIdText, snapshotsAfter } from '@hypermesh/iceberg'
import type { FeedState } from './feed-state.ts'

/** What brings a hyperedge table nearer to the table that feeds it. */
export type FeedStep =
  | { readonly kind: 'none' }
  /** The rows are the same; only files were written anew. */
  | { readonly kind: 'note'; readonly snapshotId: string }
  /** Rows that were appended, of which some may be in. */
  | {
      readonly kind: 'rows'
      readonly since: string | null
      readonly snapshotId: string
      readonly skip: number
    }
  /** Rows may have gone or changed; null: the table has none any more. */
  | { readonly kind: 'whole'; readonly snapshotId: string | null }

/**
 * As `planSync`, but from one run of appends to the next, each read at its own snapshot: a feed
 * without keys cannot read anything twice.
 */
export function planFeed(metadata: TableMetadata, state: FeedState): FeedStep {
  const current = currentSnapshot(metadata)
  const { snapshotId, partial, mapping } = state
  if (partial?.kind === 'appended' && canGoOn(metadata, partial)) {
    const { since, rows: skip } = partial
    return { kind: 'rows', since, snapshotId: partial.snapshotId, skip }
  }
  if (current === undefined) {
    // Hyperedges of its own go also where the table has had no rows yet.
    const isRead = state.syncedAt !== null || mapping.key === undefined
    const isEmpty = isRead && snapshotId === null && partial === null
    return isEmpty ? { kind: 'none' } : { kind: 'whole', snapshotId: null }
  }
  const whole = { kind: 'whole', snapshotId: snapshotIdText(current) } as const
  if (partial !== null) return whole
  if (snapshotId === whole.snapshotId) return { kind: 'none' }
  if (snapshotId === null) {
    // What has a key may be there already.
    return mapping.key === undefined ? { ...whole, kind: 'rows', since: null, skip: 0 } : whole
  }
  const lineage = snapshotsAfter(metadata, { snapshotId, partial: null })
  if (lineage === undefined) return whole
  const [replaced, appended] = [leading(lineage, 'replace'), leading(lineage, 'append')]
  if (replaced !== undefined) return { kind: 'note', snapshotId: replaced }
  if (appended === undefined) return whole
  return { kind: 'rows', since: snapshotId, snapshotId: appended, skip: 0 }
}

/** The last of the snapshots of one operation that a lineage begins with. */
function leading(lineage: readonly Snapshot[], operation: string): string | undefined {
  const end = lineage.findIndex(({ summary }) => summary?.operation !== operation)
  const last = lineage[(end === -1 ? lineage.length : end) - 1]
  return last && snapshotIdText(last)
}

/** Both ends of what was being read are there still. */
function canGoOn(
  { snapshots = [] }: TableMetadata,
  { since, snapshotId }: NonNullable<FeedState['partial']>,
): boolean {
  const has = (id: string) => snapshots.some((each) => snapshotIdText(each) === id)
  return has(snapshotId) && (since === null || has(since))
}
