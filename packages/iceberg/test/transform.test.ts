import { randomInt } from 'node:crypto'
import { env } from 'node:process'
import type { DataFileEntry, TableMetadata, TableUpdate } from '@hypermesh/contract'
import { expect, test } from 'vitest'
import { scalarFromText } from '../src/bounds.ts'
import { parsePrimitive } from '../src/iceberg-type.ts'
import { applyUpdates, currentSnapshot } from '../src/index.ts'
import { readManifest, readManifestList } from '../src/manifest-reader.ts'
import { encodeSingleValue } from '../src/single-value.ts'
import { applyTransform, findTransform } from '../src/transform.ts'
import { openDuckDb } from './_duckdb.ts'
import { openLake, plainEntry, type TestLake } from './_lake.ts'

const apply = (text: string, type: string, value: string) => {
  const primitive = parsePrimitive(type)
  const transform = findTransform(text)
  const scalar = scalarFromText(primitive, value)
  if (transform === undefined || scalar === undefined) throw new Error(`${text} of ${value}`)
  return applyTransform(transform, primitive, scalar)
}

test('buckets are those of the hashes in appendix B, for every type that has one', () => {
  const hashes: [string, string, number][] = [
    ['int', '34', 2017239379],
    ['long', '34', 2017239379],
    ['decimal(4,2)', '14.20', -500754589],
    ['decimal(38,2)', '14.20', -500754589],
    ['date', '2017-11-16', -653330422],
    ['time', '22:31:08', -662762989],
    ['timestamp', '2017-11-16 22:31:08', -2047944441],
    ['timestamp', '2017-11-16 22:31:08.000001', -1207196810],
    ['timestamptz', '2017-11-16 14:31:08-08', -2047944441],
    ['timestamptz', '2017-11-16 14:31:08.000001-08', -1207196810],
    ['string', 'iceberg', 1210000089],
    ['uuid', 'f79c3e09-677c-4bbd-a479-3f349cb785e7', 1488055340],
    ['fixed[4]', '00010203', -188683207],
    ['binary', '00010203', -188683207],
  ]
  for (const [type, value, hash] of hashes) {
    for (const width of [1, 16, 1000, 2_147_483_647]) {
      const bucket = (hash & 0x7fffffff) % width
      expect([type, value, apply(`bucket[${width}]`, type, value)]).toEqual([type, value, bucket])
    }
  }
})

test('truncation is that of the specification, to the ends of each type', () => {
  expect(apply('truncate[10]', 'int', '1')).toBe(0)
  expect(apply('truncate[10]', 'int', '-1')).toBe(-10)
  // Java's integers wrap around below the least value, and so must ours to name the same partition.
  expect(apply('truncate[10]', 'int', '-2147483648')).toBe(2_147_483_646)
  expect(apply('truncate[10]', 'long', '-9223372036854775808')).toBe(9_223_372_036_854_775_806n)
  expect(apply('truncate[50]', 'decimal(9,2)', '10.65')).toBe(1050n)
  expect(apply('truncate[10]', 'decimal(9,2)', '-0.05')).toBe(-10n)
  expect(apply('truncate[3]', 'string', 'iceberg')).toEqual(Buffer.from('ice'))
  expect(apply('truncate[2]', 'string', 'a𝄞b')).toEqual(Buffer.from('a𝄞'))
  expect(apply('truncate[9]', 'string', 'ice')).toEqual(Buffer.from('ice'))
  expect(apply('truncate[2]', 'binary', '000102')).toEqual(Buffer.from([0, 1]))
  expect(apply('void', 'int', '5')).toBeUndefined()
})

test('years, months, days and hours are counted as DuckDB counts them, over all of time', async () => {
  // SEED repeats a run.
  const { SEED = randomInt(1, 1_000_000) } = env
  const seed = Number(SEED) % 1_000_000
  const duckdb = await openDuckDb()
  await duckdb.run(`SELECT setseed(${seed / 1_000_000})`)
  const reader = await duckdb.runAndReadAll(`
    SELECT ts::VARCHAR, ts::DATE::VARCHAR, year(ts) - 1970, (year(ts) - 1970) * 12 + month(ts) - 1,
      date_diff('day', TIMESTAMP '1970-01-01', ts), date_diff('hour', TIMESTAMP '1970-01-01', ts)
    FROM (SELECT make_timestamp(((random() - 0.5) * 1e17)::BIGINT) AS ts FROM range(500)
      UNION ALL VALUES (TIMESTAMP '1969-12-31 23:59:59.999999'), (TIMESTAMP '1970-01-01'))`)
  for (const [ts, date, ...units] of reader.getRows()) {
    const counted = ['year', 'month', 'day', 'hour'].map((unit) =>
      apply(unit, 'timestamp', `${ts}`),
    )
    expect([seed, ts, ...counted]).toEqual([seed, ts, ...units.map(Number)])
    const ofDate = ['year', 'month', 'day'].map((unit) => apply(unit, 'date', `${date}`))
    expect([seed, date, ...ofDate]).toEqual([seed, date, ...units.slice(0, 3).map(Number)])
  }
})

