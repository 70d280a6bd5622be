import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import type { IngestReceipt } from '@hypermesh/contract'
import type { Fetch } from '@hypermesh/kit'
import { expect, test } from 'vitest'
import { openPlatform, type Platform, withDirectory } from './_platform.ts'

const segmentBytes = 1024 * 1024
const rows = 120_000

/** Some 4 MB; types are told by less than the first segment. */
function csv(options: { readonly end?: string; readonly last?: string } = {}): string {
  const { end = '\n', last = '' } = options
  const lines = Array.from({ length: rows }, (_, n) => `${n},name ${n % 97},${n / 8},2024-01-01`)
  return `id,name,amount,day${end}${lines.join(end)}${end}${last}`
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += 65_536) {
    yield bytes.subarray(at, at + 65_536)
    await nextTurn()
  }
}

/** What a load leaves: the table's columns and rows, or what is said to be wrong. */
async function outcomeOf(platform: Platform, text: string, name = 'n.t') {
  try {
    const receipt = await platform.client.ingest(name, { body: chunksOf(text), format: 'csv' })
    return { receipt, content: await contentOf(platform, name) }
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return { error: { code, message } }
  }
}

async function contentOf(platform: Platform, name: string) {
  const { metadata } = await platform.client.loadTable(name)
  const files = join(platform.root, 'warehouse', name.replace('.', '/'), 'data', '*.parquet')
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  const reader = await duckdb.runAndReadAll(
    `SELECT count(*) AS n, bit_xor(hash(COLUMNS(*)))::VARCHAR FROM read_parquet('${files}', union_by_name = true)`,
  )
  duckdb.closeSync()
  return { schema: metadata.schemas.at(-1)?.fields, rows: reader.getRowsJson() }
}

const figures = ({
  files: _,
  bytesWritten: __,
  elapsedMs: ___,
  snapshotId: ____,
  ...rest
}: IngestReceipt) => rest

async function withBoth(work: (ahead: Platform, whole: Platform) => Promise<void>): Promise<void> {
  await withDirectory(async (root) => {
    await using ahead = await openPlatform(join(root, 'ahead'), { segmentBytes })
    await using whole = await openPlatform(join(root, 'whole'), { segmentBytes: 0 })
    await work(ahead, whole)
    expect(await ahead.leftovers()).toEqual([])
  })
}

test.each([
  ['', csv(), rows],
  ['with CRLF', csv({ end: '\r\n' }), rows],
  ['without a line end at its end', csv({ last: '1,x,2,2024-01-01' }), rows + 1],
  ['with quotes', csv({ last: '1,"a, ""b""",2,2024-01-01\n,"",,\n' }), rows + 2],
])('a file %s that is loaded while it arrives is what it is as a whole', (_, text, count) =>
  withBoth(async (ahead, whole) => {
    const [first, other] = [await outcomeOf(ahead, text), await outcomeOf(whole, text)]
    if (first.receipt === undefined || other.receipt === undefined) throw first.error ?? other.error
    expect(first.receipt.files).toBeGreaterThan(1)
    expect(first.receipt.rows).toBe(count)
    expect(other.receipt.files).toBe(1)
    expect(figures(first.receipt)).toEqual(figures(other.receipt))
    expect(first.content).toEqual(other.content)
    expect((await outcomeOf(ahead, text)).receipt).toMatchObject({ result: 'already-loaded' })
  }),
)

const line = '1,x,1.5,2024-01-01\n'

test.each([
  ['a number that does not fit its type', '1.5,x,2,2024-01-01\n'],
  ['a text where numbers are', 'x,x,x,x\n'],
  ['a missing number in quotes', '"",x,2,2024-01-01\n'],
  ['a row with too few fields', `${line}1,2\n${line}`],
  ['a quote that does not end', `${line}1,"x,2,2024-01-01\n${line}`],
  ['line ends in quotes', `1,"a\nb",2,2024-01-01\n`.repeat(120_000)],
  ['two kinds of line ends', '1,x,2,2024-01-01\r\n'.repeat(120_000)],
  ['a zero byte', '1,\u0000,2,2024-01-01\n'],
])('a file with %s at its end is loaded, or refused, as it is as a whole', (_, last) =>
  withBoth(async (ahead, whole) => {
    const text = csv({ last })
    const [first, other] = [await outcomeOf(ahead, text), await outcomeOf(whole, text)]
    expect(first.error).toEqual(other.error)
    expect(first.content).toEqual(other.content)
    expect(first.receipt && figures(first.receipt)).toEqual(other.receipt && figures(other.receipt))
  }),
)

test('a table that changes while a file is loaded ahead is met as it is then', () =>
  withDirectory(async (root) => {
    let change: (() => Promise<unknown>) | undefined
    const catalogThrough =
      (inner: Fetch): Fetch =>
      async (request, context) => {
        // Asked for by the first segment, before the rest has arrived.
        const reply = await inner(request, context)
        const isFirst = request.method === 'GET' && request.url.includes('/tables/')
        const now = isFirst ? change : undefined
        if (now === undefined) return reply
        change = undefined
        await now()
        return reply
      }
    await using platform = await openPlatform(root, { segmentBytes, catalogThrough })
    await platform.client.ingest('n.t', { body: 'id,name\n1,x\n', format: 'csv' })
    change = () => platform.client.ingest('n.t', { body: 'id,note\n2,y\n', format: 'csv' })
    const { receipt, error } = await outcomeOf(platform, csv())
    expect(error).toBeUndefined()
    expect(receipt).toMatchObject({ result: 'committed', rows })
    const { metadata } = await platform.client.loadTable('n.t')
    const names = metadata.schemas.at(-1)?.fields.map((field) => [field.name, field.type])
    expect(names).toEqual([
      ['id', 'long'],
      ['name', 'string'],
      ['note', 'string'],
      ['amount', 'double'],
      ['day', 'date'],
    ])
    expect((await platform.client.listTables()).tables).toMatchObject([{ rows: rows + 2 }])
    expect(await platform.leftovers()).toEqual([])
  }))
