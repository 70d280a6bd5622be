import { z } from 'zod'

/** The warehouse has moved, or will be read under another URI. */
export const relocateRequest = z.strictObject({
  from: z.string().max(4096).describe('the recorded URI of the warehouse, or a prefix of it'),
  to: z.string().max(4096).describe('what stands in its place'),
  apply: z.boolean().default(false).describe('false: only tell what would be done'),
})
export type RelocateRequest = z.output<typeof relocateRequest>

const count = z.number().int()

export const relocateReply = z.object({
  from: z.string(),
  to: z.string(),
  applied: z.boolean(),
  tables: count,
  views: count,
  manifests: count,
  manifestLists: count,
  positionDeleteFiles: count.describe('their rows hold URIs, too'),
  dataFiles: count.describe('looked for and found'),
  blockers: z.array(z.object({ name: z.string(), reason: z.string() })),
})
export type RelocateReply = z.infer<typeof relocateReply>
