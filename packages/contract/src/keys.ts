import { z } from 'zod'
import { identifier } from './names.ts'
import { role } from './principal.ts'

export const keyRecord = z.object({
  id: z.string(),
  name: z.string(),
  role,
  cidrs: z.array(z.string()).describe('addresses that may use it; empty: any'),
  createdAt: z.string(),
  revokedAt: z.string().nullable(),
})
export type KeyRecord = z.infer<typeof keyRecord>

export const createKeyRequest = z.strictObject({
  name: identifier,
  role,
  cidrs: z.array(z.string().max(64)).max(100).default([]),
})
export type CreateKeyRequest = z.input<typeof createKeyRequest>

export const createdKey = keyRecord.extend({
  secret: z.string().describe('shown once; only its hash is stored'),
})
export type CreatedKey = z.infer<typeof createdKey>

export const keyList = z.object({ keys: z.array(keyRecord) })
