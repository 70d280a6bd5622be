import { type Adjacency, areAdjacent, buildAdjacency } from '../adjacency.ts'
import { CliqueSearch } from '../clique-search.ts'
import type { Computation, Run } from '../computation.ts'
import type { Hypergraph } from '../hypergraph.ts'
import { itemColumn } from '../item-rows.ts'
import { stepper } from '../steps.ts'

/**
 * How many nodes are at most pairwise together in hyperedges: the clique number of the clique
 * expansion, by branch and bound with colouring (Tomita and Seki 2003) over a degeneracy order.
 * A hyperedge is a clique, so that the largest is where it begins.
 */
export const cliqueNumber: Computation<unknown> = (hypergraph, _, run) => {
  const adjacency = buildAdjacency(hypergraph.incidences('nodes'), run, { s: 1 })
  let best = largestHyperedge(hypergraph)
  const largest = best.length
  const { order, rankOf } = degeneracyOrder(adjacency, run)
  const step = stepper(run, 'cliques', order.length)
  for (const [at, node] of order.entries()) {
    step(at)
    const later = neighboursOf(adjacency, node).filter((other) => (rankOf[other] as number) > at)
    if (later.length < best.length) continue
    const search = new CliqueSearch(later.length, run.budget)
    joinAll(search, adjacency, later)
    const found = search.largestAbove(best.length - 1)
    if (found !== undefined) best = [node, ...found.map((place) => later[place] as number)]
    search.release()
  }
  const nodes = best.sort((a, b) => a - b).slice(0, run.rowsMax)
  return {
    columns: [itemColumn('nodes', nodes)],
    rowCount: best.length,
    summary: { clique_number: best.length, largest_hyperedge: largest },
    approximate: null,
  }
}

function joinAll(search: CliqueSearch, adjacency: Adjacency, nodes: readonly number[]): void {
  for (let first = 1; first < nodes.length; first++) {
    for (let second = 0; second < first; second++) {
      if (areAdjacent(adjacency, nodes[first] as number, nodes[second] as number)) {
        search.join(first, second)
      }
    }
  }
}

function neighboursOf({ offsets, neighbours }: Adjacency, node: number): number[] {
  return Array.from(neighbours.subarray(offsets[node], offsets[node + 1]))
}

function largestHyperedge(hypergraph: Hypergraph): number[] {
  const { edgeCount, edgeOffsets, edgeNodes } = hypergraph
  let largest = -1
  for (let edge = 0; edge < edgeCount; edge++) {
    if (largest < 0 || hypergraph.sizeOf(edge) > hypergraph.sizeOf(largest)) largest = edge
  }
  if (largest < 0) return []
  return Array.from(edgeNodes.subarray(edgeOffsets[largest], edgeOffsets[largest + 1]))
}

/** Always the node with the fewest neighbours left (Matula and Beck 1983), by buckets of degrees. */
function degeneracyOrder(
  { itemCount, offsets, neighbours }: Adjacency,
  { budget }: Run,
): { readonly order: Uint32Array; readonly rankOf: Uint32Array } {
  const degrees = budget.uint32(itemCount)
  let most = 0
  for (let node = 0; node < itemCount; node++) {
    const count = (offsets[node + 1] as number) - (offsets[node] as number)
    degrees[node] = count
    most = Math.max(most, count)
  }
  const bucketAt = budget.uint32(most + 2)
  for (const count of degrees) bucketAt[count + 1] = (bucketAt[count + 1] as number) + 1
  for (let count = 0; count <= most; count++) {
    bucketAt[count + 1] = (bucketAt[count + 1] as number) + (bucketAt[count] as number)
  }
  const order = budget.uint32(itemCount)
  const rankOf = budget.uint32(itemCount)
  const next = bucketAt.slice()
  for (let node = 0; node < itemCount; node++) {
    const place = next[degrees[node] as number] as number
    next[degrees[node] as number] = place + 1
    order[place] = node
    rankOf[node] = place
  }
  const lower = (node: number) => {
    const count = degrees[node] as number
    const place = rankOf[node] as number
    // To the front of its bucket, whose front then moves behind it.
    const front = bucketAt[count] as number
    const displaced = order[front] as number
    order[place] = displaced
    rankOf[displaced] = place
    order[front] = node
    rankOf[node] = front
    bucketAt[count] = front + 1
    degrees[node] = count - 1
  }
  for (let at = 0; at < itemCount; at++) {
    const node = order[at] as number
    const end = offsets[node + 1] as number
    for (let place = offsets[node] as number; place < end; place++) {
      const other = neighbours[place] as number
      if ((degrees[other] as number) > (degrees[node] as number)) lower(other)
    }
  }
  return { order, rankOf }
}
