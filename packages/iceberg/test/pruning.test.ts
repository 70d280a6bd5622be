import type { DuckDBConnection } from '@duckdb/node-api'
import { type DataFileEntry, quoteIdentifier, type TableMetadata } from '@hypermesh/contract'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scalarFromText } from '../src/bounds.ts'
import { isPrimitive, parsePrimitive } from '../src/iceberg-type.ts'
import {
  currentSchema,
  ManifestCache,
  planScan,
  type ScanPredicate,
  type ScanValue,
} from '../src/index.ts'
import { encodeSingleValue } from '../src/single-value.ts'
import { applyTransform, findTransform, transformResult } from '../src/transform.ts'
import { copyFile, duckDbType, openDuckDb } from './_duckdb.ts'
import { openLake, plainEntry, type TestLake } from './_lake.ts'

// The model is DuckDB itself: a file that holds a row of the answer must be in the plan.

const columns: Record<string, { type: string; sql: string }> = {
  i: { type: 'int', sql: '(f * 3 + r % 5 - 6)' },
  l: { type: 'long', sql: '(f * 4000000000 - r)' },
  // Next to the least value, which truncation goes below.
  ei: {
    type: 'int',
    sql: `(CASE WHEN f % 2 = 0 THEN -2147483648 + f + r * 3 ELSE 2147483647 - f * 2 - r END)`,
  },
  el: {
    type: 'long',
    sql: `(CASE WHEN f % 2 = 0 THEN '-9223372036854775808'::BIGINT + f + r * 3 ELSE f * 4 - r END)`,
  },
  d: {
    type: 'double',
    sql: `(CASE WHEN f % 4 = 1 AND r = 3 THEN 'nan'::DOUBLE WHEN f = 2 THEN '-0.0'::DOUBLE WHEN f = 3 AND r > 3 THEN '0.0'::DOUBLE
           WHEN f = 5 AND r = 1 THEN 'inf'::DOUBLE ELSE ((f - 3) * 1.25 + r / 8) END)`,
  },
  s: {
    type: 'string',
    sql: `(chr(97 + f) || repeat('é', r % 3) || CASE WHEN r > 4 THEN repeat('z', 30) ELSE '' END)`,
  },
  dt: { type: 'date', sql: `(DATE '1969-11-15' + f * 20 + r)` },
  ts: { type: 'timestamp', sql: `(TIMESTAMP '1969-12-31 20:30:00' + to_minutes(f * 40 + r * 7))` },
  tz: { type: 'timestamptz', sql: `(TIMESTAMPTZ '2024-01-31 12:00:00+00' + to_hours(f * 5 + r))` },
  de: { type: 'decimal(9, 2)', sql: '((f - 4) * 10.25 + r)' },
  b: { type: 'boolean', sql: '(f % 3 = 0)' },
  u: { type: 'uuid', sql: `(substr(md5((f * 7)::VARCHAR), 1, 30) || '0' || r % 3)` },
}
const far = '99999999999999999999'
const fileCount = 8
const rowCount = 7

/** Rows of files `f`, some null, the last file all null; every value as its own text too. */
async function fillModel(duckdb: DuckDBConnection): Promise<Map<string, ScanValue[]>> {
  const cells = Object.entries(columns).map(([name, { type, sql }]) => {
    const isNull = `f = ${fileCount - 1} OR (f % 2 = 0 AND r = ${name.charCodeAt(0) % rowCount})`
    return `CASE WHEN ${isNull} THEN NULL ELSE ${sql}::${duckDbType(type)} END AS ${name}`
  })
  await duckdb.run(
    `CREATE TABLE model AS SELECT f, ${cells.join(', ')}
     FROM (SELECT f::INTEGER AS f, r::INTEGER AS r FROM range(${fileCount}) a(f), range(${rowCount}) b(r))`,
  )
  const constants = new Map<string, ScanValue[]>()
  for (const [name, { type }] of Object.entries(columns)) {
    const reader = await duckdb.runAndReadAll(`SELECT DISTINCT ${name}::VARCHAR FROM model`)
    const texts = reader.getRows().flatMap(([text]) => (text === null ? [] : [String(text)]))
    const own = texts.sort().map((text) => ({ type: duckDbType(type), text }))
    // Some beyond what the column can hold: a statement may compare with those as well.
    const isInteger = type === 'int' || type === 'long'
    const others = isInteger ? ['-99999999999', '99999999999', '0', far, `-${far}`] : []
    constants.set(name, [...own, ...others.map((text) => ({ type: 'HUGEINT', text }))])
  }
  return constants
}

