import type { Adjacency } from './adjacency.ts'
import type { Run } from './computation.ts'

/** A weighted graph without direction; `loops` is what a node has with itself, counted both ways. */
interface WeightedGraph {
  readonly count: number
  readonly offsets: Uint32Array
  readonly neighbours: Uint32Array
  readonly weights: Float64Array
  readonly loops: Float64Array
}

const levelsMax = 100
const sweepsMax = 1000

/**
 * Communities by the Louvain method (Blondel et al. 2008). Nodes are looked at in their order, so
 * that the same data give the same communities. Communities are numbered by their first node.
 */
export function louvain(adjacency: Adjacency, resolution: number, run: Run): Uint32Array {
  const { itemCount, offsets, neighbours, weights } = adjacency
  const loops = run.budget.float64(itemCount)
  let graph: WeightedGraph = { count: itemCount, offsets, neighbours, weights, loops }
  const communityOf = run.budget.uint32(itemCount)
  for (let node = 0; node < itemCount; node++) communityOf[node] = node
  for (let level = 0; level < levelsMax; level++) {
    run.progress('communities', level / levelsMax)
    const { communities, count } = renumbered(moveNodes(graph, resolution, run))
    if (count === graph.count) break
    for (let node = 0; node < itemCount; node++) {
      communityOf[node] = communities[communityOf[node] as number] as number
    }
    graph = merged(graph, communities, { count, run })
  }
  return renumbered(communityOf).communities
}

/** Moves each node to the community where it gains most, until none moves. */
function moveNodes(graph: WeightedGraph, resolution: number, run: Run): Uint32Array {
  const { count, offsets, neighbours, weights } = graph
  const { budget } = run
  const strengths = strengthsOf(graph, run)
  const total = strengths.reduce((sum, strength) => sum + strength, 0)
  const communities = budget.uint32(count)
  for (let node = 0; node < count; node++) communities[node] = node
  if (total === 0) return communities
  const sums = strengths.slice()
  const toward = budget.float64(count)
  const near = budget.uint32(count)
  const best = (node: number, strength: number) => {
    const own = communities[node] as number
    let nearCount = 0
    const end = offsets[node + 1] as number
    for (let place = offsets[node] as number; place < end; place++) {
      const community = communities[neighbours[place] as number] as number
      const weight = weights[place] as number
      if (toward[community] === 0 && weight > 0) near[nearCount++] = community
      toward[community] = (toward[community] as number) + weight
    }
    const gainOf = (community: number) =>
      (toward[community] as number) - (resolution * strength * (sums[community] as number)) / total
    let chosen = own
    let gain = gainOf(own)
    for (let at = 0; at < nearCount; at++) {
      const community = near[at] as number
      const other = gainOf(community)
      // What rounding makes of equal gains must not move a node to and fro.
      if (other > gain + 1e-12 * strength) {
        chosen = community
        gain = other
      }
    }
    for (let at = 0; at < nearCount; at++) toward[near[at] as number] = 0
    return chosen
  }
  for (let sweep = 0, moved = 1; moved > 0 && sweep < sweepsMax; sweep++) {
    moved = 0
    for (let node = 0; node < count; node++) {
      const own = communities[node] as number
      const strength = strengths[node] as number
      sums[own] = (sums[own] as number) - strength
      const chosen = best(node, strength)
      sums[chosen] = (sums[chosen] as number) + strength
      communities[node] = chosen
      if (chosen !== own) moved++
    }
  }
  for (const array of [strengths, toward, near]) budget.free(array)
  return communities
}

function strengthsOf({ count, offsets, weights, loops }: WeightedGraph, run: Run): Float64Array {
  const strengths = run.budget.float64(count)
  for (let node = 0; node < count; node++) {
    let sum = loops[node] as number
    const end = offsets[node + 1] as number
    for (let place = offsets[node] as number; place < end; place++) sum += weights[place] as number
    strengths[node] = sum
  }
  return strengths
}

function renumbered(communities: Uint32Array): { communities: Uint32Array; count: number } {
  const known = new Map<number, number>()
  const numbers = communities.map((community) => {
    const number = known.get(community) ?? known.size
    known.set(community, number)
    return number
  })
  return { communities: numbers, count: known.size }
}

/** Communities become nodes. */
function merged(
  graph: WeightedGraph,
  communities: Uint32Array,
  { count, run }: { readonly count: number; readonly run: Run },
): WeightedGraph {
  const { offsets, neighbours, weights, loops } = graph
  const { budget } = run
  const membersOf: number[][] = Array.from({ length: count }, () => [])
  for (let node = 0; node < graph.count; node++) {
    membersOf[communities[node] as number]?.push(node)
  }
  const newLoops = budget.float64(count)
  const newOffsets = budget.uint32(count + 1)
  const newNeighbours: number[] = []
  const newWeights: number[] = []
  const toward = new Map<number, number>()
  for (const [community, members] of membersOf.entries()) {
    toward.clear()
    let loop = 0
    for (const node of members) {
      loop += loops[node] as number
      const end = offsets[node + 1] as number
      for (let place = offsets[node] as number; place < end; place++) {
        const other = communities[neighbours[place] as number] as number
        const weight = weights[place] as number
        if (other === community) loop += weight
        else toward.set(other, (toward.get(other) ?? 0) + weight)
      }
    }
    newLoops[community] = loop
    for (const [other, weight] of toward) {
      newNeighbours.push(other)
      newWeights.push(weight)
    }
    newOffsets[community + 1] = newNeighbours.length
  }
  budget.take(newNeighbours.length * 12)
  return {
    count,
    offsets: newOffsets,
    neighbours: Uint32Array.from(newNeighbours),
    weights: Float64Array.from(newWeights),
    loops: newLoops,
  }
}
