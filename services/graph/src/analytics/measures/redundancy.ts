import type { Computation, Run } from '../computation.ts'
import type { Incidences } from '../hypergraph.ts'
import { itemRows, meanOf } from '../item-rows.ts'
import type { SideOptions } from '../options.ts'
import { stepper } from '../steps.ts'

/**
 * Of the pairs of an item's neighbours in the bipartite graph, the share that another item links as
 * well (Latapy, Magnien and Del Vecchio 2008). Null with fewer than two neighbours.
 */
export const redundancy: Computation<SideOptions> = (hypergraph, { of }, run) => {
  const incidences = hypergraph.incidences(of)
  const values = run.budget.float64(incidences.itemCount)
  const linked = pairCounter(incidences, run)
  const step = stepper(run, 'items', incidences.itemCount)
  for (let item = 0; item < incidences.itemCount; item++) {
    const from = incidences.itemOffsets[item] as number
    const count = (incidences.itemOffsets[item + 1] as number) - from
    values[item] = count < 2 ? Number.NaN : (2 * linked(item)) / (count * (count - 1))
    step(item)
  }
  const summary = { mean: meanOf(values) }
  return itemRows({ of, values: { redundancy: { type: 'double', values } }, summary }, run)
}

/** How many pairs of an item's groups have another item in common. */
function pairCounter(incidences: Incidences, { budget }: Run): (item: number) => number {
  const { itemCount, groupCount, itemOffsets, itemGroups, groupOffsets, groupItems } = incidences
  // Stamps: whose group it is, and with which group it was counted last.
  const ownerOf = budget.uint32(groupCount).fill(itemCount)
  const countedWith = budget.uint32(groupCount).fill(groupCount)
  const partners = (item: number, group: number, other: number) => {
    let pairs = 0
    const end = itemOffsets[other + 1] as number
    for (let place = itemOffsets[other] as number; place < end; place++) {
      const partner = itemGroups[place] as number
      if (partner <= group || ownerOf[partner] !== item) continue
      if (countedWith[partner] === group) continue
      countedWith[partner] = group
      pairs++
    }
    return pairs
  }
  return (item) => {
    const from = itemOffsets[item] as number
    const end = itemOffsets[item + 1] as number
    for (let place = from; place < end; place++) ownerOf[itemGroups[place] as number] = item
    let pairs = 0
    for (let place = from; place < end; place++) {
      const group = itemGroups[place] as number
      const itemsEnd = groupOffsets[group + 1] as number
      for (let at = groupOffsets[group] as number; at < itemsEnd; at++) {
        const other = groupItems[at] as number
        if (other !== item) pairs += partners(item, group, other)
      }
    }
    // A group of the next item may be counted with the same one again.
    for (let place = from; place < end; place++) {
      countedWith[itemGroups[place] as number] = groupCount
    }
    return pairs
  }
}