const schema = {
  type: 'struct' as const,
  fields: [
    { id: 1, name: 'at', type: 'timestamp', required: false },
    { id: 2, name: 'sku', type: 'string', required: false },
    { id: 3, name: 'n', type: 'long', required: false },
  ],
}
const bound = (type: string, text: string) => {
  const primitive = parsePrimitive(type)
  const scalar = scalarFromText(primitive, text)
  if (scalar === undefined) throw new Error(text)
  return Buffer.from(encodeSingleValue(primitive, scalar)).toString('base64')
}

/** A file of which the statistics say that it holds one hour of one SKU. */
function hourOf(metadata: TableMetadata, name: string): DataFileEntry {
  const at = { lower: '2024-02-29 10:00:01', upper: '2024-02-29 10:59:59' }
  return {
    ...plainEntry(`${metadata.location}/data/${name}.parquet`),
    nullCounts: { 1: 0, 2: 0, 3: 0 },
    lowerBounds: {
      1: bound('timestamp', at.lower),
      2: bound('string', 'ab1'),
      3: bound('long', '7'),
    },
    upperBounds: {
      1: bound('timestamp', at.upper),
      2: bound('string', 'ab9'),
      3: bound('long', '7'),
    },
  }
}

async function partitions(lake: TestLake, metadata: TableMetadata) {
  const snapshot = currentSnapshot(metadata)
  if (snapshot === undefined) return []
  const found: [number, Record<string, unknown>][] = []
  for (const manifest of await readManifestList({ warehouse: lake.warehouse }, snapshot)) {
    for (const { file } of await readManifest({ warehouse: lake.warehouse }, manifest)) {
      found.push([manifest.specId, Object.fromEntries(file.partition)])
    }
  }
  return found.sort(([a], [b]) => a - b)
}

test('a spec of every transform stands in the manifests, and files keep theirs when it evolves', async () => {
  await using lake = await openLake()
  const field = (id: number, name: string, transform: string) => ({
    'source-id': id,
    name,
    transform,
  })
  const created = lake.create({
    schema,
    'partition-spec': {
      fields: [
        field(1, 'y', 'year'),
        field(1, 'm', 'month'),
        field(1, 'd', 'day'),
        field(1, 'h', 'hour'),
        field(2, 'sku_2', 'truncate[2]'),
        field(3, 'n_bucket', 'bucket[16]'),
        field(3, 'n_ten', 'truncate[10]'),
        field(3, 'n_same', 'identity'),
        field(2, 'gone', 'void'),
      ],
    },
    'write-order': {
      fields: [
        { 'source-id': 3, transform: 'bucket[4]', direction: 'desc', 'null-order': 'nulls-last' },
      ],
    },
  })
  expect(created['sort-orders']).toMatchObject([{ 'order-id': 1, fields: [{ 'source-id': 3 }] }])
  const first = await lake.commit(created, 'append', [hourOf(created, 'a')])
  const days = Date.UTC(2024, 1, 29) / 86_400_000
  const all = {
    1000: 54,
    1001: 54 * 12 + 1,
    1002: days,
    1003: days * 24 + 10,
    1004: 'ab',
    1005: apply('bucket[16]', 'long', '7'),
    1006: 0,
    1007: 7,
    1008: null,
  }
  expect(await partitions(lake, first.metadata)).toEqual([[0, all]])
  const evolve: TableUpdate[] = [
    {
      action: 'add-spec',
      spec: { fields: [field(1, 'd', 'day'), field(2, 'sku_3', 'truncate[2]')] },
    },
    { action: 'set-default-spec', 'spec-id': -1 },
  ]
  const evolved = applyUpdates(first.metadata, evolve, { nowMs: lake.nowMs })
  // A field that was there before keeps its id, by which readers tell partitions apart.
  expect(evolved['partition-specs'].at(-1)).toEqual({
    'spec-id': 1,
    fields: [
      { ...field(1, 'd', 'day'), 'field-id': 1002 },
      { ...field(2, 'sku_3', 'truncate[2]'), 'field-id': 1004 },
    ],
  })
  const second = await lake.commit(evolved, 'append', [hourOf(created, 'b')])
  expect(await partitions(lake, second.metadata)).toEqual([
    [0, all],
    [1, { 1002: days, 1004: 'ab' }],
  ])
})

test('a file that spreads over partitions is refused, unless its writer states the one it is of', async () => {
  await using lake = await openLake()
  const created = lake.create({
    schema,
    'partition-spec': { fields: [{ 'source-id': 2, name: 'b', transform: 'bucket[8]' }] },
  })
  const file = hourOf(created, 'a')
  await expect(lake.commit(created, 'append', [file])).rejects.toMatchObject({
    code: 'unsupported',
  })
  const stated = { ...file, partition: { 1000: bound('int', '5') } }
  const { metadata } = await lake.commit(created, 'append', [stated])
  expect(await partitions(lake, metadata)).toEqual([[0, { 1000: 5 }]])
  const nothing = { ...hourOf(created, 'b'), partition: { 1000: null } }
  const next = await lake.commit(metadata, 'append', [nothing])
  expect(await partitions(lake, next.metadata)).toContainEqual([0, { 1000: null }])
})
