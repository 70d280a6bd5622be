import { z } from 'zod'
import { identifier } from '../names.ts'
import {
  vectorEmbedding,
  vectorEmbeddingRequest,
  vectorRanks,
  vectorTextSearch,
  vectorTextStats,
} from './text.ts'

export const vectorMetrics = ['cosine', 'l2', 'ip'] as const
export const vectorStorages = ['f32', 'f16', 'i8'] as const
export const vectorFieldTypes = [
  'keyword',
  'integer',
  'float',
  'boolean',
  'datetime',
  'text',
] as const
export type VectorMetric = (typeof vectorMetrics)[number]
export type VectorStorage = (typeof vectorStorages)[number]
export type VectorFieldType = (typeof vectorFieldTypes)[number]

/** A number or a text; 1 and "1" are two ids. */
export const vectorPointId = z.union([
  z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  z.string().min(1),
])
export type VectorPointId = z.infer<typeof vectorPointId>

/** Only that it is an array: its numbers are checked where they are copied, in one pass. */
const numbers = z
  .custom<readonly number[]>((value) => Array.isArray(value), 'must be an array of numbers')
  .meta({ type: 'array', items: { type: 'number' } })

/** Any JSON object; what is in it is checked where it is stored. */
const metadata = z
  .custom<Readonly<Record<string, unknown>>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  )
  .meta({ type: 'object' })

/**
 * Conditions over metadata, all of which must hold: `{"colour": "red"}`, `{"price": {"gte": 5,
 * "lt": 10}}` with eq, ne, lt, lte, gt, gte, in, exists, prefix; `and`, `or` of several, `not` of one.
 */
export const vectorFilter = metadata.describe(
  'conditions over metadata: {"price": {"gte": 5}, "colour": {"in": ["red"]}}; and, or, not',
)
export type VectorFilter = z.infer<typeof vectorFilter>

export const vectorFields = z
  .record(z.string().min(1).max(255), z.enum(vectorFieldTypes))
  .describe('types of metadata fields; one that is not declared takes any scalar')

export const createVectorIndexRequest = z.strictObject({
  dimension: z.number().int().min(1).optional().describe('default: what the embedding has'),
  metric: z.enum(vectorMetrics).default('cosine'),
  storage: z.enum(vectorStorages).optional().describe('default: f16 for cosine, else f32'),
  m: z.number().int().min(4).max(128).default(16).describe('links of a node'),
  efConstruction: z.number().int().min(8).max(2000).default(200).describe('effort of building'),
  fields: vectorFields.default({}),
  embedding: vectorEmbeddingRequest.optional().describe('makes vectors of texts'),
})
export type CreateVectorIndexRequest = z.input<typeof createVectorIndexRequest>

export const vectorIndexStates = ['ready', 'failed', 'damaged'] as const

export const vectorIndex = z.object({
  index: z.string(),
  state: z
    .enum(vectorIndexStates)
    .describe('failed: takes no writes until a restart; damaged: its files failed a check'),
  problem: z.string().optional(),
  dimension: z.number().int(),
  metric: z.enum(vectorMetrics),
  storage: z.enum(vectorStorages),
  m: z.number().int(),
  efConstruction: z.number().int(),
  fields: vectorFields,
  embedding: vectorEmbedding.optional(),
  points: z.number().int(),
  ids: z.object({ number: z.number().int(), text: z.number().int() }).describe('ids of each kind'),
  source: z.string().optional().describe('the table that it follows'),
  createdAt: z.string(),
})
export type VectorIndex = z.infer<typeof vectorIndex>
/** One that is damaged tells only what could be read of it. */
const listedIndex = vectorIndex.partial().required({ index: true, state: true })
export const vectorIndexes = z.object({ indexes: z.array(listedIndex) })

export const vectorPoint = z.strictObject({
  id: vectorPointId,
  vector: numbers
    .optional()
    .describe('left out: that of its text, where the index has an embedding; else what the id has'),
  metadata: metadata.optional().describe('left out: what the id has stays; {} clears'),
})
export type VectorPoint = z.infer<typeof vectorPoint>

export const writePointsRequest = z.strictObject({
  mode: z
    .enum(['upsert', 'add'])
    .default('upsert')
    .describe('add refuses all of them when one id is there already'),
  points: z.array(vectorPoint).min(1),
})
export type WritePointsRequest = z.input<typeof writePointsRequest>
/** Of a body of bytes: uint32 n, n uint64 ids, n × dimension float32, all little-endian. */
export const writePointsQuery = z.strictObject({ mode: z.enum(['upsert', 'add']).optional() })
export const writePointsReply = z.object({
  written: z.number().int(),
  added: z.number().int(),
  updated: z.number().int(),
  sequence: z.number().int().describe('of the log of this index'),
})
export type WritePointsReply = z.infer<typeof writePointsReply>

/** Not both, and not neither. */
export const deletePointsRequest = z.strictObject({
  ids: z.array(vectorPointId).min(1).optional(),
  filter: vectorFilter.optional(),
})
export type DeletePointsRequest = z.input<typeof deletePointsRequest>
export const deletePointsReply = z.object({ deleted: z.number().int() })

const wanted = {
  withVector: z.boolean().optional(),
  withMetadata: z.boolean().optional().describe('default: true'),
}

export const storedPoint = z.object({
  id: vectorPointId,
  vector: numbers.optional().describe('as stored: of unit length under cosine'),
  metadata: metadata.optional(),
})
export type StoredPoint = z.infer<typeof storedPoint>

