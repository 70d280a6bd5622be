import type { IcebergSchema, TableMetadata } from '@hypermesh/contract'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { icebergRead } from 'icebird'
import { expect, test } from 'vitest'
import {
  applyUpdates,
  currentSchema,
  planEvolution,
  planScan,
  readColumns,
  readSchemaArgument,
} from '../src/index.ts'
import { copyFile, duckDbType, openDuckDb } from './_duckdb.ts'
import { serveFiles } from './_file-server.ts'
import { openLake } from './_lake.ts'

// icebird 0.3.1, read as it is:
// - it needs HTTP, for it knows no file: URLs;
// - it parses JSON with JSON.parse, so snapshot ids above 2^53 would be rounded (ours are below);
// - its Avro reader knows no `fixed`, so identity partitions of uuid, fixed and decimal fail there;
// - it warns on the console about logical types it does not know (`map`, `time-micros`);
// - a table whose current snapshot has no data file is an error to it;
// - it looks in Parquet files for names as Java writers bend them ("a b" → "a_x20b"), which DuckDB
//   does not do: columns with such names are not found there, by field id they are;
// - without the footer key `iceberg.schema` it finds columns by name, not by field id.

const everyType: IcebergSchema = {
  type: 'struct',
  fields: [
    'boolean int long float double date time timestamp timestamptz string uuid binary'.split(' '),
    ['decimal(9, 2)', 'decimal(18, 3)', 'decimal(38, 6)'],
  ]
    .flat()
    .map((type, index) => ({
      id: 100 + index,
      name: `c_${type.replaceAll(/[(), ]+/g, '_')}`,
      type,
      required: false,
    })),
}

const everyValue = `SELECT
  i % 2 = 0 AS c_boolean, (i - 5)::INTEGER AS c_int, (i * 4611686018427387)::BIGINT AS c_long,
  (i / 3)::FLOAT AS c_float, (i / 7)::DOUBLE AS c_double, DATE '1969-12-28' + i::INTEGER AS c_date,
  TIME '12:00:00.000001' AS c_time, TIMESTAMP '1969-12-31 23:59:59.5' + INTERVAL (i) HOUR AS c_timestamp,
  TIMESTAMPTZ '2024-01-31 12:00:00+00' + INTERVAL (i) DAY AS c_timestamptz,
  repeat('é', i::INTEGER) || i AS c_string,
  ('00000000-0000-4000-8000-00000000000' || i)::UUID AS c_uuid, ('\\x00\\xFF'::BLOB) AS c_binary,
  (i - 4.25)::DECIMAL(9, 2) AS c_decimal_9_2_, (i * -100000.125)::DECIMAL(18, 3) AS c_decimal_18_3_,
  (i * 1000000000000.5)::DECIMAL(38, 6) AS c_decimal_38_6_
  FROM range(10) t(i)`

test('every primitive type is read equal by icebird and hyparquet', async () => {
  const server = { url: '', async [Symbol.asyncDispose]() {} }
  await using lake = await openLake(
    async (root) => Object.assign(server, await serveFiles(root)).url,
  )
  await using _server = server
  const duckdb = await openDuckDb()
  let metadata = lake.create({ schema: everyType })
  const schema = currentSchema(metadata)
  for (const name of ['a', 'b']) {
    const uri = `${metadata.location}/data/${name}.parquet`
    const entry = await copyFile(duckdb, { lake, schema, uri, query: everyValue })
    metadata = (await lake.commit(metadata, 'append', [entry])).metadata
  }
  const rows = await icebergRead({ tableUrl: metadata.location, metadata: metadata as never })
  expect(rows).toHaveLength(20)
  expect(rows[3]).toEqual({
    c_boolean: false,
    c_int: -2,
    c_long: 13835058055282161n,
    c_float: 1,
    c_double: 3 / 7,
    c_date: new Date('1969-12-31'),
    c_time: 43_200_000_001n,
    c_timestamp: new Date('1970-01-01T02:59:59.500Z'),
    c_timestamptz: new Date('2024-02-03T12:00:00Z'),
    c_string: 'ééé3',
    c_uuid: new Uint8Array([0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 3]),
    c_binary: rows[3]?.c_binary,
    c_decimal_9_2_: -1.25,
    c_decimal_18_3_: -300_000.375,
    c_decimal_38_6_: 3_000_000_000_001.5,
  })
  expect(Buffer.from(rows[3]?.c_binary, 'latin1').length).toBe(2)
  expect(rows.slice(0, 10)).toEqual(rows.slice(10))
  const path = lake.warehouse.localPath(`${metadata.location}/data/a.parquet`) ?? ''
  const direct = await parquetReadObjects({
    file: await asyncBufferFromFile(path),
    compressors,
    utf8: false,
  })
  const uuids = direct.map((row) => row.c_uuid)
  expect(uuids[3]).toBe('00000000-0000-4000-8000-000000000003')
  expect(direct.map((row) => Buffer.from(row.c_binary).toString('hex'))).toEqual(
    Array.from({ length: 10 }, () => '00ff'),
  )
  for (const name of ['c_long', 'c_decimal_38_6_', 'c_timestamp', 'c_date', 'c_string']) {
    expect(direct.map((row) => row[name])).toEqual(rows.slice(0, 10).map((row) => row[name]))
  }
})

