import type { IngestMode, Snapshot, TableMetadata } from '@hypermesh/contract'

/** The key of a snapshot's summary that says which source and options it was loaded from. */
export const contentKeyProperty = 'hypermesh.content-key'

/** The keys of several loads that landed in one snapshot, as a JSON list. */
const contentKeysProperty = 'hypermesh.content-keys'

/** What a snapshot says of the contents that were loaded into it. */
export function contentKeySummary(keys: readonly string[]): Record<string, string> {
  const [only, ...others] = keys
  if (only === undefined) return {}
  if (others.length === 0) return { [contentKeyProperty]: only }
  return { [contentKeysProperty]: JSON.stringify(keys) }
}

/**
 * The snapshot that has this content already, if loading it again would change nothing. Looks at
 * the snapshots back to the last one that replaced or removed rows: what came before may be gone.
 * Where it cannot be sure, it answers that there is none: a load too many shows, one too few does not.
 */
export function findLoaded(
  metadata: TableMetadata,
  mode: IngestMode,
  contentKey: string,
): Snapshot | undefined {
  const { snapshots, isWhole } = contentLineage(metadata)
  const holds = (snapshot: Snapshot) => snapshot.summary?.[contentKeyProperty] === contentKey
  const isAmong = (snapshot: Snapshot) => isListed(snapshot, contentKey)
  if (mode === 'append') return snapshots.find((each) => holds(each) || isAmong(each))
  const [only] = snapshots
  return isWhole && snapshots.length === 1 && only && holds(only) ? only : undefined
}

/** A list that is not ours, or that somebody cut, holds nothing. */
function isListed(snapshot: Snapshot, contentKey: string): boolean {
  const text = snapshot.summary?.[contentKeysProperty]
  if (typeof text !== 'string' || !text.includes(JSON.stringify(contentKey))) return false
  try {
    const keys: unknown = JSON.parse(text)
    return Array.isArray(keys) && keys.includes(contentKey)
  } catch {
    return false
  }
}

interface Lineage {
  /** Newest first, without those that move files but no rows. */
  readonly snapshots: readonly Snapshot[]
  /** False where a snapshot that may hold rows of today has expired. */
  readonly isWhole: boolean
}

function contentLineage(metadata: TableMetadata): Lineage {
  const byId = new Map(metadata.snapshots?.map((kept) => [kept['snapshot-id'], kept]))
  const snapshots: Snapshot[] = []
  const seen = new Set<Snapshot>()
  let next: Snapshot['parent-snapshot-id'] = metadata['current-snapshot-id'] ?? undefined
  while (next !== undefined && next !== -1) {
    const snapshot = byId.get(next)
    if (snapshot === undefined || seen.has(snapshot)) return { snapshots, isWhole: false }
    seen.add(snapshot)
    const operation = snapshot.summary?.operation
    if (operation !== 'replace') snapshots.push(snapshot)
    if (operation === 'overwrite' || operation === 'delete') break
    next = snapshot['parent-snapshot-id']
  }
  return { snapshots, isWhole: true }
}
