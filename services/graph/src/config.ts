import { z } from 'zod'

const mib = 1024 * 1024

/** The table `[graph]` of lakehouse.toml. */
export const graphConfigSchema = z.strictObject({
  backupRoot: z
    .string()
    .min(1)
    .optional()
    .describe('directory of all backups; default: graph-backups of the data directory'),
  importRoot: z
    .string()
    .min(1)
    .optional()
    .describe('directory below which COPY FROM may read; without it nothing is read'),
  followMs: z
    .number()
    .int()
    .min(10)
    .max(3_600_000)
    .default(1000)
    .describe('how often feeds and publications look whether there is something new'),
  memtableBytes: z
    .number()
    .int()
    .min(mib)
    .default(128 * mib)
    .describe('memory of one database for commits that are not in segments yet'),
})

export type GraphSettings = z.infer<typeof graphConfigSchema>
