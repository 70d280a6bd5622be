import type { IngestMode, Snapshot, TableMetadata } from '@hypermesh/contract'

/** The key of a snapshot's summary that says which source and options it was loaded from. */
export const contentKeyProperty = 'hypermesh.content-key'

/**
 * The snapshot that has this content already, if loading it again would change nothing. Looks at
 * the snapshots back to the last one that replaced or removed rows: what came before is gone.
 */
export function findLoaded(
  metadata: TableMetadata,
  mode: IngestMode,
  contentKey: string,
): Snapshot | undefined {
  const lineage = contentLineage(metadata)
  if (mode === 'overwrite') {
    const [only] = lineage
    return lineage.length === 1 && only && keyOf(only) === contentKey ? only : undefined
  }
  return lineage.find((snapshot) => keyOf(snapshot) === contentKey)
}

/** Newest first; a `replace` moves files but no rows, so it is left out. */
function contentLineage(metadata: TableMetadata): Snapshot[] {
  const byId = new Map(metadata.snapshots?.map((entry) => [entry['snapshot-id'], entry]))
  const lineage: Snapshot[] = []
  let current = byId.get(metadata['current-snapshot-id'] ?? -1)
  while (current !== undefined && lineage.length < byId.size) {
    const operation = current.summary?.operation
    if (operation !== 'replace') lineage.push(current)
    if (operation === 'overwrite' || operation === 'delete') break
    const parent: Snapshot['parent-snapshot-id'] = current['parent-snapshot-id']
    current = parent === undefined ? undefined : byId.get(parent)
  }
  return lineage
}

function keyOf(snapshot: Snapshot): string | undefined {
  return snapshot.summary?.[contentKeyProperty]
}
