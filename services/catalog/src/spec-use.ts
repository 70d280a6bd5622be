import { HyperMeshError, type TableMetadata, type TableUpdate } from '@hypermesh/contract'
import { readManifestList, type Warehouse } from '@hypermesh/iceberg'

/** Throws `invalid` where a commit removes a partition spec that files of the table still have. */
export async function assertSpecsUnused(
  warehouse: Warehouse,
  metadata: TableMetadata,
  updates: readonly TableUpdate[],
): Promise<void> {
  const removed = new Set(
    updates.flatMap((update) =>
      update.action === 'remove-partition-specs' ? update['spec-ids'] : [],
    ),
  )
  if (removed.size === 0) return
  for (const snapshot of metadata.snapshots ?? []) {
    const manifests = await readManifestList({ warehouse }, snapshot)
    const used = manifests.find((manifest) => removed.has(manifest.specId))
    if (used === undefined) continue
    const id = snapshot['snapshot-id']
    throw new HyperMeshError('invalid', `snapshot ${id} has files of spec ${used.specId}`)
  }
}