function predicates(constants: Map<string, ScanValue[]>): fc.Arbitrary<ScanPredicate> {
  const leaf = fc.constantFrom(...constants.keys()).chain((column): fc.Arbitrary<ScanPredicate> => {
    const value = fc.constantFrom(...(constants.get(column) ?? []))
    return fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          op: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
          column: fc.constant(column),
          value,
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          op: fc.constant('in'),
          column: fc.constant(column),
          values: fc.array(value, { minLength: 1, maxLength: 3 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          op: fc.constantFrom('is-null', 'is-not-null'),
          column: fc.constant(column),
        }),
      },
    ) as fc.Arbitrary<ScanPredicate>
  })
  const { tree } = fc.letrec<{ tree: ScanPredicate }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 2, depthSize: 'small' },
      leaf,
      fc.record({
        op: fc.constantFrom('and' as const, 'or' as const),
        children: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
      }),
    ),
  }))
  return tree
}

function toSql(predicate: ScanPredicate): string {
  const constant = ({ type, text }: ScanValue) => `'${text?.replaceAll("'", "''")}'::${type}`
  if ('children' in predicate) {
    return `(${predicate.children.map(toSql).join(predicate.op === 'and' ? ' AND ' : ' OR ')})`
  }
  const column = quoteIdentifier(predicate.column)
  if ('values' in predicate) return `${column} IN (${predicate.values.map(constant).join(', ')})`
  if ('value' in predicate) return `${column} ${predicate.op} ${constant(predicate.value)}`
  return `${column} ${predicate.op === 'is-null' ? 'IS NULL' : 'IS NOT NULL'}`
}

async function assertNeverLoses(options: {
  lake: TestLake
  metadata: TableMetadata
  duckdb: DuckDBConnection
  constants: Map<string, ScanValue[]>
  /** The file of a row of the model. */
  fileOf: string
}): Promise<number> {
  const { lake, metadata, duckdb, constants, fileOf } = options
  let pruned = 0
  const cache = new ManifestCache(2 ** 24)
  await fc.assert(
    fc.asyncProperty(predicates(constants), async (predicate) => {
      const plan = await planScan({
        warehouse: lake.warehouse,
        metadata,
        snapshotId: undefined,
        predicate,
        cache,
      })
      pruned += plan.total.files - plan.planned.files
      const reader = await duckdb.runAndReadAll(
        `SELECT DISTINCT ${fileOf} FROM model WHERE ${toSql(predicate)}`,
      )
      const planned = new Set(plan.files.map((file) => file.uri.match(/([^/]+)\.parquet$/)?.[1]))
      const lost = reader
        .getRows()
        .map(([file]) => String(file))
        .filter((file) => !planned.has(file))
      expect(lost).toEqual([])
    }),
    { numRuns: 200 },
  )
  return pruned
}

const schema = {
  type: 'struct' as const,
  fields: Object.entries(columns).map(([name, { type }], index) => ({
    id: index + 1,
    name,
    type,
    required: false,
  })),
}

test('pruning by bounds and counts never loses a row that DuckDB finds', async () => {
  await using lake = await openLake()
  const duckdb = await openDuckDb()
  const constants = await fillModel(duckdb)
  let metadata = lake.create({ schema })
  for (let file = 0; file < fileCount; file += 1) {
    const uri = `${metadata.location}/data/${file}.parquet`
    const query = `SELECT * EXCLUDE f FROM model WHERE f = ${file}`
    const entry = await copyFile(duckdb, { lake, schema: currentSchema(metadata), uri, query })
    metadata = (await lake.commit(metadata, 'append', [entry])).metadata
  }
  const pruned = await assertNeverLoses({ lake, metadata, duckdb, constants, fileOf: 'f' })
  expect(pruned).toBeGreaterThan(200)
})

const transforms: [string, string][] = [
  ['i', 'identity'],
  ['l', 'bucket[3]'],
  ['s', 'truncate[2]'],
  ['dt', 'month'],
  ['ts', 'hour'],
  ['tz', 'day'],
  ['de', 'truncate[500]'],
  ['u', 'bucket[2]'],
  ['d', 'identity'],
  ['i', 'truncate[4]'],
  ['ei', 'truncate[7]'],
  ['el', 'truncate[10]'],
]

