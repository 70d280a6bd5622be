import { buildAdjacency } from './adjacency.ts'
import type { Run } from './computation.ts'
import type { Hypergraph, Side } from './hypergraph.ts'

/** The s-distances from one item, found in their order. */
export interface BreadthFirst {
  readonly itemCount: number
  /** Distances of what was reached by the last search; −1: not reached. Lent until the next one. */
  readonly distances: Int32Array
  /** Who was reached, the nearest first. */
  readonly reached: Uint32Array
  /** Searches, and returns how many were reached, the item itself among them. */
  search(from: number): number
}

/** Searches by s-walks (Aksoy et al. 2020). Of s = 1 no line graph is made. */
export function breadthFirst(
  hypergraph: Hypergraph,
  { of, s }: { readonly of: Side; readonly s: number },
  run: Run,
): BreadthFirst {
  return s === 1 ? overIncidences(hypergraph, of, run) : overAdjacency(hypergraph, { of, s }, run)
}

/** Each group is entered once: in it all are next to each other. */
function overIncidences(hypergraph: Hypergraph, of: Side, { budget }: Run): BreadthFirst {
  const incidences = hypergraph.incidences(of)
  const { itemCount, groupCount, itemOffsets, itemGroups, groupOffsets, groupItems } = incidences
  const distances = budget.int32(itemCount).fill(-1)
  const reached = budget.uint32(itemCount)
  const entered = budget.uint32(groupCount)
  let count = 0
  let searches = 0
  const enter = (group: number, distance: number) => {
    if (entered[group] === searches) return
    entered[group] = searches
    const end = groupOffsets[group + 1] as number
    for (let at = groupOffsets[group] as number; at < end; at++) {
      const item = groupItems[at] as number
      if (distances[item] !== -1) continue
      distances[item] = distance
      reached[count++] = item
    }
  }
  const search = (from: number) => {
    for (let at = 0; at < count; at++) distances[reached[at] as number] = -1
    searches++
    distances[from] = 0
    reached[0] = from
    count = 1
    for (let head = 0; head < count; head++) {
      const item = reached[head] as number
      const distance = (distances[item] as number) + 1
      const end = itemOffsets[item + 1] as number
      for (let place = itemOffsets[item] as number; place < end; place++) {
        enter(itemGroups[place] as number, distance)
      }
    }
    return count
  }
  return { itemCount, distances, reached, search }
}

function overAdjacency(
  hypergraph: Hypergraph,
  { of, s }: { readonly of: Side; readonly s: number },
  run: Run,
): BreadthFirst {
  const adjacency = buildAdjacency(hypergraph.incidences(of), run, { s })
  const { itemCount, offsets, neighbours } = adjacency
  const distances = run.budget.int32(itemCount).fill(-1)
  const reached = run.budget.uint32(itemCount)
  let count = 0
  const search = (from: number) => {
    for (let at = 0; at < count; at++) distances[reached[at] as number] = -1
    distances[from] = 0
    reached[0] = from
    count = 1
    for (let head = 0; head < count; head++) {
      const item = reached[head] as number
      const distance = (distances[item] as number) + 1
      const end = offsets[item + 1] as number
      for (let place = offsets[item] as number; place < end; place++) {
        const other = neighbours[place] as number
        if (distances[other] !== -1) continue
        distances[other] = distance
        reached[count++] = other
      }
    }
    return count
  }
  return { itemCount, distances, reached, search }
}
