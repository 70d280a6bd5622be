import { availableParallelism, totalmem } from 'node:os'
import { isAbsolute } from 'node:path'
import { z } from 'zod'

const mib = 1024 * 1024

/** The table `[ingest]` of lakehouse.toml. */
export const ingestConfigSchema = z.strictObject({
  allowedRoots: z
    .array(z.string().refine(isAbsolute, 'must be an absolute path'))
    .max(100)
    .default([])
    .describe('directories whose files may be loaded where they lie (source=…)'),
  segmentBytes: z
    .number()
    .int()
    .min(0)
    .default(128 * mib)
    .describe('bytes of an upload after which it is loaded while it arrives; 0: once it has'),
  threads: z
    .number()
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe('threads of all loads together; 0: one for each core'),
  memoryBytes: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('memory of all loads together, in bytes; 0: a quarter of the machine’s'),
  spillBytes: z
    .number()
    .int()
    .min(0)
    .default(64 * 1024 * mib)
    .describe('disk for what memory does not hold of all loads together, in bytes'),
})

export type IngestConfig = z.infer<typeof ingestConfigSchema>

export function threadsOf(config: IngestConfig): number {
  return config.threads === 0 ? availableParallelism() : config.threads
}

export function memoryBytesOf(config: IngestConfig): number {
  if (config.memoryBytes !== 0) return Math.max(config.memoryBytes, 64 * mib)
  return Math.max(Math.floor(totalmem() / 4), 256 * mib)
}
