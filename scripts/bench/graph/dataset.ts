import type { GraphHyperedgeInput } from '@hypermesh/contract'
import { Random } from '../../../services/graph/src/analytics/random.ts'
import type { Dataset } from '../engine/dataset.ts'
import { synthetic } from '../engine/synthetic.ts'

export const edgeCount = 1_000_000
const nodeCount = 200_000

/** A million hyperedges of the engine's bench: mean arity near five, nodes of very different degree. */
export function benchData(): Dataset {
  return synthetic(edgeCount, nodeCount)
}

export function membersOf({ offsets, members }: Dataset, edge: number): number[] {
  return Array.from(members.subarray(offsets[edge], offsets[edge + 1]))
}

/** As it is inserted; its number is its key when that is asked for. */
export function hyperedgeOf(set: Dataset, edge: number): GraphHyperedgeInput {
  return {
    at: (set.ts[edge] as number) / 1000,
    members: membersOf(set, edge),
    weight: set.weight[edge] as number,
    props: { qty: set.qty[edge] as number, amt: set.amt[edge] as number },
  }
}

export type EdgesOf = ReadonlyMap<number, readonly number[]>

/** The hyperedges of each node that has any. */
export function edgesByNode(set: Dataset): EdgesOf {
  const edgesOf = new Map<number, number[]>()
  for (let edge = 0; edge < edgeCount; edge++) {
    for (const node of membersOf(set, edge)) {
      const edges = edgesOf.get(node)
      if (edges === undefined) edgesOf.set(node, [edge])
      else edges.push(edge)
    }
  }
  return edgesOf
}

/** Some of the nodes, one perhaps more than once. */
export function drawNodes(edgesOf: EdgesOf, count: number, seed: number): number[] {
  const random = new Random(seed)
  const nodes = [...edgesOf.keys()]
  return Array.from({ length: count }, () => nodes[random.below(nodes.length)] as number)
}
