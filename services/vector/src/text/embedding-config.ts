import { identifier } from '@hypermesh/contract'
import { secret } from '@hypermesh/kit'
import { z } from 'zod'
import { staticProviderName } from './static-embeddings.ts'

const endpoint = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('of the API, up to its version'),
    model: z.string().min(1).max(200),
    api_key: secret.optional(),
    dimension: z.number().int().min(1).max(4096),
    batch_texts: z.number().int().min(1).max(2048).default(64),
    timeout_ms: z.number().int().min(1).max(600_000).default(30_000).describe('of one attempt'),
    attempts: z.number().int().min(1).max(10).default(4),
  })
  .transform(({ api_key, batch_texts, timeout_ms, ...rest }) => ({
    ...rest,
    apiKey: api_key,
    batchTexts: batch_texts,
    timeoutMs: timeout_ms,
  }))

/** The key `embedding` of `[vector]`: OpenAI-compatible endpoints by name, `[vector.embedding.NAME]`. */
export const embeddingConfigSchema = z
  .record(identifier, endpoint)
  .refine((endpoints) => !Object.hasOwn(endpoints, staticProviderName), {
    message: `"${staticProviderName}" is the embedded one; give an endpoint another name`,
  })
  .default({})
  .describe(
    `endpoints that make vectors of texts, by name; "${staticProviderName}" is always there: English words, offline`,
  )
export type EmbeddingConfig = z.infer<typeof embeddingConfigSchema>
