import { type Adjacency, areAdjacent, buildAdjacency } from '../adjacency.ts'
import type { Computation } from '../computation.ts'
import type { Hypergraph } from '../hypergraph.ts'
import { itemRows, meanOf } from '../item-rows.ts'
import type { ZhouClusteringOptions } from '../options.ts'
import { Random } from '../random.ts'
import { stepper } from '../steps.ts'

/**
 * The mean extra overlap of the pairs of a node's hyperedges: of the nodes in one only, the share
 * that has a neighbour among those in the other only (Zhou and Nakhleh 2011). 0 with fewer than two.
 */
export const zhouClustering: Computation<ZhouClusteringOptions> = (hypergraph, options, run) => {
  const { pairs: pairsMax, seed } = options
  const { itemCount, itemOffsets, itemGroups } = hypergraph.incidences('nodes')
  const adjacency = buildAdjacency(hypergraph.incidences('nodes'), run, { s: 1 })
  const clustering = run.budget.float64(itemCount)
  const random = new Random(seed)
  let isEstimate = false
  const step = stepper(run, 'nodes', itemCount)
  for (let node = 0; node < itemCount; node++) {
    step(node)
    const edges = itemGroups.subarray(itemOffsets[node], itemOffsets[node + 1])
    const pairCount = (edges.length * (edges.length - 1)) / 2
    if (pairCount === 0) continue
    const overlapOf = (first: number, second: number) =>
      extraOverlap(hypergraph, adjacency, edges[first] as number, edges[second] as number)
    let sum = 0
    if (pairsMax !== undefined && pairCount > pairsMax) {
      isEstimate = true
      for (let drawn = 0; drawn < pairsMax; drawn++) {
        const first = random.below(edges.length)
        const second = (first + 1 + random.below(edges.length - 1)) % edges.length
        sum += overlapOf(first, second)
      }
      clustering[node] = sum / pairsMax
      continue
    }
    for (let first = 1; first < edges.length; first++) {
      for (let second = 0; second < first; second++) sum += overlapOf(first, second)
    }
    clustering[node] = sum / pairCount
  }
  const approximate = isEstimate ? `from ${pairsMax} pairs a node at most, seed ${seed}` : null
  const values = { clustering: { type: 'double' as const, values: clustering } }
  return itemRows({ of: 'nodes', values, summary: { mean: meanOf(clustering) }, approximate }, run)
}

function extraOverlap(
  hypergraph: Hypergraph,
  adjacency: Adjacency,
  first: number,
  second: number,
): number {
  const [onlyFirst, onlySecond] = differences(hypergraph, first, second)
  const count = onlyFirst.length + onlySecond.length
  if (count === 0) return 0
  const near = withNeighbour(adjacency, onlyFirst, onlySecond)
  return (near + withNeighbour(adjacency, onlySecond, onlyFirst)) / count
}

/** How many of the nodes have a neighbour among the others. */
function withNeighbour(
  adjacency: Adjacency,
  nodes: readonly number[],
  others: readonly number[],
): number {
  let count = 0
  for (const node of nodes) {
    if (others.some((other) => areAdjacent(adjacency, node, other))) count++
  }
  return count
}

/** What is in one only, of both; nodes of a hyperedge ascend. */
function differences(
  { edgeOffsets, edgeNodes }: Hypergraph,
  first: number,
  second: number,
): [number[], number[]] {
  const onlyFirst: number[] = []
  const onlySecond: number[] = []
  let left = edgeOffsets[first] as number
  let right = edgeOffsets[second] as number
  const leftEnd = edgeOffsets[first + 1] as number
  const rightEnd = edgeOffsets[second + 1] as number
  while (left < leftEnd || right < rightEnd) {
    const ofLeft = left < leftEnd ? (edgeNodes[left] as number) : Number.POSITIVE_INFINITY
    const ofRight = right < rightEnd ? (edgeNodes[right] as number) : Number.POSITIVE_INFINITY
    if (ofLeft < ofRight) onlyFirst.push(ofLeft)
    if (ofRight < ofLeft) onlySecond.push(ofRight)
    if (ofLeft <= ofRight) left++
    if (ofRight <= ofLeft) right++
  }
  return [onlyFirst, onlySecond]
}
