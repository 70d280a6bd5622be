import { createHash, type Hash } from 'node:crypto'
import {
  type GraphTimeUnit,
  HyperMeshError,
  headers,
  insertHyperedgesQuery,
  insertHyperedgesRequest,
  printable,
} from '@hypermesh/contract'
import { type Durability, readArrow, type TableSchema } from '@hypermesh/engine'
import { readBody, readQuery, type Visit } from '@hypermesh/kit'
import { assertBatch } from '../hyperedge-rows.ts'
import { readRows } from './answers.ts'

/** Hyperedges to insert, unchecked as yet. */
export interface Batch {
  readonly rows: readonly unknown[]
  readonly hasLongs: boolean
  readonly unit: GraphTimeUnit
  readonly durability: Durability
  /** Of the body and what it means, under an `Idempotency-Key`. */
  readonly keyed: { readonly key: string; readonly digest: string } | undefined
}

/** The body of an insert: JSON, NDJSON of such objects, or an Arrow stream. */
export async function readBatch(c: Visit, schema: TableSchema): Promise<Batch> {
  const key = c.req.header(headers.idempotencyKey)
  const digest = key === undefined ? undefined : createHash('sha256')
  const batch = await readForm(c, schema, digest)
  digest?.update(`${batch.form} ${batch.unit}`)
  const keyed = key === undefined ? undefined : { key, digest: digest?.digest('base64url') ?? '' }
  return { ...batch, keyed }
}

type Form = Omit<Batch, 'keyed'> & { readonly form: 'json' | 'ndjson' | 'arrow' }

async function readForm(c: Visit, schema: TableSchema, digest: Hash | undefined): Promise<Form> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/x-ndjson') {
    const bytes = await bytesOf(c)
    digest?.update(bytes)
    const text = textOf(bytes)
    const hasLongs = text.includes('"int"')
    return { form: 'ndjson', rows: parseLines(text), hasLongs, ...termsOf(c) }
  }
  if (type === 'application/vnd.apache.arrow.stream') {
    const bytes = await bytesOf(c)
    digest?.update(bytes)
    const rows: unknown[] = []
    for await (const row of readArrow(inOnePiece(bytes), schema)) {
      rows.push(row)
      // Said before all of a small file of many rows is held as objects.
      if (rows.length > c.var.limits.graphBatchMax) assertBatch(rows.length, c.var.limits)
    }
    return { form: 'arrow', rows, hasLongs: false, ...termsOf(c), unit: 'ms' }
  }
  const { request, hasLongs } = await readRows(c, insertHyperedgesRequest, digest)
  const { hyperedges: rows, time_unit: unit, durability } = request
  return { form: 'json', rows, hasLongs, unit, durability }
}

function termsOf(c: Visit): Pick<Batch, 'unit' | 'durability'> {
  const { time_unit: unit, durability } = readQuery(c, insertHyperedgesQuery)
  return { unit, durability }
}

function bytesOf(c: Visit): Promise<Uint8Array> {
  const { limits, signal } = c.var
  const bytesMax = limits.graphBodyBytesMax
  return readBody(c.req.raw, { bytesMax, limit: 'graph_body_bytes_max', signal })
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new HyperMeshError('invalid', 'the body is not UTF-8', { cause: error })
  }
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}

function parseLines(text: string): unknown[] {
  const rows: unknown[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    try {
      rows.push(JSON.parse(line))
    } catch (error) {
      const reason = error instanceof Error ? printable(error.message) : 'unreadable'
      throw new HyperMeshError('invalid', `line ${index + 1} is not JSON: ${reason}`, {
        cause: error,
      })
    }
  }
  return rows
}
