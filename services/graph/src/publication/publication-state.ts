import { z } from 'zod'

const write = z.object({
  mode: z.enum(['append', 'overwrite']),
  /** Hyperedges that came after this commit, up to and with the next. */
  from: z.number().int(),
  to: z.number().int(),
  /** Under which it is sent, as often as it takes. */
  key: z.string(),
})
export type PublicationWrite = z.infer<typeof write>

/** As which table hyperedges are published, and how far that has come. */
export const publicationState = z.object({
  /** Whose this is: a restored copy under another name publishes nothing. */
  database: z.string(),
  table: z.string(),
  tableUuid: z.string(),
  nodes: z.enum(['text', 'number']),
  mode: z.enum(['follow', 'manual']),
  /** The commit that the table shows; null: it has not been written yet. */
  seq: z.number().int().nullable(),
  /** What was about to be written, so that whoever goes on writes just that, or finds it written. */
  pending: write.nullable(),
  snapshotId: z.string().nullable(),
  lastWrite: z.enum(['append', 'overwrite', 'none']).nullable(),
  publishedAt: z.string().nullable(),
})
export type PublicationState = z.infer<typeof publicationState>