test.each(transforms)(
  'pruning by partitions of %s with %s never loses a row',
  async (name, text) => {
    await using lake = await openLake()
    const duckdb = await openDuckDb()
    const constants = await fillModel(duckdb)
    const source = schema.fields.find((field) => field.name === name)
    if (source === undefined || !isPrimitive(source.type)) throw new Error('no such column')
    const spec = { fields: [{ 'source-id': source.id, name: `${name}_part`, transform: text }] }
    let metadata = lake.create({ schema, 'partition-spec': spec })
    const reader = await duckdb.runAndReadAll(`SELECT rowid, ${name}::VARCHAR FROM model`)
    const files = new Map<string, number[]>()
    for (const [row, value] of reader.getRows()) {
      const key = value === null ? '' : partitionOf(source.type, text, String(value))
      files.set(key, [...(files.get(key) ?? []), Number(row)])
    }
    await duckdb.run('ALTER TABLE model ADD COLUMN file VARCHAR')
    const entries: DataFileEntry[] = []
    for (const [key, rows] of files) {
      await duckdb.run(
        `UPDATE model SET file = '${entries.length}' WHERE rowid IN (${rows.join(', ')})`,
      )
      const path = `${metadata.location}/data/${entries.length}.parquet`
      entries.push({
        ...plainEntry(path, rows.length),
        partition: { 1000: key === '' ? null : key },
      })
    }
    for (let start = 0; start < entries.length; start += 3) {
      metadata = (await lake.commit(metadata, 'append', entries.slice(start, start + 3))).metadata
    }
    const only = new Map([[name, constants.get(name) ?? []]])
    const pruned = await assertNeverLoses({
      lake,
      metadata,
      duckdb,
      constants: only,
      fileOf: 'file',
    })
    expect(pruned).toBeGreaterThan(50)
  },
)

/** In base64. */
function partitionOf(type: string, transformText: string, text: string): string {
  const source = parsePrimitive(type)
  const result = transformResult(transformText, type)
  const transform = findTransform(transformText)
  const scalar = text === 'nan' ? Number.NaN : scalarFromText(source, text)
  const part = transform && scalar !== undefined && applyTransform(transform, source, scalar)
  if (!result || part === undefined) throw new Error(`no partition for ${text}`)
  return Buffer.from(encodeSingleValue(result, part)).toString('base64')
}

test('a manifest whose partitions cannot match is not even read', async () => {
  await using lake = await openLake()
  const spec = { fields: [{ 'source-id': 1, name: 'i', transform: 'identity' }] }
  let metadata = lake.create({ schema, 'partition-spec': spec })
  const int = (value: number) =>
    Buffer.from(encodeSingleValue({ kind: 'int' }, value)).toString('base64')
  const entry = (value: number): DataFileEntry => ({
    ...plainEntry(`${metadata.location}/data/${value}.parquet`),
    partition: { 1000: int(value) },
  })
  const first = await lake.commit(metadata, 'append', [entry(1)])
  metadata = (await lake.commit(first.metadata, 'append', [entry(2)])).metadata
  const manifest = first.written.find((key) => key.endsWith('-m0.avro'))
  await lake.warehouse.store.delete(manifest ?? '')
  const value = { type: 'INTEGER', text: '2' }
  const plan = await planScan({
    warehouse: lake.warehouse,
    metadata,
    snapshotId: undefined,
    predicate: { op: '=', column: 'I', value },
  })
  expect(plan).toMatchObject({
    total: { files: 2, bytes: 200 },
    afterPartitions: { files: 1, bytes: 100 },
    planned: { files: 1, bytes: 100 },
  })
  const all = { warehouse: lake.warehouse, metadata, snapshotId: undefined, predicate: undefined }
  await expect(planScan(all)).rejects.toMatchObject({ code: 'corrupt' })
})

test('constants that are not surely of the column prune nothing', async () => {
  await using lake = await openLake()
  let metadata = lake.create({ schema })
  const bound = Buffer.from(encodeSingleValue({ kind: 'int' }, 5)).toString('base64')
  const entry = {
    ...plainEntry(`${metadata.location}/data/a.parquet`),
    lowerBounds: { 1: bound },
    upperBounds: { 1: bound },
  }
  metadata = (await lake.commit(metadata, 'append', [entry])).metadata
  const kept = async (value: ScanValue) => {
    const predicate = { op: '=' as const, column: 'i', value }
    const { warehouse } = lake
    return (await planScan({ warehouse, metadata, snapshotId: undefined, predicate })).files.length
  }
  expect(await kept({ type: 'INTEGER', text: '6' })).toBe(0)
  expect(await kept({ type: 'INTEGER', text: '5' })).toBe(1)
  expect(await kept({ type: 'HUGEINT', text: '99999999999' })).toBe(0)
  expect(await kept({ type: 'INTEGER', text: null })).toBe(1)
  expect(await kept({ type: 'VARCHAR', text: '6' })).toBe(1)
  expect(await kept({ type: 'DECIMAL(3,1)', text: '6.0' })).toBe(1)
  expect(await kept({ type: 'INTEGER', text: 'six' })).toBe(1)
})
