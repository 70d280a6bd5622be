import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type Platform, startPlatform, temporaryDirectory, topologies } from '@hypermesh/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** A Parquet file with what the query gives, as DuckDB writes it. */
async function parquet(query: string): Promise<Uint8Array> {
  await using directory = await temporaryDirectory()
  const path = join(directory.path, 'x.parquet')
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  await duckdb.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`)
  duckdb.disconnectSync()
  return readFile(path)
}

const names = Array.from({ length: 10_000 }, (_, index) => `c${index}`)

test('10,000 columns of Parquet are a table, one more is a typed error', async () => {
  await using platform = await startPlatform()
  const { writer, reader } = platform.clients
  const query = `SELECT ${names.map((name, index) => `${index} AS ${name}`).join(', ')}`
  await writer.ingest('wide.t', { body: await parquet(query), format: 'parquet' })
  const { rows } = await reader.sql('SELECT c0 + c9999, c4321 FROM wide.t WHERE c1 = 1')
  expect(rows).toEqual([[9999, 4321]])
  const more = await parquet(`${query}, 1 AS one_more`)
  await expect(writer.ingest('wide.u', { body: more, format: 'parquet' })).rejects.toMatchObject({
    code: 'too_large',
  })
  expect((await reader.listTables()).tables).toHaveLength(1)
}, 300_000)

describe.each(topologies)('%s', (topology) => {
  let platform: Platform
  beforeAll(async () => {
    platform = await startPlatform({ topology })
  })
  afterAll(() => platform[Symbol.asyncDispose]())

  const ask = async (sql: string) => (await platform.clients.reader.sql(sql)).rows
  const load = (table: string, body: string | Uint8Array, format: 'csv' | 'parquet') =>
    platform.clients.writer.ingest(table, { body, format })
  const filesBelow = async () => {
    const all = await readdir(join(platform.directory, 'warehouse'), { recursive: true })
    return all.filter((name) => name.endsWith('.parquet'))
  }

  test('10,000 columns of text are a typed error that leaves nothing', async () => {
    const csv = `${names.join(',')}\n${names.map((_, index) => index).join(',')}\n`
    await expect(load('wide.csv', csv, 'csv')).rejects.toMatchObject({
      code: 'too_large',
      details: { limit: 'text_columns_max', textColumnsMax: 4000 },
    })
    expect(await filesBelow()).toEqual([])
    expect((await platform.clients.reader.listTables()).tables).toEqual([])
  })

  test('NaN and the infinities are what they are, in files, in filters and on the wire', async () => {
    const values = `(1, 'nan'::DOUBLE, 'nan'::FLOAT), (2, 'inf', '-inf'), (3, '-inf', 'inf'), (4, '-0.0', 0.5), (5, NULL, NULL)`
    const typed = await parquet(`SELECT * FROM (VALUES ${values}) t(id, d, f)`)
    const text = 'id,d,f\n1,NaN,nan\n2,inf,-inf\n3,-Infinity,Infinity\n4,-0.0,0.5\n5,,\n'
    await load('odd.parquet', typed, 'parquet')
    await load('odd.csv', text, 'csv')
    for (const table of ['odd.parquet', 'odd.csv']) {
      const sql = `SELECT id, d, f FROM ${table} ORDER BY id`
      expect(await ask(sql)).toEqual([
        [1, 'NaN', 'NaN'],
        [2, 'Infinity', '-Infinity'],
        [3, '-Infinity', 'Infinity'],
        [4, -0, 0.5],
        [5, null, null],
      ])
      const ids = async (where: string) =>
        (await ask(`SELECT id FROM ${table} WHERE ${where} ORDER BY id`)).flat()
      // NaN is above everything, as DuckDB and PostgreSQL order it; bounds of files know nothing of it.
      expect(await ids('d > 1e300')).toEqual([1, 2])
      expect(await ids("d = 'nan'")).toEqual([1])
      expect(await ids('d = 0')).toEqual([4])
      expect(await ids("f < 0.5 OR f = 'nan'")).toEqual([1, 2])
      expect(await ids('d < -1e300')).toEqual([3])
    }
  })

  test('types that Parquet or Iceberg lack are cast without loss, or refused', async () => {
    const most = '9'.repeat(38)
    const unsigned = 'SELECT 18446744073709551615::UBIGINT AS u, 255::UTINYINT AS t'
    await load('types.unsigned', await parquet(unsigned), 'parquet')
    expect(await ask('SELECT u, t, typeof(u) FROM types.unsigned')).toEqual([
      ['18446744073709551615', 255, 'DECIMAL(20,0)'],
    ])
    const csv = `id,big,huge\n1,${most},${'9'.repeat(60)}\n`
    await load('types.text', csv, 'csv')
    expect(await ask('SELECT big, huge, typeof(big), typeof(huge) FROM types.text')).toEqual([
      [most, '9'.repeat(60), 'DECIMAL(38,0)', 'VARCHAR'],
    ])
    const kinds = `SELECT TIMETZ '10:00:00+02' AS z, INTERVAL 1 MONTH AS i, 'a'::ENUM('a') AS e, '{"x":1}'::JSON AS j, TIMESTAMP_NS '2024-01-01 00:00:00.123456' AS ns`
    await load('types.kinds', await parquet(kinds), 'parquet')
    const types = 'SELECT typeof(z), typeof(i), typeof(e), typeof(j), typeof(ns) FROM types.kinds'
    expect(await ask(types)).toEqual([['VARCHAR', 'VARCHAR', 'VARCHAR', 'VARCHAR', 'TIMESTAMP']])
    const nanos = await parquet(`SELECT TIMESTAMP_NS '2024-01-01 00:00:00.123456789' AS ns`)
    await expect(load('types.nanos', nanos, 'parquet')).rejects.toMatchObject({ status: 400 })
    const { tables } = await platform.clients.reader.listTables()
    expect(tables.map(({ table }) => table)).not.toContain('types.nanos')
  })
})
