import { afterAll, beforeAll, expect, test } from 'vitest'
import { resultColumns } from '../src/result-columns.ts'
import { encodeResult } from '../src/result-encoder.ts'
import { LoadBench } from './_lake-files.ts'

let bench: LoadBench
beforeAll(async () => {
  bench = await LoadBench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

const sql = `SELECT i AS id, CASE WHEN i % 7 = 0 THEN NULL ELSE 'row ' || i END AS short,
  repeat('é', (i % 300)::INTEGER) AS long, i % 3 = 0 AS flag, i::DOUBLE / 3 AS part,
  (i::DECIMAL(20, 2) / 4)::DECIMAL(20, 3) AS amount, TIMESTAMP '2020-01-01' + to_seconds(i) AS at,
  [x * i for x in range(i % 4)] AS list, {'a': i, 'b': 'text ' || i} AS pair,
  MAP {'k' || i: i} AS map FROM range(10000) r(i)`

/** The body, in memory that held so many of one byte before. */
async function arrowBody(statement: string, old: number): Promise<Buffer> {
  const stream = await bench.session.stream(statement)
  const encoding = encodeResult(stream, {
    format: 'arrow',
    columns: resultColumns(stream.result),
    rowsMax: 1e9,
    bytesMax: 1e12,
    allocate: (bytes) => Buffer.alloc(bytes, old),
  })
  const pieces: Uint8Array[] = []
  for await (const piece of encoding) pieces.push(piece)
  return Buffer.concat(pieces)
}

test('Arrow says nothing of what its memory held before', async () => {
  const [zeros, ones] = [await arrowBody(sql, 0), await arrowBody(sql, 255)]
  expect(zeros.equals(ones)).toBe(true)
})

test('Arrow is read by the reader of loads, which checks every length and offset', async () => {
  const written = await bench.load('x.arrows', await arrowBody(sql, 255))
  const expected = await bench.session.rows(sql)
  expect(written).toEqual(expected)
})
