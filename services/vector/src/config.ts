import { totalmem } from 'node:os'
import { z } from 'zod'
import { embeddingConfigSchema } from './text/embedding-config.ts'

const mib = 1024 * 1024

/** The table `[vector]` of lakehouse.toml. */
export const vectorConfigSchema = z.strictObject({
  memoryBytes: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('memory of the vectors of all indexes, in bytes; 0: half of the machine’s'),
  checkpointLogBytes: z
    .number()
    .int()
    .min(1024)
    .default(8 * mib)
    .describe('bytes of a log before the file of its index is written anew'),
  checkpointLogShare: z
    .number()
    .min(0)
    .max(10)
    .default(0.2)
    .describe('and at least this share of the file'),
  followMs: z
    .number()
    .int()
    .min(10)
    .max(3_600_000)
    .default(1000)
    .describe('how often indexes look whether the tables that they follow have changed'),
  compactDeadShare: z
    .number()
    .min(0.01)
    .max(1)
    .default(0.25)
    .describe('share of deleted and replaced points at which an index is compacted'),
  embedding: embeddingConfigSchema,
})

export type VectorSettings = z.infer<typeof vectorConfigSchema>

export function memoryBytesOf(settings: VectorSettings): number {
  return settings.memoryBytes === 0 ? Math.floor(totalmem() / 2) : settings.memoryBytes
}
