import type { Run } from './computation.ts'
import type { Hypergraph } from './hypergraph.ts'

/** Which hyperedges have the very same nodes. */
export interface DistinctSets {
  readonly count: number
  /** The set of each hyperedge; sets are numbered in the order of their first one. */
  readonly setOf: Uint32Array
  /** The first hyperedge of each set. */
  readonly firstOf: Uint32Array
}

export function distinctSets(hypergraph: Hypergraph, { budget }: Run): DistinctSets {
  const { edgeCount } = hypergraph
  const setOf = budget.uint32(edgeCount)
  const firstOf = budget.uint32(edgeCount)
  // Open addressing, at most half full; a place holds a set's number from 1.
  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(2, edgeCount * 2)))
  const slots = budget.uint32(slotCount)
  let count = 0
  for (let edge = 0; edge < edgeCount; edge++) {
    let slot = hashOf(hypergraph, edge) & (slotCount - 1)
    for (;;) {
      const set = slots[slot] as number
      if (set === 0) {
        firstOf[count] = edge
        setOf[edge] = count
        slots[slot] = ++count
        break
      }
      if (areSame(hypergraph, firstOf[set - 1] as number, edge)) {
        setOf[edge] = set - 1
        break
      }
      slot = (slot + 1) & (slotCount - 1)
    }
  }
  budget.free(slots)
  return { count, setOf, firstOf: firstOf.subarray(0, count) }
}

function hashOf({ edgeOffsets, edgeNodes }: Hypergraph, edge: number): number {
  let hash = 0x811c9dc5
  const end = edgeOffsets[edge + 1] as number
  for (let at = edgeOffsets[edge] as number; at < end; at++) {
    hash = Math.imul(hash ^ (edgeNodes[at] as number), 0x01000193)
    hash ^= hash >>> 15
  }
  return hash >>> 0
}

/** Nodes of a hyperedge ascend, so that the same ones stand in the same places. */
function areSame({ edgeOffsets, edgeNodes }: Hypergraph, left: number, right: number): boolean {
  const leftAt = edgeOffsets[left] as number
  const rightAt = edgeOffsets[right] as number
  const count = (edgeOffsets[left + 1] as number) - leftAt
  if ((edgeOffsets[right + 1] as number) - rightAt !== count) return false
  for (let at = 0; at < count; at++) {
    if (edgeNodes[leftAt + at] !== edgeNodes[rightAt + at]) return false
  }
  return true
}
