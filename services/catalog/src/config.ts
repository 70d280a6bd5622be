import { z } from 'zod'

/** The table `[catalog]` of lakehouse.toml. */
export const catalogConfigSchema = z.strictObject({
  checkpointEvery: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .describe('commits between two checkpoints of the commit log'),
})
