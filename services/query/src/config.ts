import { availableParallelism, totalmem } from 'node:os'
import { isAbsolute } from 'node:path'
import { z } from 'zod'

const mib = 1024 * 1024

/** The table `[query]` of lakehouse.toml. */
export const queryConfigSchema = z.strictObject({
  threads: z
    .number()
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe('threads of all statements together; 0: one for each core'),
  memoryBytes: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('memory of all statements together, in bytes; 0: a quarter of the machine’s'),
  spillBytes: z
    .number()
    .int()
    .min(0)
    .default(64 * 1024 * mib)
    .describe('disk for what memory does not hold of all statements together, in bytes'),
  virtualRoots: z
    .array(z.string().refine(isAbsolute, 'must be an absolute path'))
    .max(100)
    .default([])
    .describe('directories whose files virtual tables may be made of'),
})

export type QueryConfig = z.infer<typeof queryConfigSchema>

export function threadsOf(config: QueryConfig): number {
  return config.threads === 0 ? availableParallelism() : config.threads
}

export function memoryBytesOf(config: QueryConfig): number {
  if (config.memoryBytes !== 0) return Math.max(config.memoryBytes, 64 * mib)
  return Math.max(Math.floor(totalmem() / 4), 256 * mib)
}
