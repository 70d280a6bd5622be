import type { ArrayBudget } from './array-budget.ts'

/**
 * A hypergraph as arrays that threads share. Hyperedge i has the nodes from `edgeOffsets[i]` up to
 * `edgeOffsets[i + 1]` of `edgeNodes`.
 * Invariant: hyperedges are in the order of time; the nodes of each ascend, each once.
 */
export interface HypergraphArrays {
  readonly nodeCount: number
  readonly edgeOffsets: Uint32Array
  readonly edgeNodes: Uint32Array
  /** Microseconds since 1970; empty where the measure has no use for it. */
  readonly edgeAt: Float64Array
  /** Empty: all weigh 1. */
  readonly edgeWeight: Float64Array
}

/** What a measure is of: the nodes, or the hyperedges, which are the nodes of the dual. */
export type Side = 'nodes' | 'hyperedges'

/**
 * Incidences both ways, so that one algorithm serves both sides: of nodes the items are nodes and
 * the groups hyperedges, of hyperedges the other way round. All lists ascend.
 */
export interface Incidences {
  readonly itemCount: number
  readonly groupCount: number
  readonly itemOffsets: Uint32Array
  readonly itemGroups: Uint32Array
  readonly groupOffsets: Uint32Array
  readonly groupItems: Uint32Array
}

/** A hypergraph within one thread; who is in what is worked out when it is first asked for. */
export class Hypergraph implements HypergraphArrays {
  readonly nodeCount: number
  readonly edgeCount: number
  readonly incidenceCount: number
  readonly edgeOffsets: Uint32Array
  readonly edgeNodes: Uint32Array
  readonly edgeAt: Float64Array
  readonly edgeWeight: Float64Array
  readonly #budget: ArrayBudget
  #ofNodes: Incidences | undefined

  constructor(arrays: HypergraphArrays, budget: ArrayBudget) {
    this.nodeCount = arrays.nodeCount
    this.edgeOffsets = arrays.edgeOffsets
    this.edgeNodes = arrays.edgeNodes
    this.edgeAt = arrays.edgeAt
    this.edgeWeight = arrays.edgeWeight
    this.edgeCount = arrays.edgeOffsets.length - 1
    this.incidenceCount = arrays.edgeOffsets[this.edgeCount] ?? 0
    this.#budget = budget
  }

  /** Of a hyperedge. */
  weightOf(edge: number): number {
    return this.edgeWeight[edge] ?? 1
  }

  sizeOf(edge: number): number {
    return (this.edgeOffsets[edge + 1] ?? 0) - (this.edgeOffsets[edge] ?? 0)
  }

  incidences(of: Side): Incidences {
    this.#ofNodes ??= this.#transpose()
    const nodes = this.#ofNodes
    if (of === 'nodes') return nodes
    return {
      itemCount: nodes.groupCount,
      groupCount: nodes.itemCount,
      itemOffsets: nodes.groupOffsets,
      itemGroups: nodes.groupItems,
      groupOffsets: nodes.itemOffsets,
      groupItems: nodes.itemGroups,
    }
  }

  /** By counting: hyperedges come in their order, so that each node's list ascends. */
  #transpose(): Incidences {
    const { nodeCount, edgeCount, incidenceCount, edgeOffsets, edgeNodes } = this
    const itemOffsets = this.#budget.uint32(nodeCount + 1)
    for (let at = 0; at < incidenceCount; at++) {
      const node = edgeNodes[at] as number
      itemOffsets[node + 1] = (itemOffsets[node + 1] as number) + 1
    }
    for (let node = 0; node < nodeCount; node++) {
      itemOffsets[node + 1] = (itemOffsets[node + 1] as number) + (itemOffsets[node] as number)
    }
    const itemGroups = this.#budget.uint32(incidenceCount)
    const next = itemOffsets.slice()
    for (let edge = 0; edge < edgeCount; edge++) {
      const end = edgeOffsets[edge + 1] as number
      for (let at = edgeOffsets[edge] as number; at < end; at++) {
        const node = edgeNodes[at] as number
        const place = next[node] as number
        itemGroups[place] = edge
        next[node] = place + 1
      }
    }
    return {
      itemCount: nodeCount,
      groupCount: edgeCount,
      itemOffsets,
      itemGroups,
      groupOffsets: edgeOffsets,
      groupItems: edgeNodes,
    }
  }
}
