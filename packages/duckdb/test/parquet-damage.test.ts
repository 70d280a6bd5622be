import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parsePageHeader } from '../src/parquet-page-header.ts'
import { LoadBench } from './_lake-files.ts'

/*
 * The fixtures were written by pyarrow 25 with `write_page_checksum=True`: 300 rows of i (0 … 299),
 * s ("name " and i % 7) and d (i / 3).
 */
let bench: LoadBench
beforeAll(async () => {
  bench = await LoadBench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

const fixture = (name: string) => readFile(new URL(`fixtures/${name}.parquet`, import.meta.url))

/** Where the pages end: the footer's length stands before the last four bytes. */
function footerStart(bytes: Buffer): number {
  return bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8)
}

/** Every byte that a checksum covers: the pages lie one after another from byte 4 to the footer. */
function pageBytes(bytes: Buffer): number[] {
  const covered: number[] = []
  for (let at = 4; at < footerStart(bytes); ) {
    const header = parsePageHeader(bytes.subarray(at))
    if (header === undefined || header === 'cut') throw new Error(`no page header at ${at}`)
    const body = at + header.headerBytes
    at = body + header.bodyBytes
    for (let byte = body; byte < at; byte += 1) covered.push(byte)
  }
  return covered
}

/** What a load makes of the bytes: its rows as text, or the code of its error. */
async function outcome(bytes: Uint8Array): Promise<string> {
  try {
    const rows = await bench.load('x.parquet', bytes)
    return JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
  } catch (error) {
    return `error ${(error as { code?: string }).code}`
  }
}

describe.each(['page-checksums-snappy', 'page-checksums-zstd'])('%s', (name) => {
  test('is loaded whole', async () => {
    const rows = await bench.load('x.parquet', await fixture(name))
    expect(rows).toHaveLength(300)
    expect(rows[299]).toEqual({ i: 299n, s: 'name 5', d: 299 / 3 })
  })

  test('a flipped bit in a page is an error', async () => {
    const bytes = await fixture(name)
    const flip = fc.record({
      at: fc.constantFrom(...pageBytes(bytes)),
      bit: fc.integer({ min: 0, max: 7 }),
    })
    await fc.assert(
      fc.asyncProperty(flip, async ({ at, bit }) => {
        const flipped = Buffer.from(bytes)
        flipped.writeUInt8((flipped[at] ?? 0) ^ (1 << bit), at)
        expect(await outcome(flipped)).toBe('error invalid')
      }),
      { numRuns: 150 },
    )
  })
})

test('a flipped bit anywhere in a file without checksums never crashes and is never internal', async () => {
  const path = await bench.file('plain.parquet', '')
  await bench.session.run(
    `COPY (SELECT i, 'name ' || i % 7 AS s, [i] AS l FROM range(300) t(i)) TO '${path}' (FORMAT parquet)`,
  )
  const bytes = await readFile(path)
  const flip = fc.record({
    at: fc.integer({ min: 0, max: bytes.length - 1 }),
    bit: fc.integer({ min: 0, max: 7 }),
  })
  await fc.assert(
    fc.asyncProperty(flip, async ({ at, bit }) => {
      const flipped = Buffer.from(bytes)
      flipped.writeUInt8((flipped[at] ?? 0) ^ (1 << bit), at)
      expect(await outcome(flipped)).toMatch(
        /^\[|^error (invalid|invalid_name|unsupported|unsupported_media|too_large)$/,
      )
    }),
    {
      numRuns: 200,
      // In this file's footer: a type of fixed length without its length, logical types on the wrong
      // physical one, one that is unknown, a map of one column.
      examples: [
        [{ at: 3440, bit: 1 }],
        [{ at: 3430, bit: 1 }],
        [{ at: 3437, bit: 5 }],
        [{ at: 3447, bit: 4 }],
        [{ at: 3457, bit: 1 }],
      ],
    },
  )
})
