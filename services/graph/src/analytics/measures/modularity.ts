import { type Adjacency, buildAdjacency } from '../adjacency.ts'
import type { Computation, Run } from '../computation.ts'
import type { Hypergraph } from '../hypergraph.ts'
import { itemColumn } from '../item-rows.ts'
import { louvain } from '../louvain.ts'
import { MeasureError } from '../measure-error.ts'
import type { ModularityOptions } from '../options.ts'
import { TopRows } from '../top-rows.ts'

/**
 * Of communities that are given or found: Newman's modularity (2004) of the clique expansion where a
 * hyperedge gives each of its pairs w / (|e| − 1) (Newman 2001, Kumar et al. 2020), and the strict
 * modularity of the hypergraph itself (Kamiński et al. 2019), over hyperedges of two nodes or more.
 */
export const modularity: Computation<ModularityOptions> = (hypergraph, options, run) => {
  const { weighted, resolution } = options
  const groupValue = run.budget.float64(hypergraph.edgeCount)
  for (let edge = 0; edge < groupValue.length; edge++) {
    const weight = weighted ? hypergraph.weightOf(edge) : 1
    if (weight < 0) throw new MeasureError('invalid', 'a hyperedge has a weight below 0')
    groupValue[edge] = weight / Math.max(1, hypergraph.sizeOf(edge) - 1)
  }
  const adjacency = buildAdjacency(hypergraph.incidences('nodes'), run, { s: 1, groupValue })
  const communities = options.communities ?? louvain(adjacency, resolution, run)
  const count = communities.reduce((most, community) => Math.max(most, community + 1), 0)
  const top = new TopRows(run.rowsMax)
  for (let node = 0; node < communities.length; node++) {
    top.offer(-(communities[node] as number), node)
  }
  const { firsts, values } = top.sorted()
  return {
    columns: [
      itemColumn('nodes', firsts),
      { name: 'community', type: 'integer', values: values.map((value) => 0 - value) },
    ],
    rowCount: communities.length,
    summary: {
      modularity: graphModularity(adjacency, communities, { count, resolution, run }),
      hypergraph_modularity: strictModularity(hypergraph, communities, { count, options, run }),
      communities: count,
    },
    approximate:
      options.communities === undefined ? 'communities found by the Louvain method' : null,
  }
}

/** Σ over communities of inner / total − resolution · (strength / total)², weights counted both ways. */
function graphModularity(
  { itemCount, offsets, neighbours, weights }: Adjacency,
  communities: Uint32Array,
  { count, resolution, run }: { count: number; resolution: number; run: Run },
): number | null {
  const inner = run.budget.float64(count)
  const strengths = run.budget.float64(count)
  let total = 0
  for (let node = 0; node < itemCount; node++) {
    const own = communities[node] as number
    const end = offsets[node + 1] as number
    for (let place = offsets[node] as number; place < end; place++) {
      const weight = weights[place] as number
      total += weight
      strengths[own] = (strengths[own] as number) + weight
      if (communities[neighbours[place] as number] !== own) continue
      inner[own] = (inner[own] as number) + weight
    }
  }
  if (total === 0) return null
  let sum = 0
  for (let community = 0; community < count; community++) {
    const share = (strengths[community] as number) / total
    sum += (inner[community] as number) / total - resolution * share * share
  }
  return sum
}

/** Σ w of hyperedges within one community, less what volumes let expect, as a share of Σ w. */
function strictModularity(
  hypergraph: Hypergraph,
  communities: Uint32Array,
  given: { count: number; options: ModularityOptions; run: Run },
): number | null {
  const { weighted, resolution } = given.options
  const { edgeCount, edgeOffsets, edgeNodes } = hypergraph
  const volumes = given.run.budget.float64(given.count)
  const weightOfSize = new Map<number, number>()
  let volume = 0
  let total = 0
  let inner = 0
  for (let edge = 0; edge < edgeCount; edge++) {
    const size = hypergraph.sizeOf(edge)
    if (size < 2) continue
    const weight = weighted ? hypergraph.weightOf(edge) : 1
    weightOfSize.set(size, (weightOfSize.get(size) ?? 0) + weight)
    volume += weight * size
    total += weight
    const from = edgeOffsets[edge] as number
    const first = communities[edgeNodes[from] as number] as number
    let isInner = true
    for (let at = from; at < from + size; at++) {
      const community = communities[edgeNodes[at] as number] as number
      volumes[community] = (volumes[community] as number) + weight
      if (community !== first) isInner = false
    }
    if (isInner) inner += weight
  }
  if (total === 0) return null
  let expected = 0
  for (const [size, weight] of [...weightOfSize].sort(([a], [b]) => a - b)) {
    let chance = 0
    for (const own of volumes) chance += (own / volume) ** size
    expected += weight * chance
  }
  return (inner - resolution * expected) / total
}
