import { HyperMeshError } from '@hypermesh/contract'
import type { IndexState } from './index-state.ts'
import type { NearSlot } from './nearest-slots.ts'

/**
 * Hits as bytes, little-endian: uint32 queries, uint32 k, then for each query its uint32 count, then
 * queries × k uint64 ids, then queries × k float32 distances; what a query has not is 0.
 */
export function hitBytes(
  { table }: IndexState,
  rows: readonly (readonly NearSlot[])[],
  k: number,
): Uint8Array<ArrayBuffer> {
  const cells = rows.length * k
  const view = new DataView(new ArrayBuffer(8 + rows.length * 4 + cells * 12))
  view.setUint32(0, rows.length, true)
  view.setUint32(4, k, true)
  const idsAt = 8 + rows.length * 4
  const distancesAt = idsAt + cells * 8
  for (const [row, hits] of rows.entries()) {
    view.setUint32(8 + row * 4, hits.length, true)
    for (const [index, { slot, distance }] of hits.entries()) {
      const id = table.idAt(slot)
      if (typeof id !== 'number') {
        throw new HyperMeshError(
          'unsupported_media',
          'ids that are text have no bytes; ask for JSON',
        )
      }
      const cell = row * k + index
      view.setBigUint64(idsAt + cell * 8, BigInt(id), true)
      view.setFloat32(distancesAt + cell * 4, distance, true)
    }
  }
  return new Uint8Array(view.buffer)
}