const nested: IcebergSchema = {
  type: 'struct',
  fields: [
    { id: 1, name: 'id', type: 'int', required: false },
    {
      id: 2,
      name: 's',
      required: false,
      type: {
        type: 'struct',
        fields: [
          { id: 3, name: 'x', type: 'double', required: false },
          { id: 4, name: 'y.z', type: 'string', required: false },
        ],
      },
    },
    {
      id: 5,
      name: 'l',
      required: false,
      type: { type: 'list', 'element-id': 6, element: 'int', 'element-required': false },
    },
    {
      id: 7,
      name: 'm',
      required: false,
      type: {
        type: 'map',
        'key-id': 8,
        key: 'string',
        'value-id': 9,
        value: 'long',
        'value-required': false,
      },
    },
  ],
}

test('nested values, evolution, partitions and an overwrite are read equal by icebird and DuckDB', async () => {
  const server = { url: '', async [Symbol.asyncDispose]() {} }
  await using lake = await openLake(
    async (root) => Object.assign(server, await serveFiles(root)).url,
  )
  await using _server = server
  const duckdb = await openDuckDb()
  let metadata = lake.create({
    schema: nested,
    'partition-spec': { fields: [{ 'source-id': 1, name: 'id', transform: 'identity' }] },
  })
  const append = async (name: string, query: string, mode: 'append' | 'overwrite') => {
    const uri = `${metadata.location}/data/${name}.parquet`
    const entry = await copyFile(duckdb, { lake, schema: currentSchema(metadata), uri, query })
    metadata = (await lake.commit(metadata, mode, [entry])).metadata
  }
  const row = (id: string, extra = '') =>
    `SELECT ${id} AS id, {'x': 1.5::DOUBLE, 'y.z': 'a'} AS s, [1, NULL, 3] AS l, map {'k': 5::BIGINT} AS m${extra}`
  await append('gone', row('9::INTEGER'), 'append')
  await append('one', row('1::INTEGER'), 'overwrite')
  metadata = evolve(metadata)
  await append('two', row('2::BIGINT', ", 'new' AS added"), 'append')
  const rows = await icebergRead({ tableUrl: metadata.location, metadata: metadata as never })
  const shared = { s: { x: 1.5, 'y.z': 'a' }, l: [1, null, 3], m: { k: 5n } }
  const byId = rows.sort((a, b) => Number(a.id) - Number(b.id))
  expect(byId).toEqual([
    { id: 1, ...shared, added: undefined },
    { id: 2n, ...shared, added: 'new' },
  ])
  const where = (text: string) => ({
    op: '=' as const,
    column: 'id',
    value: { type: 'BIGINT', text },
  })
  const plan = await planScan({
    warehouse: lake.warehouse,
    metadata,
    snapshotId: undefined,
    predicate: where('1'),
  })
  expect(plan.files.map((file) => file.uri.split('/').at(-1))).toEqual(['one.parquet'])
  expect(plan.total.files - plan.planned.files).toBe(1)
  const all = await planScan({
    warehouse: lake.warehouse,
    metadata,
    snapshotId: undefined,
    predicate: undefined,
  })
  const columns = readColumns(currentSchema(metadata), duckDbType)
  const read = await duckdb.runAndReadAll(
    `SELECT id, s."y.z" AS y, l, added FROM read_parquet([${all.files.map((f) => `'${f.localPath}'`)}],
       schema = ${readSchemaArgument(columns)}) ORDER BY id`,
  )
  expect(read.getRowObjectsJson()).toEqual([
    { id: '1', y: 'a', l: [1, null, 3], added: null },
    { id: '2', y: 'a', l: [1, null, 3], added: 'new' },
  ])
})

function evolve(metadata: TableMetadata): TableMetadata {
  const { schema, lastColumnId } = planEvolution(
    currentSchema(metadata),
    [
      { name: 'ID', type: 'long', exact: true },
      { name: 'added', type: 'string', exact: true },
    ],
    metadata['last-column-id'],
  )
  return applyUpdates(
    metadata,
    [
      { action: 'add-schema', schema, 'last-column-id': lastColumnId },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
    { nowMs: metadata['last-updated-ms'] },
  )
}
