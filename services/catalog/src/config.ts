import { z } from 'zod'

const count = (value: number, max: number, text: string) =>
  z.number().int().min(1).max(max).default(value).describe(text)

/** The table `[catalog]` of lakehouse.toml. */
export const catalogConfigSchema = z.strictObject({
  checkpointEvery: count(100, 100_000, 'commits between two checkpoints of the commit log'),
  groupCommitMs: z
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(2)
    .describe('how long a small append waits for others into its table, to land as one commit'),
  groupCommitAppendsMax: count(64, 1000, 'most appends in one commit; 1: each alone'),
  groupCommitRowsMax: count(1_000_000, 1_000_000_000, 'rows of one commit of several appends'),
  groupCommitBytesMax: count(
    16 * 1024 * 1024,
    1024 * 1024 * 1024,
    'bytes of files of one commit of several appends; a larger one goes alone',
  ),
})

export type CatalogConfig = z.infer<typeof catalogConfigSchema>
