import { z } from 'zod'
import type { Long } from './iceberg/table-metadata.ts'

/** A 64-bit integer in our own replies: a JSON number while exact, a decimal string beyond. */
export const wireLong = z.union([z.number().int(), z.string().regex(/^-?\d{16,19}$/)])
export type WireLong = z.infer<typeof wireLong>

export function toWireLong(value: Long): WireLong {
  return typeof value === 'bigint' && !Number.isSafeInteger(Number(value))
    ? String(value)
    : Number(value)
}
