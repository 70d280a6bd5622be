import type { Run } from './computation.ts'
import type { Incidences } from './hypergraph.ts'
import { stepper } from './steps.ts'

/** What an item has in common with others behind it: `shared` by item, of those in `neighbours`. */
export interface LaterNeighbours {
  readonly item: number
  /** The first `count` are meant, in no order. */
  readonly neighbours: Uint32Array
  readonly count: number
  /** The sum of `groupValue` over the groups that both are in; unsaid their number. */
  readonly shared: Float64Array
}

/**
 * Visits each item with the later items that it shares a group with, so that each pair comes once.
 * The arrays are lent for the visit. Time: the sum of the squares of the groups' sizes.
 */
export function eachLaterNeighbours(
  incidences: Incidences,
  run: Run,
  visit: (found: LaterNeighbours) => void,
  { phase = 'pairs', groupValue }: { phase?: string; groupValue?: Float64Array } = {},
): void {
  const { itemCount, groupCount, itemOffsets, itemGroups, groupOffsets, groupItems } = incidences
  const { budget } = run
  const shared = budget.float64(itemCount)
  const neighbours = budget.uint32(itemCount)
  // Items come in ascending order, as they stand in groups: what a group has later lies behind here.
  const next = budget.uint32(groupCount)
  next.set(groupOffsets.subarray(0, groupCount))
  const step = stepper(run, phase, itemCount)
  for (let item = 0; item < itemCount; item++) {
    let count = 0
    const groupsEnd = itemOffsets[item + 1] as number
    for (let place = itemOffsets[item] as number; place < groupsEnd; place++) {
      const group = itemGroups[place] as number
      const value = groupValue === undefined ? 1 : (groupValue[group] as number)
      const from = (next[group] as number) + 1
      next[group] = from
      const end = groupOffsets[group + 1] as number
      for (let at = from; at < end; at++) {
        const other = groupItems[at] as number
        const before = shared[other] as number
        if (before === 0) neighbours[count++] = other
        shared[other] = before + value
      }
    }
    visit({ item, neighbours, count, shared })
    for (let at = 0; at < count; at++) shared[neighbours[at] as number] = 0
    step(item)
  }
  for (const array of [shared, neighbours, next]) budget.free(array)
}

/** Which items are next to which: those of `item` ascend, from `offsets[item]` on. */
export interface Adjacency {
  readonly itemCount: number
  readonly offsets: Uint32Array
  readonly neighbours: Uint32Array
  /** One a neighbour; empty where nobody asked. */
  readonly weights: Float64Array
}

export interface AdjacencyOptions {
  /** The least number of groups in common. */
  readonly s: number
  /** What a group in common adds to the weight; absent: no weights. */
  readonly groupValue?: Float64Array
}

/**
 * The s-line graph of hyperedges, or of nodes the clique expansion (s = 1). Counted first, so that
 * what does not fit into memory is told before it is taken.
 */
export function buildAdjacency(
  incidences: Incidences,
  run: Run,
  { s, groupValue }: AdjacencyOptions,
): Adjacency {
  const { itemCount } = incidences
  const { budget } = run
  const offsets = budget.uint32(itemCount + 1)
  let pairs = 0
  eachLaterNeighbours(
    incidences,
    run,
    ({ item, neighbours, count, shared }) => {
      for (let at = 0; at < count; at++) {
        const other = neighbours[at] as number
        if (s > 1 && (shared[other] as number) < s) continue
        offsets[item + 1] = (offsets[item + 1] as number) + 1
        offsets[other + 1] = (offsets[other + 1] as number) + 1
        pairs++
      }
    },
    { phase: 'counting pairs' },
  )
  for (let item = 0; item < itemCount; item++) {
    offsets[item + 1] = (offsets[item + 1] as number) + (offsets[item] as number)
  }
  const neighboursOf = budget.uint32(pairs * 2)
  const weights = budget.float64(groupValue === undefined ? 0 : pairs * 2)
  const next = budget.uint32(itemCount)
  next.set(offsets.subarray(0, itemCount))
  const add = (item: number, other: number, weight: number) => {
    const place = next[item] as number
    neighboursOf[place] = other
    if (weights.length > 0) weights[place] = weight
    next[item] = place + 1
  }
  eachLaterNeighbours(
    incidences,
    run,
    ({ item, neighbours, count, shared }) => {
      // Those before came while they were visited, in order; those behind follow here.
      const later = neighbours.subarray(0, count).sort()
      for (const other of later) {
        const weight = shared[other] as number
        if (s > 1 && weight < s) continue
        add(item, other, weight)
        add(other, item, weight)
      }
    },
    { phase: 'pairs', ...(groupValue === undefined ? {} : { groupValue }) },
  )
  budget.free(next)
  return { itemCount, offsets, neighbours: neighboursOf, weights }
}

/** Whether two items are next to each other. */
export function areAdjacent(adjacency: Adjacency, item: number, other: number): boolean {
  const { offsets, neighbours } = adjacency
  let low = offsets[item] as number
  let high = offsets[item + 1] as number
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((neighbours[middle] as number) < other) low = middle + 1
    else high = middle
  }
  return low < (offsets[item + 1] as number) && neighbours[low] === other
}
