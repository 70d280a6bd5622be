import type { Computation } from './computation.ts'
import { cliqueNumber } from './measures/clique-number.ts'
import { degree, edgeSize, uniformity } from './measures/degree.ts'
import { density } from './measures/density.ts'
import { isolatedEdges, isolatedNodes } from './measures/isolated.ts'
import { modularity } from './measures/modularity.ts'
import { temporalMotifs } from './measures/motifs.ts'
import { overlappingCoefficient, sAdjacency } from './measures/overlap.ts'
import { pagerank } from './measures/pagerank.ts'
import { pairwiseClustering } from './measures/pairwise-clustering.ts'
import { redundancy } from './measures/redundancy.ts'
import { harmonicCentrality, sBetweenness, sCloseness } from './measures/s-centrality.ts'
import { sComponents, sDiameter, sDistance } from './measures/s-walks.ts'
import { algebraicConnectivity, spectralGap } from './measures/spectrum.ts'
import { temporalActivity, temporalBurstiness } from './measures/temporal.ts'
import { zhouClustering } from './measures/zhou-clustering.ts'

/** What a worker thread can do, by the names of the measures. Their options were checked before. */
export const computations = {
  degree,
  edge_size: edgeSize,
  density,
  uniformity,
  overlapping_coefficient: overlappingCoefficient,
  redundancy,
  isolated_nodes: isolatedNodes,
  isolated_edges: isolatedEdges,
  s_adjacency: sAdjacency,
  s_distance: sDistance,
  s_components: sComponents,
  s_diameter: sDiameter,
  s_betweenness: sBetweenness,
  s_closeness: sCloseness,
  harmonic_centrality: harmonicCentrality,
  pagerank,
  pairwise_clustering: pairwiseClustering,
  zhou_clustering: zhouClustering,
  clique_number: cliqueNumber,
  modularity,
  spectral_gap: spectralGap,
  algebraic_connectivity: algebraicConnectivity,
  temporal_activity: temporalActivity,
  temporal_burstiness: temporalBurstiness,
  temporal_motifs: temporalMotifs,
  // biome-ignore lint/suspicious/noExplicitAny: each takes the options that its own schema checked.
} satisfies Record<string, Computation<any>>

export type MeasureName = keyof typeof computations
