import { z } from 'zod'
import { identifier } from '../names.ts'

/** How an index makes vectors of texts. */
export const vectorEmbeddingRequest = z.strictObject({
  provider: identifier
    .default('static')
    .describe(
      '"static": English word vectors that work offline, for trying out; or one of [vector] embedding',
    ),
  model: z.string().min(1).max(200).optional().describe('refused when the provider has another'),
  field: z
    .string()
    .min(1)
    .max(255)
    .describe('the text field of which a point without a vector gets its own'),
})

export const vectorEmbedding = z.object({
  provider: z.string(),
  model: z.string().describe('texts are refused once the provider has another'),
  field: z.string(),
})
export type VectorEmbedding = z.infer<typeof vectorEmbedding>

export const vectorSearchModes = ['vector', 'bm25', 'hybrid'] as const
export type VectorSearchMode = (typeof vectorSearchModes)[number]

const weight = z.number().min(0).max(1000).default(1)

export const vectorHybrid = z.strictObject({
  rankConstant: z
    .number()
    .min(0)
    .max(1_000_000)
    .default(60)
    .describe('a hit at rank r of a list counts weight ÷ (constant + r)'),
  vectorWeight: weight,
  textWeight: weight,
  candidates: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('hits of either list that are fused; default: four times k, at least 100'),
})

export const vectorBm25 = z.strictObject({
  fields: z
    .array(z.string().min(1))
    .min(1)
    .max(256)
    .optional()
    .describe('default: all text fields'),
  operator: z.enum(['or', 'and']).default('or').describe('points with any of the words, or all'),
  prefix: z.boolean().default(false).describe('words that begin with one of the query count too'),
  fuzzy: z
    .union([z.literal(0), z.literal(1), z.literal(2)])
    .default(0)
    .describe('words that differ by so many letters count too'),
})

/** What a search by text adds to one by vector. */
export const vectorTextSearch = {
  text: z.string().min(1).optional().describe('in place of a vector: its embedding, or its words'),
  texts: z.array(z.string().min(1)).min(1).optional().describe('several at once, as of vectors'),
  mode: z
    .enum(vectorSearchModes)
    .optional()
    .describe('of a text: by its vector (default), by its words, or by both with fused ranks'),
  hybrid: vectorHybrid.optional().describe('makes the mode hybrid'),
  bm25: vectorBm25.optional().describe('how words are looked for'),
}

export const vectorRanks = z
  .object({ vector: z.number().int().optional(), text: z.number().int().optional() })
  .describe('from 1, in the list of each side that has it')

export const vectorTextStats = z.object({
  fields: z.array(z.string()),
  points: z.number().int().describe('with a word'),
  words: z.number().int().describe('different ones'),
  memoryBytes: z.number().int(),
})
