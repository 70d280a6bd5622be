import { z } from 'zod'

const of = z
  .enum(['nodes', 'hyperedges'])
  .default('nodes')
  .describe('hyperedges: the same of the dual, where hyperedges are joined by the nodes they share')
const s = z
  .number()
  .int()
  .min(1)
  .max(1_000_000)
  .default(1)
  .describe('adjacent are two that share at least so many hyperedges (of hyperedges: nodes)')
const seed = z.number().int().min(0).max(0xffff_ffff).default(0).describe('of the sample')
const weighted = z.boolean().default(false).describe('count hyperedges by their weight')
const sources = z
  .number()
  .int()
  .min(1)
  .max(1_000_000)
  .optional()
  .describe('estimate from so many searches, from items drawn at random; unsaid: exact')
const item = z.union([z.string(), z.number(), z.bigint()])

/** What each measure may be told beside the window; values are flat, so that a query string has them. */
export const measureOptions = {
  none: z.strictObject({}),
  degree: z.strictObject({ weighted }),
  adjacency: z.strictObject({ of, s }),
  ofSide: z.strictObject({ of }),
  overlap: z.strictObject({ s }),
  distance: z.strictObject({
    of,
    s,
    source: item.describe('a node, or the id of a hyperedge'),
    target: item,
  }),
  centrality: z.strictObject({ of, s, sources, seed }),
  pagerank: z.strictObject({
    weighted,
    damping: z.number().min(0).max(0.999999).default(0.85),
    iterations: z.number().int().min(1).max(10_000).default(100).describe('the most'),
    tolerance: z
      .number()
      .min(0)
      .max(1)
      .default(1e-10)
      .describe('ends once all ranks together change by less; 0: never'),
  }),
  zhouClustering: z.strictObject({
    pairs: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('estimate from so many pairs of hyperedges a node, drawn at random; unsaid: all'),
    seed,
  }),
  modularity: z.strictObject({
    weighted,
    resolution: z.number().min(0).max(1000).default(1),
    communities: z
      .array(z.tuple([item, z.union([z.string(), z.number()])]))
      .optional()
      .describe('node, community; other nodes are alone. Unsaid: found by the Louvain method'),
  }),
  spectrum: z.strictObject({
    weighted,
    tolerance: z
      .number()
      .min(1e-14)
      .max(0.1)
      .default(1e-9)
      .describe('of the residual, as a share of the greatest eigenvalue'),
    iterations: z.number().int().min(1).max(1_000_000).default(20_000).describe('the most'),
  }),
  activity: z.strictObject({
    bucket_ms: z
      .number()
      .min(0.001)
      .max(1e15)
      .optional()
      .describe('width of a bucket; unsaid: a hundredth of the time from first to last'),
  }),
  motifs: z.strictObject({
    size: z
      .union([z.literal(2), z.literal(3)])
      .default(3)
      .describe('hyperedges of a motif'),
    within_ms: z.number().min(0).max(1e15).describe('the longest time from its first to its last'),
  }),
} as const

type Options = typeof measureOptions
export type DegreeOptions = z.output<Options['degree']>
export type AdjacencyOptions = z.output<Options['adjacency']>
export type SideOptions = z.output<Options['ofSide']>
export type OverlapOptions = z.output<Options['overlap']>
/** Source and target as numbers of the hypergraph. */
export type DistanceOptions = AdjacencyOptions & {
  readonly source: number
  readonly target: number
}
export type CentralityOptions = z.output<Options['centrality']>
export type PagerankOptions = z.output<Options['pagerank']>
export type ZhouClusteringOptions = z.output<Options['zhouClustering']>
/** The community of each node, by its number; absent: to be found. */
export type ModularityOptions = Omit<z.output<Options['modularity']>, 'communities'> & {
  readonly communities?: Uint32Array
}
export type SpectrumOptions = z.output<Options['spectrum']>
export type ActivityOptions = z.output<Options['activity']>
export type MotifsOptions = z.output<Options['motifs']>
