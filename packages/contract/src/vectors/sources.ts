import { z } from 'zod'
import { wireLong } from '../wire-long.ts'

const column = z.string().min(1).max(255)

/** Which table an index follows, and what of it: one of `vector` and `text`. */
export const vectorSourceRequest = z.strictObject({
  table: z.string().describe('namespace.table'),
  key: column.describe('column of whole numbers, texts or UUIDs: the ids of the points'),
  vector: column.optional().describe('column of lists of numbers'),
  text: column.optional().describe('column of texts, from which the index makes its vectors'),
  metadata: z.array(column).default([]).describe('columns that the points have as metadata'),
  mode: z
    .enum(['follow', 'manual'])
    .default('follow')
    .describe('manual: only when it is told to; see …/source/sync'),
  onBadRows: z
    .enum(['fail', 'skip'])
    .default('fail')
    .describe('rows that make no point, as without a vector: stop at them, or leave them out'),
  replace: z
    .boolean()
    .default(false)
    .describe('the index may have points of its own: those that the table lacks are removed'),
})
export type VectorSourceRequest = z.input<typeof vectorSourceRequest>

export const vectorSourceStates = ['current', 'behind', 'indexing', 'failed'] as const

export const badSourceRow = z.object({
  key: z.union([z.number(), z.string(), z.null()]).describe('as far as it can be told'),
  reason: z.string(),
})
export type BadSourceRow = z.infer<typeof badSourceRow>

export const vectorSource = z.object({
  index: z.string(),
  table: z.string(),
  key: z.string(),
  vector: z.string().optional(),
  text: z.string().optional(),
  metadata: z.array(z.string()),
  mode: z.enum(['follow', 'manual']),
  onBadRows: z.enum(['fail', 'skip']),
  state: z.enum(vectorSourceStates).describe('failed: see lastError'),
  snapshotId: wireLong.nullable().describe('of the table, that the index has whole'),
  partialSnapshotId: wireLong
    .optional()
    .describe('of which it has some rows too, until they are all in'),
  currentSnapshotId: wireLong
    .nullable()
    .optional()
    .describe('of the table; absent where nobody can tell'),
  snapshotsBehind: z.number().int().optional().describe('absent where the history does not say'),
  rowsBehind: z.number().int().optional().describe('absent unless rows were only appended'),
  points: z.number().int(),
  badRows: z.object({ count: z.number().int(), samples: z.array(badSourceRow) }),
  repeatedKeys: z
    .number()
    .int()
    .describe('rows whose key another row had before; the last one loaded counts'),
  syncedAt: z.string().nullable(),
  lastError: z
    .object({
      code: z.string(),
      message: z.string(),
      at: z.string(),
      details: z.unknown().optional(),
    })
    .optional(),
})
export type VectorSource = z.infer<typeof vectorSource>
