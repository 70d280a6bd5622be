import { z } from 'zod'

export const objectHead = z.object({
  key: z.string(),
  bytes: z.number().int(),
  etag: z.string(),
  modifiedAt: z.string().describe('RFC 3339, UTC'),
})
export type ObjectHead = z.infer<typeof objectHead>

export const objectPage = z.object({
  objects: z.array(objectHead),
  next: z.string().nullable().describe('pass as `after` for the next page; null at the end'),
})
export type ObjectPage = z.infer<typeof objectPage>

export const objectListQuery = z.strictObject({
  prefix: z.string().default(''),
  after: z.string().default(''),
  limit: z.coerce.number().int().min(1).optional(),
})
