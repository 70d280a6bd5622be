import { eachLaterNeighbours } from '../adjacency.ts'
import type { Computation } from '../computation.ts'
import { itemColumn } from '../item-rows.ts'
import type { AdjacencyOptions, OverlapOptions } from '../options.ts'
import { TopRows } from '../top-rows.ts'

/**
 * |a ∩ b| / min(|a|, |b|) of hyperedges with at least s nodes in common (Szymkiewicz 1934, Simpson
 * 1943), and of the whole the overlapness Σ|e| / |∪e| (Lee, Choe and Shin 2021).
 */
export const overlappingCoefficient: Computation<OverlapOptions> = (hypergraph, { s }, run) => {
  const { incidenceCount, nodeCount } = hypergraph
  const top = new TopRows(run.rowsMax)
  let sum = 0
  eachLaterNeighbours(
    hypergraph.incidences('hyperedges'),
    run,
    ({ item, neighbours, count, shared }) => {
      const size = hypergraph.sizeOf(item)
      for (const other of neighbours.subarray(0, count).sort()) {
        const common = shared[other] as number
        if (common < s) continue
        const coefficient = common / Math.min(size, hypergraph.sizeOf(other))
        sum += coefficient
        top.offer(coefficient, item, other)
      }
    },
  )
  const { firsts, seconds, values } = top.sorted()
  return {
    columns: [
      { name: 'hyperedge_id', type: 'hyperedge', values: firsts },
      { name: 'other', type: 'hyperedge', values: seconds },
      { name: 'overlap', type: 'double', values },
    ],
    rowCount: top.offered,
    summary: {
      pairs: top.offered,
      mean: top.offered === 0 ? null : sum / top.offered,
      overlapness: nodeCount === 0 ? null : incidenceCount / nodeCount,
    },
    approximate: null,
  }
}

/**
 * Pairs with at least s in common: hyperedges that share nodes are s-adjacent (Aksoy et al. 2020),
 * and in the dual nodes that share hyperedges.
 */
export const sAdjacency: Computation<AdjacencyOptions> = (hypergraph, { of, s }, run) => {
  const top = new TopRows(run.rowsMax)
  const incidences = hypergraph.incidences(of)
  eachLaterNeighbours(incidences, run, ({ item, neighbours, count, shared }) => {
    for (let at = 0; at < count; at++) {
      const other = neighbours[at] as number
      const common = shared[other] as number
      if (common >= s) top.offer(common, item, other)
    }
  })
  const { firsts, seconds, values } = top.sorted()
  const type = of === 'nodes' ? 'node' : 'hyperedge'
  return {
    columns: [
      itemColumn(of, firsts),
      { name: 'other', type, values: seconds },
      { name: 'shared', type: 'integer', values },
    ],
    rowCount: top.offered,
    summary: { pairs: top.offered },
    approximate: null,
  }
}