export const getPointsRequest = z.strictObject({ ids: z.array(vectorPointId).min(1), ...wanted })
export type GetPointsRequest = z.input<typeof getPointsRequest>
export const getPointsReply = z.object({
  points: z.array(storedPoint).describe('in the order of the ids; one that is missing is left out'),
})
const flag = z.enum(['true', 'false']).transform((text) => text === 'true')
export const getPointQuery = z.strictObject({
  withVector: flag.optional(),
  withMetadata: flag.optional(),
})

export const scrollPointsRequest = z.strictObject({
  filter: vectorFilter.optional(),
  after: z.string().max(32).optional().describe('`next` of the page before'),
  limit: z.number().int().min(1).optional(),
  ...wanted,
})
export type ScrollPointsRequest = z.input<typeof scrollPointsRequest>
export const scrollPointsReply = z.object({
  points: z.array(storedPoint).describe('in the order in which they were last written'),
  next: z.string().nullable(),
})

export const countPointsRequest = z.strictObject({ filter: vectorFilter.optional() })
export const countPointsReply = z.object({ count: z.number().int() })

export const facetPointsRequest = z.strictObject({
  field: z.string().min(1),
  filter: vectorFilter.optional(),
  limit: z.number().int().min(1).max(10_000).default(10),
})
export type FacetPointsRequest = z.input<typeof facetPointsRequest>
export const facetPointsReply = z.object({
  values: z
    .array(
      z.object({
        value: z.union([z.string(), z.number(), z.boolean()]),
        count: z.number().int(),
      }),
    )
    .describe('the most frequent first'),
})

const ranking = {
  k: z.number().int().min(1).default(10),
  ef: z.number().int().min(1).optional().describe('effort of the search; at least k'),
  filter: vectorFilter.optional(),
  scoreThreshold: z.number().optional().describe('only hits with at least this score'),
  ...wanted,
}

export const vectorGroupBy = z.strictObject({
  field: z.string().min(1),
  groups: z.number().int().min(1).max(1000).default(10),
  groupSize: z.number().int().min(1).max(100).default(3),
})

/** One of `vector`, `vectors`, `text` and `texts`; in mode hybrid a vector may stand beside the text. */
export const searchVectorsRequest = z.strictObject({
  ...vectorTextSearch,
  vector: numbers.optional(),
  vectors: z.array(numbers).min(1).optional(),
  groupBy: vectorGroupBy.optional().describe('in place of k: the best of each value of a field'),
  ...ranking,
})
export type SearchVectorsRequest = z.input<typeof searchVectorsRequest>
/** Of a body of float32, little-endian: one query or several, one behind the other. */
export const searchVectorsQuery = z.strictObject({
  k: z.coerce.number().int().min(1).optional(),
  ef: z.coerce.number().int().min(1).optional(),
  filter: z.string().optional().describe('JSON'),
  scoreThreshold: z.coerce.number().optional(),
  withVector: flag.optional(),
  withMetadata: flag.optional(),
})

export const vectorHit = z.object({
  id: vectorPointId,
  score: z
    .number()
    .describe('larger is better: cosine, inner product, 1 / (1 + distance); BM25; fused ranks'),
  distance: z
    .number()
    .optional()
    .describe('of a search by vector: 1 − cosine, squared Euclidean, or 1 − inner product'),
  ranks: vectorRanks.optional().describe('of a hybrid search'),
  vector: numbers.optional(),
  metadata: metadata.optional(),
})
export type VectorHit = z.infer<typeof vectorHit>
const hits = z.array(vectorHit)
export const vectorGroup = z.object({
  value: z.union([z.string(), z.number(), z.boolean()]),
  hits,
})
export const searchVectorsReply = z.object({
  hits: hits.optional().describe('of one query'),
  groups: z.array(vectorGroup).optional().describe('of one query with groupBy'),
  results: z.array(z.object({ hits })).optional().describe('of several queries, in their order'),
})
export type SearchVectorsReply = z.infer<typeof searchVectorsReply>

export const recommendVectorsRequest = z.strictObject({
  positive: z.array(vectorPointId).min(1).describe('more like these'),
  negative: z.array(vectorPointId).default([]).describe('less like these'),
  ...ranking,
})
export type RecommendVectorsRequest = z.input<typeof recommendVectorsRequest>
export const recommendVectorsReply = z.object({ hits })

export const mergeVectorsRequest = z.strictObject({ from: identifier })
export const mergeVectorsReply = z.object({
  added: z.number().int(),
  updated: z.number().int(),
  unchanged: z.number().int(),
})

export const createVectorSnapshotRequest = z.strictObject({
  snapshot: identifier.optional().describe('its name; without one it is named by the time'),
})
export const vectorSnapshot = z.object({
  snapshot: z.string(),
  bytes: z.number().int(),
  createdAt: z.string(),
})
export type VectorSnapshot = z.infer<typeof vectorSnapshot>
export const vectorSnapshots = z.object({ snapshots: z.array(vectorSnapshot) })
export const restoreVectorIndexRequest = z.strictObject({
  snapshot: identifier,
  from: identifier.optional().describe('another index whose snapshot it is'),
})

export const vectorStats = vectorIndex.extend({
  texts: vectorTextStats.optional().describe('of an index with text fields'),
  deadSlots: z.number().int().describe('of points deleted or replaced, until a compaction'),
  memoryBytes: z.number().int().describe('of vectors and graph'),
  fileBytes: z.number().int(),
  logBytes: z.number().int(),
  generation: z.number().int().describe('how often the file was written anew'),
  sequence: z.number().int(),
  compactions: z.number().int().describe('since the start'),
  compacting: z.boolean(),
  knownFields: z.array(
    z.object({
      field: z.string(),
      types: z.array(z.string()),
      points: z.number().int().describe('that have had a value, dead ones until compacted'),
    }),
  ),
})
export type VectorStats = z.infer<typeof vectorStats>

export const compactVectorsReply = z.object({ removed: z.number().int() })
