import type { Computation, Outcome, Run } from '../computation.ts'
import type { Hypergraph, Side } from '../hypergraph.ts'
import { itemColumn } from '../item-rows.ts'

/** Nodes that are in no hyperedge with another node. */
export const isolatedNodes: Computation<unknown> = (hypergraph, _, run) =>
  isolated(hypergraph, 'nodes', run)

/** Hyperedges that have no node in common with another hyperedge. */
export const isolatedEdges: Computation<unknown> = (hypergraph, _, run) =>
  isolated(hypergraph, 'hyperedges', run)

function isolated(hypergraph: Hypergraph, of: Side, { rowsMax }: Run): Outcome {
  const { itemCount, itemOffsets, itemGroups, groupOffsets } = hypergraph.incidences(of)
  const isAlone = (item: number) => {
    const end = itemOffsets[item + 1] as number
    for (let place = itemOffsets[item] as number; place < end; place++) {
      const group = itemGroups[place] as number
      if ((groupOffsets[group + 1] as number) - (groupOffsets[group] as number) > 1) return false
    }
    return true
  }
  const items: number[] = []
  let count = 0
  for (let item = 0; item < itemCount; item++) {
    if (!isAlone(item)) continue
    count++
    if (items.length < rowsMax) items.push(item)
  }
  return {
    columns: [itemColumn(of, items)],
    rowCount: count,
    summary: { isolated: count, share: itemCount === 0 ? null : count / itemCount },
    approximate: null,
  }
}
