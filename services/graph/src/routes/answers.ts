import type { CommitReceipt } from '@hypermesh/engine'
import { readJson, wholeResponse } from '@hypermesh/kit'
import type { z } from 'zod'
import type { Visit } from './requests.ts'

const json = { 'content-type': 'application/json' }

/** JSON that is text already. */
export function jsonText(text: string, status = 200): Response {
  return wholeResponse(text, { status, headers: json })
}

/** The fields of every answer to a write. */
export function receiptText(receipt: CommitReceipt): string {
  const { seq, committedAt, inserted, updated, deleted, duplicates } = receipt
  const at = new Date(committedAt).toISOString()
  const counts = `"inserted":${inserted},"updated":${updated},"deleted":${deleted}`
  return `"seq":${seq},"committed_at":"${at}",${counts},"duplicates":${duplicates}`
}

/** A body of rows, and whether there may be integers as `{"int": "<digits>"}` among them. */
export async function readRows<Schema extends z.ZodType>(
  c: Visit,
  schema: Schema,
): Promise<{ readonly request: z.output<Schema>; readonly hasLongs: boolean }> {
  let hasLongs = false
  const parse = (text: string): unknown => {
    hasLongs = text.includes('"int"')
    return JSON.parse(text)
  }
  return { request: await readJson(c, schema, { parse }), hasLongs }
}
