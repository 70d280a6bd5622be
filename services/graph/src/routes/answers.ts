import type { Hash } from 'node:crypto'
import { readJson, type Visit, type WholeBody, wholeResponse } from '@hypermesh/kit'
import type { z } from 'zod'
import type { InsertReceipt } from '../keyed-inserts.ts'

const json = { 'content-type': 'application/json' }

/** JSON that is text or bytes already; such bytes are the answer's from here on. */
export function jsonWhole(whole: string | Uint8Array, status = 200): Response {
  // Memory of this process, never shared between threads.
  return wholeResponse(whole as WholeBody, { status, headers: json })
}

/** The fields of every answer to a write. */
export function receiptText(receipt: Omit<InsertReceipt, 'ids'>): string {
  const { seq, committedAt, inserted, updated, deleted, duplicates } = receipt
  const at = new Date(committedAt).toISOString()
  const counts = `"inserted":${inserted},"updated":${updated},"deleted":${deleted}`
  return `"seq":${seq},"committed_at":"${at}",${counts},"duplicates":${duplicates}`
}

/** A body of rows, and whether there may be integers as `{"int": "<digits>"}` among them; `digest` gets its text. */
export async function readRows<Schema extends z.ZodType>(
  c: Visit,
  schema: Schema,
  digest?: Hash,
): Promise<{ readonly request: z.output<Schema>; readonly hasLongs: boolean }> {
  let hasLongs = false
  const parse = (text: string): unknown => {
    hasLongs = text.includes('"int"')
    digest?.update(text)
    return JSON.parse(text)
  }
  return { request: await readJson(c, schema, { parse }), hasLongs }
}
