import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LoadBench, numbered, typesOf } from './_lake-files.ts'

let bench: LoadBench
beforeAll(async () => {
  bench = await LoadBench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

async function parquet(select: string, options = ''): Promise<Buffer> {
  const path = await bench.file('made.parquet', '')
  await bench.session.run(`COPY (${select}) TO '${path}' (FORMAT parquet${options})`)
  return readFile(path)
}

test('every type finds its place or is refused', async () => {
  const bytes = await parquet(`SELECT 1::TINYINT i1, 1::USMALLINT u2, 1::UINTEGER u4,
    18446744073709551615::UBIGINT u8, 1.5::FLOAT f, 1.5 d, true b, 'x' s, '\\xFF'::BLOB bl,
    uuid '00000000-0000-0000-0000-00000000000a' u, date '2020-01-01' dt, time '10:00:00' tm,
    timestamp '2020-01-01' ts, timestamp_s '2020-01-01' tss, timestamp_ms '2020-01-01' tsm,
    timestamp_ns '2020-01-01 00:00:00.000001' tsn, timestamptz '2020-01-01 00:00:00Z' tz,
    interval 1 day iv, 'a'::ENUM('a', 'b') e, [1, 2]::INTEGER[2] a, map {'k': [1]} m,
    {'x': {'y': 1::UBIGINT}} st`)
  const source = await bench.infer('x.parquet', bytes)
  expect(typesOf(source)).toMatchObject({
    i1: 'int',
    u2: 'int',
    u4: 'long',
    u8: 'decimal(20, 0)',
    f: 'float',
    d: 'decimal(2, 1)',
    b: 'boolean',
    s: 'string',
    bl: 'binary',
    u: 'uuid',
    dt: 'date',
    tm: 'time',
    ts: 'timestamp',
    tss: 'timestamp',
    tsm: 'timestamp',
    tsn: 'timestamp',
    tz: 'timestamptz',
    iv: 'string',
    e: 'string',
  })
  const [file] = await bench.copy(source)
  const back = await bench.session.rows(
    `SELECT u8::VARCHAR u8, e, a, m, st.x.y::VARCHAR y FROM read_parquet('${file?.path}')`,
  )
  expect(back).toMatchObject([{ u8: '18446744073709551615', e: 'a', a: [1, 2], y: '1' }])
})

test('field ids stand at every level of the file', async () => {
  const bytes = await parquet(`SELECT 1 AS "a b", {'x': [1], 'y"z': map {'k': {'v': 1}}} AS s`)
  const source = await bench.infer('x.parquet', bytes)
  const columns = numbered(source.columns)
  const [file] = await bench.copy(source, columns)
  const rows = await bench.session.rows(
    `SELECT name, field_id FROM parquet_schema('${file?.path}') WHERE field_id IS NOT NULL`,
  )
  expect(rows.map((row) => row.name)).toEqual([
    'a b',
    's',
    'x',
    'element',
    'y"z',
    'key',
    'value',
    'v',
  ])
  expect(new Set(rows.map((row) => row.field_id)).size).toBe(8)
})

test('nanoseconds are kept where exact to the microsecond, else refused, nested too', async () => {
  const exact = await parquet(`SELECT timestamp_ns '2020-01-01 00:00:00.123456' t,
    [{'n': timestamp_ns '2020-01-01 00:00:00.1'}, NULL] l, NULL::TIMESTAMP_NS z`)
  const source = await bench.infer('x.parquet', exact)
  const [file] = await bench.copy(source)
  const [row] = await bench.session.rows(
    `SELECT t::VARCHAR t, l::VARCHAR l, z FROM read_parquet('${file?.path}')`,
  )
  expect(row).toEqual({
    t: '2020-01-01 00:00:00.123456',
    l: "[{'n': '2020-01-01 00:00:00.1'}, NULL]",
    z: null,
  })
  for (const select of [
    `SELECT timestamp_ns '2020-01-01 00:00:00.123456789' t`,
    `SELECT [{'n': timestamp_ns '2020-01-01 00:00:00.123456789'}] t`,
    `SELECT map {'k': timestamp_ns '2020-01-01 00:00:00.123456789'} t`,
  ]) {
    const work = bench.load('x.parquet', await parquet(select))
    await expect(work).rejects.toMatchObject({ code: 'invalid' })
  }
})

test('an override casts', async () => {
  const bytes = await parquet('SELECT 1 AS a, 2 AS b')
  const rows = await bench.load('x.parquet', bytes, { types: { a: 'VARCHAR' } })
  expect(rows).toEqual([{ a: '1', b: 2 }])
})

test('no rows write no file', async () => {
  expect(await bench.load('x.parquet', await parquet('SELECT 1 AS a WHERE false'))).toEqual([])
})

test('a large result is split into files of the size asked for', async () => {
  const bytes = await parquet('SELECT i, hash(i) AS h FROM range(1_500_000) t(i)')
  const source = await bench.infer('x.parquet', bytes)
  const { copyToParquet } = await import('@hypermesh/duckdb')
  const { mkdtemp } = await import('node:fs/promises')
  const files = await copyToParquet(bench.session, {
    source,
    columns: numbered(source.columns),
    directory: await mkdtemp(`${bench.directory}/split-`),
    fileBytesTarget: 4_000_000,
  })
  expect(files.length).toBeGreaterThan(1)
  expect(files.reduce((sum, file) => sum + file.rows, 0)).toBe(1_500_000)
})

describe('what is refused', () => {
  test('columns of one name', async () => {
    const bytes = await parquet('SELECT 1 AS ab, 2 AS ac')
    const text = bytes.toString('latin1').replaceAll('ac', 'aB')
    const work = bench.load('x.parquet', Buffer.from(text, 'latin1'))
    await expect(work).rejects.toMatchObject({ code: 'invalid', message: /"ab" and "aB"/ })
  })

  test('text that calls itself Parquet, and Parquet that calls itself CSV', async () => {
    await expect(bench.load('x.parquet', 'a,b\n1,2\n')).rejects.toMatchObject({ code: 'invalid' })
    const bytes = await parquet('SELECT 1 AS a')
    await expect(bench.load('x.csv', bytes)).rejects.toMatchObject({
      code: 'invalid',
      message: /is Parquet, not csv/,
    })
  })

  test('a file cut anywhere', async () => {
    const bytes = await parquet('SELECT i, i::VARCHAR AS s FROM range(1000) t(i)')
    for (let kept = 1; kept < bytes.length; kept += Math.ceil(bytes.length / 40)) {
      const work = bench.load('x.parquet', bytes.subarray(0, kept))
      await expect(work).rejects.toMatchObject({ code: 'invalid' })
    }
  })
})
