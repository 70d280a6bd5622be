import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as arrow from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LoadBench, typesOf } from './_lake-files.ts'

let bench: LoadBench
beforeAll(async () => {
  bench = await LoadBench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

const fixture = (name: string) => readFile(join(import.meta.dirname, 'fixtures', name))

/** A column from values of a type, null where they are. */
function column(type: arrow.DataType, values: readonly unknown[]): arrow.Vector {
  return arrow.vectorFromArray(values as never, type)
}

/** A column of fixed width from the numbers as they lie in memory; the second is null. */
function raw(type: arrow.DataType, data: ArrayBufferView, length: number): arrow.Vector {
  const nullBitmap = Uint8Array.of(0b1111_1101)
  return new arrow.Vector([
    arrow.makeData({ type, length, nullCount: 1, nullBitmap, data } as never) as arrow.Data,
  ])
}

function write(columns: Record<string, arrow.Vector>, format: 'file' | 'stream' = 'file') {
  return Buffer.from(arrow.tableToIPC(new arrow.Table(columns as never), format))
}

async function text(columns: Record<string, arrow.Vector>) {
  const path = await loadedPath(write(columns))
  return bench.session.rows(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet('${path}')`)
}

async function loadedPath(bytes: Buffer): Promise<string> {
  const [file] = await bench.copy(await bench.infer('x.arrow', bytes))
  return file?.path ?? ''
}

const long = (...values: bigint[]) => BigInt64Array.from(values)

test('numbers, texts, times and their nulls arrive as they were written', async () => {
  const rows = await text({
    flag: column(new arrow.Bool(), [true, null, false]),
    tiny: column(new arrow.Int8(), [-128, null, 127]),
    u32: column(new arrow.Uint32(), [0, null, 4294967295]),
    u64: column(new arrow.Uint64(), [0n, null, 18446744073709551615n]),
    half: raw(new arrow.Float16(), Uint16Array.of(0x3e00, 0, 0x7c00), 3),
    float: column(new arrow.Float32(), [1.5, null, Number.NEGATIVE_INFINITY]),
    double: column(new arrow.Float64(), [0.1, null, Number.NaN]),
    word: column(new arrow.Utf8(), ['héllo', null, '']),
    large: column(new arrow.LargeUtf8(), ['a'.repeat(40), null, 'ü']),
    bytes: column(new arrow.Binary(), [Uint8Array.of(0, 255), null, Uint8Array.of()]),
    fixed: column(new arrow.FixedSizeBinary(2), [Uint8Array.of(1, 2), null, Uint8Array.of(3, 4)]),
    day: raw(new arrow.DateDay(), Int32Array.of(0, 0, 19_000), 3),
    millis: raw(new arrow.DateMillisecond(), long(86_400_000n, 0n, -86_400_000n), 3),
    time: raw(new arrow.TimeMillisecond(), Int32Array.of(1, 0, 86_399_999), 3),
    nanotime: raw(new arrow.TimeNanosecond(), long(1000n, 1n, 0n), 3),
    seconds: raw(new arrow.TimestampSecond(), long(1n, 0n, -1n), 3),
    micros: raw(new arrow.TimestampMicrosecond(), long(1n, 0n, -1n), 3),
    nanos: raw(new arrow.TimestampNanosecond(), long(1000n, 1n, -1000n), 3),
    zoned: raw(new arrow.TimestampMillisecond('Europe/Berlin'), long(1n, 0n, -1n), 3),
    none: arrow.vectorFromArray([null, null, null], new arrow.Null()),
  })
  expect(rows[0]).toEqual({
    flag: 'true',
    tiny: '-128',
    u32: '0',
    u64: '0',
    half: '1.5',
    float: '1.5',
    double: '0.1',
    word: 'héllo',
    large: 'a'.repeat(40),
    bytes: '\\x00\\xFF',
    fixed: '\\x01\\x02',
    day: '1970-01-01',
    millis: '1970-01-02',
    time: '00:00:00.001',
    nanotime: '00:00:00.000001',
    seconds: '1970-01-01 00:00:01',
    micros: '1970-01-01 00:00:00.000001',
    nanos: '1970-01-01 00:00:00.000001',
    zoned: '1970-01-01 00:00:00.001+00',
    none: null,
  })
  expect(new Set(Object.values(rows[1] ?? {}))).toEqual(new Set([null]))
  expect(rows[2]).toMatchObject({
    tiny: '127',
    u64: '18446744073709551615',
    half: 'inf',
    float: '-inf',
    double: 'nan',
    word: '',
    large: 'ü',
    day: '2022-01-08',
    millis: '1969-12-31',
    time: '23:59:59.999',
    seconds: '1969-12-31 23:59:59',
    nanos: '1969-12-31 23:59:59.999999',
  })
})

test('decimals of any width, intervals and extension types have their stated place', async () => {
  const words = (...values: bigint[]) => {
    const view = new DataView(new ArrayBuffer(values.length * 16))
    for (const [at, value] of values.entries()) {
      view.setBigInt64(16 * at, BigInt.asIntN(64, value), true)
      view.setBigInt64(16 * at + 8, value >> 64n, true)
    }
    return new Uint32Array(view.buffer)
  }
  const uuid = new arrow.Field('id', new arrow.FixedSizeBinary(16), true)
  uuid.metadata.set('ARROW:extension:name', 'arrow.uuid')
  const id = Uint8Array.from({ length: 16 }, (_, index) => index)
  const columns = {
    small: raw(new arrow.Decimal(2, 4, 128), words(-9999n, 0n), 2),
    wide: raw(new arrow.Decimal(3, 38, 128), words(10n ** 38n - 1n, 0n), 2),
    months: raw(new arrow.IntervalYearMonth(), Int32Array.of(14, 0), 2),
    days: raw(new arrow.IntervalDayTime(), Int32Array.of(3, 1500, 0, 0), 2),
    span: raw(new arrow.DurationMillisecond(), long(90_000n, 0n), 2),
  }
  expect(await text(columns)).toEqual([
    {
      small: '-99.99',
      wide: `${'9'.repeat(35)}.999`,
      months: '1 year 2 months',
      days: '3 days 00:00:01.5',
      span: '00:01:30',
    },
    { small: null, wide: null, months: null, days: null, span: null },
  ])
  const schema = new arrow.Schema([uuid])
  const data = arrow.makeData({
    type: new arrow.Struct([uuid]),
    length: 1,
    children: [arrow.makeData({ type: uuid.type as arrow.FixedSizeBinary, length: 1, data: id })],
  })
  const table = new arrow.Table(schema, [new arrow.RecordBatch(schema, data)])
  const source = await bench.infer('u.arrow', Buffer.from(arrow.tableToIPC(table, 'file')))
  expect(typesOf(source)).toEqual({ id: 'uuid' })
  const [file] = await bench.copy(source)
  const [row] = await bench.session.rows(`SELECT id::VARCHAR id FROM read_parquet('${file?.path}')`)
  expect(row).toEqual({ id: '00010203-0405-0607-0809-0a0b0c0d0e0f' })
})

test('lists, structs, maps and dictionaries keep their nulls at every level', async () => {
  const item = new arrow.Field('item', new arrow.Int32(), true)
  const member = new arrow.Field('member', new arrow.Utf8(), true)
  const list = new arrow.List(item)
  const struct = new arrow.Struct([member, new arrow.Field('items', list, true)])
  const map = new arrow.Map_(
    new arrow.Field(
      'entries',
      new arrow.Struct([
        new arrow.Field('key', new arrow.Utf8(), false),
        new arrow.Field('value', new arrow.Int32(), true),
      ]),
      false,
    ) as never,
  )
  const words = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int16())
  const nested = new arrow.List(new arrow.Field('item', struct, true))
  const rows = await text({
    list: column(list, [[1, null, 3], null, []]),
    large: column(new arrow.LargeList(item), [[4], null, [5, 6]]),
    pair: column(new arrow.FixedSizeList(2, item), [[7, 8], null, [9, null]]),
    struct: column(struct, [{ member: 'a', items: [1] }, null, { member: null, items: null }]),
    map: column(map, [new Map([['k', 1]]), null, new Map()]),
    word: column(words, ['x', null, 'y']),
    nested: column(nested, [[{ member: 'q', items: [1, 2] }, null], null, []]),
  })
  expect(rows).toEqual([
    {
      list: '[1, NULL, 3]',
      large: '[4]',
      pair: '[7, 8]',
      struct: "{'member': a, 'items': [1]}",
      map: '{k=1}',
      word: 'x',
      nested: "[{'member': q, 'items': [1, 2]}, NULL]",
    },
    { list: null, large: null, pair: null, struct: null, map: null, word: null, nested: null },
    {
      list: '[]',
      large: '[5, 6]',
      pair: '[9, NULL]',
      struct: "{'member': NULL, 'items': NULL}",
      map: '{}',
      word: 'y',
      nested: '[]',
    },
  ])
})

test('views of texts and bytes are read, the short and the long', async () => {
  const words = ['short', null, 'a text of more than twelve bytes', 'ü'.repeat(9)]
  const bytes = words.map((word) => (word === null ? null : Buffer.from(word)))
  const rows = await text({
    word: column(new arrow.Utf8View(), words),
    bytes: column(new arrow.BinaryView(), bytes),
  })
  expect(rows.map(({ word }) => word)).toEqual(words)
  expect(rows[0]?.bytes).toBe('short')
})

test('many batches are one load, a file and a stream alike, also packed', async () => {
  const batch = (start: number, count: number) =>
    new arrow.Table({
      n: arrow.vectorFromArray(
        Array.from({ length: count }, (_, index) => start + index),
        new arrow.Int32(),
      ),
      word: arrow.vectorFromArray(
        Array.from({ length: count }, (_, index) => `word ${start + index}`),
        new arrow.Utf8(),
      ),
    })
  const table = batch(0, 5000).concat(batch(5000, 1), batch(5001, 7000))
  for (const format of ['file', 'stream'] as const) {
    const bytes = Buffer.from(arrow.tableToIPC(table, format))
    const path = await loadedPath(bytes)
    const [row] = await bench.session.rows(
      `SELECT count(*) c, sum(n) s, count(*) FILTER (word = 'word ' || n) w,
        min(n) FILTER (n >= 5000) AS m FROM read_parquet('${path}')`,
    )
    expect(row).toEqual({ c: 12001n, s: (12000n * 12001n) / 2n, w: 12001n, m: 5000 })
    expect(gzipSync(bytes).length).toBeGreaterThan(0)
  }
})

test('a dictionary that grows from batch to batch, or is replaced, is followed', async () => {
  const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), 7)
  const schema = new arrow.Schema([new arrow.Field('word', type, true)])
  const writer = new arrow.RecordBatchStreamWriter()
  writer.reset(undefined, schema)
  const batchOf = (dictionary: arrow.Vector, indices: readonly number[]) => {
    const data = arrow.makeData({
      type,
      length: indices.length,
      data: Int32Array.from(indices),
      dictionary,
    } as never)
    const rows = { type: new arrow.Struct(schema.fields), length: indices.length, children: [data] }
    return new arrow.RecordBatch(schema, arrow.makeData(rows as never) as never)
  }
  const first = arrow.vectorFromArray(['a', 'b'], new arrow.Utf8())
  writer.write(batchOf(first, [0, 1]))
  const grown = first.concat(arrow.vectorFromArray(['ü', 'dd'], new arrow.Utf8()))
  writer.write(batchOf(grown, [3, 2, 0]))
  writer.finish()
  const path = await loadedPath(Buffer.from(writer.toUint8Array(true)))
  const rows = await bench.session.rows(`SELECT word FROM read_parquet('${path}')`)
  expect(rows.map(({ word }) => word)).toEqual(['a', 'b', 'dd', 'ü', 'a'])
})

// Written by apache-arrow with lz4 1.9.4 and zstd 1.5.4 (and the stated lengths corrected, which it
// gets wrong): 2,000 rows (i, 'row ' || i % 13,
// i / 4.0 or null where i % 5 = 0), four batches.
describe.each(['rows-lz4.arrow', 'rows-zstd.arrows'])('%s', (name) => {
  test('bodies packed by another program are unpacked', async () => {
    const path = await loadedPath(await fixture(name))
    const [row] = await bench.session.rows(
      `SELECT count(*) c, sum(i) s, count(*) FILTER (word = 'row ' || (i % 13)) w,
        count(*) FILTER (q IS NULL) n, count(*) FILTER (q = i / 4.0) q FROM read_parquet('${path}')`,
    )
    expect(row).toEqual({ c: 2000n, s: (1999n * 2000n) / 2n, w: 2000n, n: 400n, q: 1600n })
  })

  test('a file that is cut off or altered is an error or the same rows, never others', async () => {
    const bytes = await fixture(name)
    const whole = await sumOf(bytes)
    const cuts = Array.from({ length: 24 }, (_, index) => Math.floor((bytes.length * index) / 24))
    for (const length of [...cuts.slice(1), bytes.length - 1, bytes.length - 8]) {
      await expect(sumOf(bytes.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: 'invalid',
      })
    }
    await expect(sumOf(Buffer.concat([bytes, Buffer.alloc(16)]))).rejects.toMatchObject({
      code: 'invalid',
    })
    let seed = 20261121
    for (let round = 0; round < 60; round += 1) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      const altered = Buffer.from(bytes)
      altered.fill(0xff, seed % bytes.length, (seed % bytes.length) + 4)
      const outcome = await sumOf(altered).catch((error: unknown) => error)
      if (typeof outcome === 'string') continue
      expect(outcome, `at ${seed % bytes.length}`).toMatchObject({ name: 'HyperMeshError' })
      expect(outcome, `at ${seed % bytes.length}`).not.toMatchObject({ code: 'internal' })
    }
    expect(await sumOf(bytes)).toBe(whole)
  })
})

async function sumOf(bytes: Buffer): Promise<string> {
  const path = await loadedPath(bytes)
  const [row] = await bench.session.rows(
    `SELECT sum(hash(COLUMNS(*)))::VARCHAR FROM read_parquet('${path}')`,
  )
  return JSON.stringify(Object.values(row ?? {}))
}

test('what no table can hold is refused by name, and nothing is rounded', async () => {
  const refused = async (columns: Record<string, arrow.Vector>) =>
    loadedPath(write(columns)).then(
      () => 'loaded',
      (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
    )
  const wide = raw(new arrow.Decimal(2, 40, 256), new Uint32Array(16), 2)
  expect(await refused({ wide })).toMatch(/^unsupported: .*"wide" is decimal\(40, 2\)/)
  const negative = raw(new arrow.Decimal(-2, 9, 128), new Uint32Array(8), 2)
  expect(await refused({ negative })).toMatch(/^unsupported: .*decimal\(9, -2\)/)
  const tooLong = raw(new arrow.Decimal(0, 3, 128), Uint32Array.of(1000, 0, 0, 0, 0, 0, 0, 0), 2)
  expect(await refused({ tooLong })).toMatch(/^invalid: .*more than the 3 digits/)
  const nanos = raw(new arrow.TimestampNanosecond(), long(1n, 0n), 2)
  expect(await refused({ nanos })).toMatch(/^invalid: .*cannot be held exactly/)
  const zoned = raw(new arrow.TimestampNanosecond('UTC'), long(1n, 0n), 2)
  expect(await refused({ zoned })).toMatch(/^invalid: .*nanoseconds/)
  const noon = raw(new arrow.DateMillisecond(), long(43_200_000n, 0n), 2)
  expect(await refused({ noon })).toMatch(/^invalid: .*a date with a time of day/)
  const late = raw(new arrow.TimeSecond(), Int32Array.of(86_400, 0), 2)
  expect(await refused({ late })).toMatch(/^invalid: .*a time of day that no day has/)
  const union = arrow.makeData({
    type: new arrow.SparseUnion([0], [new arrow.Field('a', new arrow.Int32(), true)]),
    length: 1,
    typeIds: Int8Array.of(0),
    children: [arrow.makeData({ type: new arrow.Int32(), length: 1, data: Int32Array.of(1) })],
  })
  expect(await refused({ union: new arrow.Vector([union]) })).toMatch(/^unsupported: .*union/)
  const bad = arrow.makeData({
    type: new arrow.Utf8(),
    length: 1,
    valueOffsets: Int32Array.of(0, 1),
    data: Uint8Array.of(0xff),
  })
  expect(await refused({ bad: new arrow.Vector([bad]) })).toMatch(/^invalid: .*not UTF-8/)
  const outside = arrow.makeData({
    type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()),
    length: 1,
    data: Int32Array.of(7),
    dictionary: arrow.vectorFromArray(['only'], new arrow.Utf8()),
  })
  expect(await refused({ outside: new arrow.Vector([outside]) })).toMatch(/outside its dictionary/)
  const double = { a: column(new arrow.Int32(), [1]), A: column(new arrow.Int32(), [1]) }
  expect(await refused(double)).toMatch(/^invalid: two columns have one name/)
})

test('a batch above the limit and bytes that are no Arrow are typed errors', async () => {
  const bytes = write({
    n: column(
      new arrow.Int32(),
      Array.from({ length: 5000 }, () => 1),
    ),
  })
  const source = await bench.infer('x.arrow', bytes, { arrowBatchBytesMax: 10_000 })
  await expect(bench.copy(source)).rejects.toMatchObject({ code: 'too_large' })
  await expect(bench.infer('x.arrow', 'a,b\n1,2\n')).rejects.toMatchObject({ code: 'invalid' })
  await expect(bench.infer('x.csv', bytes)).rejects.toThrow('say format=arrow')
  await expect(bench.infer('x', Buffer.from('FEA1\x00\x00'))).rejects.toThrow('Feather version 1')
})

test('rows that take no byte in the file are bounded, too', async () => {
  const data = arrow.makeData({ type: new arrow.Null(), length: 1_000_000 })
  const bytes = write({ n: new arrow.Vector([data]) })
  const source = await bench.infer('x.arrow', bytes, { unpackedBytesMax: 100_000 })
  await expect(bench.copy(source)).rejects.toMatchObject({
    code: 'too_large',
    details: { limit: 'unpacked_bytes_max', unpackedBytesMax: 100_000 },
  })
})
