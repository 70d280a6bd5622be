import type { Computation, Run } from '../computation.ts'
import type { Hypergraph } from '../hypergraph.ts'
import { itemRows } from '../item-rows.ts'
import { MeasureError } from '../measure-error.ts'
import type { PagerankOptions } from '../options.ts'
import { nodeDegrees } from './degree.ts'

/**
 * PageRank (Page et al. 1999) of the random walk on a hypergraph (Zhou, Huang and Schölkopf 2006):
 * from a node to one of its hyperedges by weight, from there to any of its nodes.
 */
export const pagerank: Computation<PagerankOptions> = (hypergraph, options, run) => {
  const { damping, iterations, tolerance, weighted } = options
  const { nodeCount } = hypergraph
  const { budget } = run
  const perEdge = edgeShares(hypergraph, weighted, run)
  const inverse = inverseDegrees(hypergraph, weighted, run)
  const ranks = budget.float64(nodeCount).fill(nodeCount === 0 ? 0 : 1 / nodeCount)
  const flows = budget.float64(nodeCount * 2)
  let change = Number.POSITIVE_INFINITY
  let done = 0
  while (done < iterations && change > tolerance && nodeCount > 0) {
    run.progress('iterations', done / iterations)
    let dangling = 0
    for (let node = 0; node < nodeCount; node++) {
      const rank = ranks[node] as number
      const share = inverse[node] as number
      if (share === 0) dangling += rank
      flows[node * 2] = rank * share * damping
    }
    const jump = (1 - damping + damping * dangling) / nodeCount
    for (let node = 0; node < nodeCount; node++) flows[node * 2 + 1] = jump
    spread(hypergraph, perEdge, flows)
    change = 0
    for (let node = 0; node < nodeCount; node++) {
      const rank = flows[node * 2 + 1] as number
      change += Math.abs(rank - (ranks[node] as number))
      ranks[node] = rank
    }
    done++
  }
  const summary = {
    iterations: done,
    change: Number.isFinite(change) ? change : null,
    converged: change <= tolerance || nodeCount === 0,
  }
  const values = { pagerank: { type: 'double' as const, values: ranks } }
  return itemRows({ of: 'nodes', values, summary }, run)
}

/**
 * The one pass of an iteration: over hyperedges in their order, so that sums are the same each time. A
 * node's outflow and inflow stand beside each other, as fetching them is what takes the time.
 */
function spread(
  { edgeCount, edgeOffsets, edgeNodes }: Hypergraph,
  perEdge: Float64Array,
  flows: Float64Array,
): void {
  let from = 0
  for (let edge = 0; edge < edgeCount; edge++) {
    const end = edgeOffsets[edge + 1] as number
    let sum = 0
    for (let at = from; at < end; at++) sum += flows[(edgeNodes[at] as number) * 2] as number
    const share = sum * (perEdge[edge] as number)
    for (let at = from; at < end; at++) {
      const inflow = (edgeNodes[at] as number) * 2 + 1
      flows[inflow] = (flows[inflow] as number) + share
    }
    from = end
  }
}

/** w(e) / |e| */
export function edgeShares(hypergraph: Hypergraph, weighted: boolean, run: Run): Float64Array {
  const shares = run.budget.float64(hypergraph.edgeCount)
  for (let edge = 0; edge < shares.length; edge++) {
    const weight = weighted ? hypergraph.weightOf(edge) : 1
    if (weight < 0) {
      throw new MeasureError(
        'invalid',
        'a hyperedge has a weight below 0, over which none can walk',
      )
    }
    shares[edge] = weight / hypergraph.sizeOf(edge)
  }
  return shares
}

/** 1 / d(v); 0 where there is nowhere to go. */
function inverseDegrees(hypergraph: Hypergraph, weighted: boolean, run: Run): Float64Array {
  const inverse = nodeDegrees(hypergraph, weighted, run)
  for (let node = 0; node < inverse.length; node++) {
    const value = inverse[node] as number
    inverse[node] = value > 0 ? 1 / value : 0
  }
  return inverse
}
