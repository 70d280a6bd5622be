import { type Computation, oneRow } from '../computation.ts'
import { distinctSets } from '../distinct-sets.ts'

/**
 * Distinct hyperedges per possible one, m / (2ⁿ − 1); incidences per possible one, Σ|e| / (n·|E|);
 * hyperedges per node, |E| / n (Hu et al. 2008, as Lee et al. 2021 take it).
 */
export const density: Computation<unknown> = (hypergraph, _, run) => {
  const { nodeCount, edgeCount, incidenceCount } = hypergraph
  const { count } = distinctSets(hypergraph, run)
  const isEmpty = edgeCount === 0
  return oneRow({
    density: ['double', isEmpty ? null : count / (2 ** nodeCount - 1)],
    incidence_density: ['double', isEmpty ? null : incidenceCount / (nodeCount * edgeCount)],
    edges_per_node: ['double', isEmpty ? null : edgeCount / nodeCount],
    distinct_hyperedges: ['integer', count],
  })
}
