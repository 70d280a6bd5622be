import { breadthFirst } from '../breadth-first.ts'
import { type Computation, type Outcome, oneRow, type Run } from '../computation.ts'
import type { Hypergraph } from '../hypergraph.ts'
import { greatestEigenvalue, norm, type SymmetricOperator, scale } from '../krylov-schur.ts'
import type { SpectrumOptions } from '../options.ts'
import { nodeDegrees } from './degree.ts'
import { edgeShares } from './pagerank.ts'

/**
 * The second least eigenvalue of the normalised Laplacian I − Dv^−½ H W De^−1 Hᵀ Dv^−½ (Zhou, Huang
 * and Schölkopf 2006): what the random walk's greatest eigenvalue, 1, is ahead of the next.
 */
export const spectralGap: Computation<SpectrumOptions> = (hypergraph, options, run) => {
  const unclear = withoutSpectrum('spectral_gap', hypergraph, run)
  if (unclear !== undefined) return unclear
  const { weighted, tolerance, iterations: iterationsMax } = options
  const perEdge = edgeShares(hypergraph, weighted, run)
  const degrees = nodeDegrees(hypergraph, weighted, run)
  const inverseRoots = degrees.map((value) => (value > 0 ? 1 / Math.sqrt(value) : 0))
  const scaled = run.budget.float64(hypergraph.nodeCount)
  const walk: SymmetricOperator = {
    order: hypergraph.nodeCount,
    apply(source, target) {
      for (let node = 0; node < scaled.length; node++) {
        scaled[node] = (source[node] as number) * (inverseRoots[node] as number)
      }
      target.fill(0)
      addOverHyperedges(hypergraph, perEdge, scaled, target)
      for (let node = 0; node < scaled.length; node++) {
        target[node] = (target[node] as number) * (inverseRoots[node] as number)
      }
    },
  }
  const stationary = degrees.map((value) => Math.sqrt(Math.max(0, value)))
  scale(stationary, 1 / norm(stationary))
  const found = greatestEigenvalue(walk, stationary, { tolerance, iterationsMax, run })
  return outcome('spectral_gap', Math.max(0, 1 - found.value), {
    ...found,
    isFound: found.residual <= tolerance,
  })
}

/**
 * The second least eigenvalue (Fiedler 1973) of the Laplacian D − A, where A counts for each pair of
 * nodes the hyperedges with both (Rodríguez 2003).
 */
export const algebraicConnectivity: Computation<SpectrumOptions> = (hypergraph, options, run) => {
  const unclear = withoutSpectrum('algebraic_connectivity', hypergraph, run)
  if (unclear !== undefined) return unclear
  const { weighted, iterations: iterationsMax } = options
  const { nodeCount, edgeCount } = hypergraph
  const weights = run.budget.float64(edgeCount)
  const reach = run.budget.float64(nodeCount)
  for (let edge = 0; edge < edgeCount; edge++) {
    weights[edge] = weighted ? hypergraph.weightOf(edge) : 1
  }
  // Row v of D + diagonal of HWHᵀ: Σ w(e)·|e| over its hyperedges.
  const sizes = run.budget.float64(nodeCount).fill(1)
  addOverHyperedges(hypergraph, weights, sizes, reach)
  const bound = 2 * reach.reduce((most, value) => Math.max(most, value), 0)
  const laplacian: SymmetricOperator = {
    order: nodeCount,
    // The greatest of bound − L is the least of L.
    apply(source, target) {
      for (let node = 0; node < nodeCount; node++) {
        target[node] = (bound - (reach[node] as number)) * (source[node] as number)
      }
      addOverHyperedges(hypergraph, weights, source, target)
    },
  }
  const even = run.budget.float64(nodeCount).fill(1 / Math.sqrt(nodeCount))
  const tolerance = options.tolerance * bound
  const found = greatestEigenvalue(laplacian, even, { tolerance, iterationsMax, run })
  return outcome('algebraic_connectivity', Math.max(0, bound - found.value), {
    ...found,
    isFound: found.residual <= tolerance,
  })
}

/** target += H · diag(perEdge) · Hᵀ · source */
function addOverHyperedges(
  { edgeCount, edgeOffsets, edgeNodes }: Hypergraph,
  perEdge: Float64Array,
  source: Float64Array,
  target: Float64Array,
): void {
  let from = 0
  for (let edge = 0; edge < edgeCount; edge++) {
    const end = edgeOffsets[edge + 1] as number
    let sum = 0
    for (let at = from; at < end; at++) sum += source[edgeNodes[at] as number] as number
    const share = sum * (perEdge[edge] as number)
    for (let at = from; at < end; at++) {
      const node = edgeNodes[at] as number
      target[node] = (target[node] as number) + share
    }
    from = end
  }
}

/** Null of fewer than two nodes, 0 of what does not hang together: no eigenvalue is to be found. */
function withoutSpectrum(name: string, hypergraph: Hypergraph, run: Run): Outcome | undefined {
  const { nodeCount } = hypergraph
  const value = nodeCount < 2 ? null : 0
  if (nodeCount >= 2) {
    const walks = breadthFirst(hypergraph, { of: 'nodes', s: 1 }, run)
    if (walks.search(0) === nodeCount) return undefined
  }
  const summary = { connected: nodeCount === 1, residual: 0, iterations: 0, converged: true }
  return oneRow({ [name]: ['double', value] }, summary)
}

function outcome(
  name: string,
  value: number,
  found: { readonly residual: number; readonly iterations: number; readonly isFound: boolean },
): Outcome {
  const { residual, iterations, isFound } = found
  const summary = { connected: true, residual, iterations, converged: isFound }
  return {
    ...oneRow({ [name]: ['double', value] }, summary),
    approximate: isFound ? null : `an upper bound: ended after ${iterations} iterations`,
  }
}
