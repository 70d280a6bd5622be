import type { z } from 'zod'
import type { ColumnType } from './computation.ts'
import type { MeasureName } from './computations.ts'
import type { Need } from './load-hypergraph.ts'
import { measureOptions as options } from './options.ts'

export interface MeasureDefinition {
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly source: string
  readonly options: z.ZodObject
  readonly columns: Readonly<Record<string, ColumnType>>
  readonly needs?: readonly Need[]
}

const aksoy =
  'Aksoy, Joslyn, Marrero, Praggastis, Purvine: Hypernetwork science via high-order hypergraph walks, EPJ Data Science 9 (2020)'
const zhou =
  'Zhou, Huang, Schölkopf: Learning with hypergraphs: clustering, classification, and embedding, NIPS (2006)'
const bretto = 'Bretto: Hypergraph Theory, Springer (2013)'
const goh = 'Goh, Barabási: Burstiness and memory in complex systems, Europhysics Letters 81 (2008)'
const lee = 'Lee, Choe, Shin: How do hyperedges overlap in real-world hypergraphs?, WWW (2021)'
const opsahl = 'Wasserman, Faust: Social Network Analysis, Cambridge University Press (1994)'

/** What each measure is called, means, takes and gives; the source is what defines it. */
export const measureDefinitions: Readonly<Record<MeasureName, MeasureDefinition>> = {
  degree: {
    aliases: ['node_degree'],
    summary: 'hyperedges of each node',
    source: zhou,
    options: options.degree,
    columns: { node: 'node', degree: 'integer' },
    needs: ['weight'],
  },
  edge_size: {
    aliases: ['size'],
    summary: 'nodes of each hyperedge',
    source: bretto,
    options: options.none,
    columns: { hyperedge_id: 'hyperedge', size: 'integer' },
  },
  density: {
    summary: 'how much of what could be there is there',
    source: `${lee}; Hu, Xu, Blumensath, Wu: Mapping and modelling hypergraph density (2008)`,
    options: options.none,
    columns: {
      density: 'double',
      incidence_density: 'double',
      edges_per_node: 'double',
      distinct_hyperedges: 'integer',
    },
  },
  uniformity: {
    summary: 'whether all hyperedges have one size, and the share of the most frequent size',
    source: bretto,
    options: options.none,
    columns: {
      uniform: 'boolean',
      size: 'integer',
      share: 'double',
      smallest: 'integer',
      largest: 'integer',
    },
  },
  overlapping_coefficient: {
    aliases: ['overlap'],
    summary: 'what pairs of hyperedges have in common, as a share of the smaller one',
    source: `Simpson: Mammals and the nature of continents, American Journal of Science 241 (1943); of the whole: ${lee}`,
    options: options.overlap,
    columns: { hyperedge_id: 'hyperedge', other: 'hyperedge', overlap: 'double' },
  },
  redundancy: {
    summary: 'the share of the pairs of a node’s hyperedges that another node links as well',
    source:
      'Latapy, Magnien, Del Vecchio: Basic notions for the analysis of large two-mode networks, Social Networks 30 (2008)',
    options: options.ofSide,
    columns: { node: 'node', redundancy: 'double' },
  },
  isolated_nodes: {
    summary: 'nodes that are in no hyperedge with another node',
    source: bretto,
    options: options.none,
    columns: { node: 'node' },
  },
  isolated_edges: {
    summary: 'hyperedges that share no node with another hyperedge',
    source: bretto,
    options: options.none,
    columns: { hyperedge_id: 'hyperedge' },
  },
  s_adjacency: {
    summary: 'pairs that have at least s in common',
    source: aksoy,
    options: options.adjacency,
    columns: { node: 'node', other: 'node', shared: 'integer' },
  },
  s_distance: {
    summary: 'the shortest s-walk from one to another',
    source: aksoy,
    options: options.distance,
    columns: { step: 'integer', node: 'node' },
  },
  s_components: {
    summary: 'what hangs together by s-walks; the largest component is 0',
    source: aksoy,
    options: options.adjacency,
    columns: { node: 'node', component: 'integer', size: 'integer' },
  },
  s_diameter: {
    summary: 'the longest of the shortest s-walks',
    source: aksoy,
    options: options.centrality,
    columns: { source: 'node', target: 'node', distance: 'integer' },
  },
  s_betweenness: {
    aliases: ['betweenness'],
    summary: 'the share of the pairs of others whose shortest s-walks lead over it',
    source: `${aksoy}; Brandes: A faster algorithm for betweenness centrality (2001)`,
    options: options.centrality,
    columns: { node: 'node', betweenness: 'double', pairs: 'double' },
  },
  s_closeness: {
    aliases: ['closeness'],
    summary: 'the inverse of the mean s-distance to others, times the share that can be reached',
    source: `${aksoy}; ${opsahl}; sampled: Eppstein, Wang: Fast approximation of centrality (2004)`,
    options: options.centrality,
    columns: { node: 'node', closeness: 'double' },
  },
  harmonic_centrality: {
    aliases: ['s_harmonic'],
    summary: 'the sum of the inverse s-distances to others',
    source: `Marchiori, Latora: Harmony in the small-world, Physica A 285 (2000); ${aksoy}`,
    options: options.centrality,
    columns: { node: 'node', harmonic: 'double', share: 'double' },
  },
  pagerank: {
    summary: 'where a random walk over hyperedges, with jumps, spends its time',
    source: `Page, Brin, Motwani, Winograd: The PageRank citation ranking (1999), on the walk of ${zhou}`,
    options: options.pagerank,
    columns: { node: 'node', pagerank: 'double' },
    needs: ['weight'],
  },
  pairwise_clustering: {
    aliases: ['clustering'],
    summary: 'the share of the pairs of a node’s neighbours that are neighbours',
    source: 'Watts, Strogatz: Collective dynamics of small-world networks, Nature 393 (1998)',
    options: options.none,
    columns: { node: 'node', clustering: 'double', neighbours: 'integer' },
  },
  zhou_clustering: {
    summary: 'the mean extra overlap of the pairs of a node’s hyperedges',
    source:
      'Zhou, Nakhleh: Properties of metabolic graphs: biological organization or representation artifacts?, BMC Bioinformatics 12 (2011)',
    options: options.zhouClustering,
    columns: { node: 'node', clustering: 'double' },
  },
  clique_number: {
    summary: 'the most nodes that are pairwise together in hyperedges',
    source:
      'Tomita, Seki: An efficient branch-and-bound algorithm for finding a maximum clique (2003)',
    options: options.none,
    columns: { node: 'node' },
  },
  modularity: {
    summary: 'how much more hyperedges stay within communities than chance would have it',
    source:
      'Newman: Physical Review E 69 (2004); Kamiński, Poulin, Prałat, Szufel, Théberge: Clustering via hypergraph modularity, PLoS ONE 14 (2019); Blondel et al.: Fast unfolding of communities (2008)',
    options: options.modularity,
    columns: { node: 'node', community: 'integer' },
    needs: ['weight'],
  },
  spectral_gap: {
    summary: 'the second least eigenvalue of the normalised Laplacian',
    source: zhou,
    options: options.spectrum,
    columns: { spectral_gap: 'double' },
    needs: ['weight'],
  },
  algebraic_connectivity: {
    summary: 'the second least eigenvalue of the Laplacian',
    source:
      'Fiedler: Algebraic connectivity of graphs (1973); Rodríguez: On the Laplacian spectrum and walk-regular hypergraphs, Linear and Multilinear Algebra 51 (2003)',
    options: options.spectrum,
    columns: { algebraic_connectivity: 'double' },
    needs: ['weight'],
  },
  temporal_activity: {
    aliases: ['activity'],
    summary: 'hyperedges, nodes and new nodes by span of time',
    source: 'Holme, Saramäki: Temporal networks, Physics Reports 519 (2012)',
    options: options.activity,
    columns: {
      bucket: 'timestamp',
      hyperedges: 'integer',
      incidences: 'integer',
      nodes: 'integer',
      new_nodes: 'integer',
    },
    needs: ['at'],
  },
  temporal_burstiness: {
    aliases: ['burstiness'],
    summary: 'how bursty the times between a node’s hyperedges are, and how they follow each other',
    source: goh,
    options: options.none,
    columns: { node: 'node', burstiness: 'double', memory: 'double', events: 'integer' },
    needs: ['at'],
  },
  temporal_motifs: {
    aliases: ['motifs'],
    summary: 'how often two or three hyperedges that hang together come within a span of time',
    source:
      'Lee, Shin: THyMe+: temporal hypergraph motifs and fast algorithms for exact counting, ICDM (2021)',
    options: options.motifs,
    columns: { motif: 'text', regions: 'text', count: 'integer' },
    needs: ['at'],
  },
}
