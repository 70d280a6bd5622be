import { type Adjacency, buildAdjacency } from '../adjacency.ts'
import type { Computation, Run } from '../computation.ts'
import { itemRows, meanOf } from '../item-rows.ts'
import { stepper } from '../steps.ts'

/**
 * The share of the pairs of a node's neighbours that are neighbours, in the clique expansion (Watts
 * and Strogatz 1998); 0 with fewer than two. Of the whole also the transitivity.
 */
export const pairwiseClustering: Computation<unknown> = (hypergraph, _, run) => {
  const adjacency = buildAdjacency(hypergraph.incidences('nodes'), run, { s: 1 })
  const { itemCount, offsets } = adjacency
  const triangles = countTriangles(adjacency, run)
  const clustering = run.budget.float64(itemCount)
  const degrees = run.budget.uint32(itemCount)
  let closed = 0
  let pairs = 0
  for (let node = 0; node < itemCount; node++) {
    const count = (offsets[node + 1] as number) - (offsets[node] as number)
    const own = (count * (count - 1)) / 2
    degrees[node] = count
    clustering[node] = own === 0 ? 0 : (triangles[node] as number) / own
    closed += triangles[node] as number
    pairs += own
  }
  const values = {
    clustering: { type: 'double' as const, values: clustering },
    neighbours: { type: 'integer' as const, values: degrees },
  }
  const summary = { mean: meanOf(clustering), transitivity: pairs === 0 ? 0 : closed / pairs }
  return itemRows({ of: 'nodes', values, summary }, run)
}

/** Each triangle once, from its corner of the least degree (Latapy 2008). */
function countTriangles({ itemCount, offsets, neighbours }: Adjacency, run: Run): Float64Array {
  const triangles = run.budget.float64(itemCount)
  const mark = run.budget.uint32(itemCount).fill(itemCount)
  const degreeOf = (node: number) => (offsets[node + 1] as number) - (offsets[node] as number)
  const isAbove = (node: number, other: number) =>
    degreeOf(other) > degreeOf(node) || (degreeOf(other) === degreeOf(node) && other > node)
  const step = stepper(run, 'triangles', itemCount)
  const closeOver = (node: number, middle: number) => {
    const end = offsets[middle + 1] as number
    for (let place = offsets[middle] as number; place < end; place++) {
      const last = neighbours[place] as number
      if (mark[last] !== node || !isAbove(middle, last)) continue
      for (const corner of [node, middle, last]) {
        triangles[corner] = (triangles[corner] as number) + 1
      }
    }
  }
  for (let node = 0; node < itemCount; node++) {
    const end = offsets[node + 1] as number
    for (let place = offsets[node] as number; place < end; place++) {
      const other = neighbours[place] as number
      if (isAbove(node, other)) mark[other] = node
    }
    for (let place = offsets[node] as number; place < end; place++) {
      const middle = neighbours[place] as number
      if (mark[middle] === node) closeOver(node, middle)
    }
    step(node)
  }
  return triangles
}
