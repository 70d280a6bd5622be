import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ByteSink } from '../src/byte-sink.ts'
import { resultColumns } from '../src/result-columns.ts'
import { type EncodeOptions, encodeResult } from '../src/result-encoder.ts'
import { LoadBench } from './_lake-files.ts'

let bench: LoadBench
beforeAll(async () => {
  bench = await LoadBench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

async function encode(sql: string, format: EncodeOptions['format'], options = {}) {
  const stream = await bench.session.stream(sql)
  const columns = resultColumns(stream.result)
  const limits = { rowsMax: 1e9, bytesMax: 1e12, ...options }
  return encodeResult(stream, { format, columns, ...limits })
}

const mebibyte = 1024 * 1024

test.each([
  ['ndjson', 2 * mebibyte, (row: string) => `{"t":"${row}"}\n`],
  ['csv', 2 * mebibyte, (row: string) => `${row}\r\n`],
] as const)(
  'rows that share a large text are sent as %s piece by piece',
  async (format, most, rowOf) => {
    const hash = createHash('sha256')
    let bytes = 0
    let largest = 0
    const sql = "SELECT repeat('x', 30000) AS t FROM range(3000)"
    for await (const piece of await encode(sql, format)) {
      hash.update(bytes === 0 && format === 'csv' ? piece.subarray('t\r\n'.length) : piece)
      bytes += piece.length
      largest = Math.max(largest, piece.length)
    }
    expect(largest).toBeLessThan(most)
    const row = rowOf('x'.repeat(30_000))
    const expected = createHash('sha256')
    for (let index = 0; index < 3000; index += 1) expected.update(row)
    expect(hash.digest('hex')).toBe(expected.digest('hex'))
  },
)

test('a chunk of large rows becomes several record batches, with every row once', async () => {
  const sql = `SELECT i AS id, CASE WHEN i % 7 = 0 THEN NULL ELSE 'row ' || i END AS short,
    i % 3 = 0 AS flag, repeat('é', 6000) AS long, (i / 4)::DECIMAL(20, 3) AS amount,
    [x * i for x in range(i % 4)] AS list, {'a': i, 'b': ['text ' || i]} AS pair,
    MAP {'k' || i: i} AS map FROM range(2500) r(i)`
  const pieces: Uint8Array[] = []
  for await (const piece of await encode(sql, 'arrow')) pieces.push(piece)
  expect(pieces.length).toBeGreaterThan(2)
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(20 * mebibyte)
  const loaded = await bench.load('x.arrows', Buffer.concat(pieces))
  expect(loaded).toEqual(await bench.session.rows(sql))
})

test('rows that share a list of many items are sent piece by piece', async () => {
  const sql = 'SELECT l FROM (SELECT range(20000) AS l), range(2048)'
  const encoding = await encode(sql, 'arrow')
  let largest = 0
  for await (const piece of encoding) {
    largest = Math.max(largest, piece.length)
    if (largest > mebibyte) break
  }
  expect(largest).toBeGreaterThan(mebibyte)
  expect(largest).toBeLessThan(20 * mebibyte)
})

test.each(['json', 'arrow'] as const)('%s is cut at the last row that fits', async (format) => {
  const bytesMax = 3 * mebibyte
  const encoding = await encode("SELECT repeat('x', 30000) AS t FROM range(3000)", format, {
    bytesMax,
  })
  let next = await encoding.next()
  for (; !next.done; next = await encoding.next());
  const { rowCount, truncated, bytes } = next.value
  expect(truncated).toBe('bytes')
  expect(bytes).toBeLessThanOrEqual(bytesMax + 8)
  expect((rowCount + 1) * 30_300).toBeGreaterThan(bytesMax)
})

test('bytes that may not grow further are refused as too large', () => {
  const sink = new ByteSink(16)
  sink.lengthMax = 1000
  sink.ascii('x'.repeat(900))
  expect(() => sink.ascii('x'.repeat(10_000))).toThrow(
    expect.objectContaining({ code: 'too_large' }),
  )
  expect(sink.length).toBe(900)
  sink.ascii('x'.repeat(80))
  expect(() => sink.ascii('x'.repeat(80))).toThrow(expect.objectContaining({ code: 'too_large' }))
})
