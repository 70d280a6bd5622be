import type { Computation, Outcome, Run } from '../computation.ts'
import type { Hypergraph } from '../hypergraph.ts'
import { itemRows, meanOf } from '../item-rows.ts'
import type { DegreeOptions } from '../options.ts'

/** d(v) = Σ w(e) over the hyperedges e with v (Zhou, Huang and Schölkopf 2006). */
export const degree: Computation<DegreeOptions> = (hypergraph, { weighted }, run) => {
  const degrees = nodeDegrees(hypergraph, weighted, run)
  const type = weighted ? 'double' : 'integer'
  const summary = { mean: meanOf(degrees) }
  return itemRows({ of: 'nodes', values: { degree: { type, values: degrees } }, summary }, run)
}

export function nodeDegrees(hypergraph: Hypergraph, weighted: boolean, run: Run): Float64Array {
  const { nodeCount, edgeCount, edgeOffsets, edgeNodes } = hypergraph
  const degrees = run.budget.float64(nodeCount)
  for (let edge = 0; edge < edgeCount; edge++) {
    const weight = weighted ? hypergraph.weightOf(edge) : 1
    const end = edgeOffsets[edge + 1] as number
    for (let at = edgeOffsets[edge] as number; at < end; at++) {
      const node = edgeNodes[at] as number
      degrees[node] = (degrees[node] as number) + weight
    }
  }
  return degrees
}

/** |e|, how many nodes a hyperedge has (Bretto 2013). */
export const edgeSize: Computation<unknown> = (hypergraph, _, run) => {
  const sizes = sizesOf(hypergraph, run)
  const summary = { mean: meanOf(sizes) }
  return itemRows(
    { of: 'hyperedges', values: { size: { type: 'integer', values: sizes } }, summary },
    run,
  )
}

/** Whether all hyperedges have one size: then the hypergraph is k-uniform (Bretto 2013). */
export const uniformity: Computation<unknown> = (hypergraph, _, run): Outcome => {
  const sizes = sizesOf(hypergraph, run).sort()
  let size = 0
  let most = 0
  for (let from = 0, at = 0; at < sizes.length; at++) {
    if (sizes[at] !== sizes[from]) from = at
    if (at - from + 1 > most) {
      most = at - from + 1
      size = sizes[at] as number
    }
  }
  const isEmpty = sizes.length === 0
  return {
    columns: [
      { name: 'uniform', type: 'boolean', values: [isEmpty ? null : most === sizes.length] },
      { name: 'size', type: 'integer', values: [isEmpty ? null : size] },
      { name: 'share', type: 'double', values: [isEmpty ? null : most / sizes.length] },
      { name: 'smallest', type: 'integer', values: [sizes[0] ?? null] },
      { name: 'largest', type: 'integer', values: [sizes.at(-1) ?? null] },
    ],
    rowCount: 1,
    summary: {},
    approximate: null,
  }
}

function sizesOf(hypergraph: Hypergraph, run: Run): Uint32Array {
  const sizes = run.budget.uint32(hypergraph.edgeCount)
  for (let edge = 0; edge < sizes.length; edge++) sizes[edge] = hypergraph.sizeOf(edge)
  return sizes
}
