import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterAll, beforeAll, expect, test } from 'vitest'

let platform: Platform
let directory: string

beforeAll(async () => {
  platform = await startPlatform()
  directory = await mkdtemp(join(tmpdir(), 'hypermesh-parquet-'))
  await platform.clients.writer.ingest('main.t', { body: 'a,b\n1,x\n2,y\n3,z\n', format: 'csv' })
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

async function send(body: object): Promise<Response> {
  return platform.fetch('/v1/sql', {
    method: 'POST',
    key: platform.keys.reader,
    headers: { 'content-type': 'application/json', accept: 'application/vnd.apache.parquet' },
    body: JSON.stringify(body),
  })
}

async function bytesOf(body: object): Promise<ArrayBuffer> {
  const response = await send(body)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/vnd.apache.parquet')
  return response.arrayBuffer()
}

const codeOf = (text: string) => JSON.parse(text).error.code

async function spilled(): Promise<string[]> {
  const [instance = ''] = await readdir(join(platform.directory, 'tmp'))
  return readdir(join(platform.directory, 'tmp', instance, 'query-results'))
}

test('a result is a Parquet file, whose rows another reader finds equal', async () => {
  const response = await send({
    sql: 'SELECT b, a FROM t WHERE a > $1 ORDER BY a DESC; -- x',
    parameters: [1],
  })
  expect(response.headers.get('x-hypermesh-rows')).toBe('2')
  const file = await response.arrayBuffer()
  expect(await parquetReadObjects({ file, compressors })).toEqual([
    { b: 'z', a: 3n },
    { b: 'y', a: 2n },
  ])
  expect(await spilled()).toEqual([])
})

test('types that Parquet lacks hold their values, and equal names are told apart', async () => {
  const sql = `SELECT 170141183460469231731::HUGEINT AS h, sum(1) AS s, INTERVAL '1 month 2 seconds' AS i,
    TIMETZ '12:00:00+02' AS z, 255::UTINYINT AS u, 18446744073709551615::UBIGINT AS ub,
    TIMESTAMP_NS '2024-01-01 00:00:00.123456789' AS ns, [5::HUGEINT] AS l, 'a'::ENUM('a', 'b') AS e,
    1 AS u, {'x': 1.10::DECIMAL(4,2)} AS st, '101'::BIT AS bits`
  const path = join(directory, 'types.parquet')
  await writeFile(path, Buffer.from(await bytesOf({ sql })))
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  const read = await duckdb.runAndReadAll(
    `SELECT * REPLACE (h::VARCHAR AS h, s::VARCHAR AS s, ub::VARCHAR AS ub, ns::VARCHAR AS ns) FROM '${path}'`,
  )
  expect(read.getRowObjectsJson()).toEqual([
    {
      h: '170141183460469231731',
      s: '1',
      i: '1 month 00:00:02',
      z: '12:00:00+02',
      u: 255,
      ub: '18446744073709551615',
      ns: '2024-01-01 00:00:00.123456789',
      l: ['5'],
      e: 'a',
      u_1: 1,
      st: { x: '1.10' },
      bits: '101',
    },
  ])
  const union = await send({ sql: `SELECT union_value(n := 1) AS u` })
  expect([union.status, codeOf(await union.text())]).toEqual([501, 'unsupported'])
})

test('what cannot be Parquet is refused before anything is sent, and leaves nothing', async () => {
  const plan = await send({ sql: 'EXPLAIN FROM t' })
  expect([plan.status, codeOf(await plan.text())]).toEqual([415, 'unsupported_media'])
  expect((await send({ sql: 'FROM t', rowsMax: 1 })).status).toBe(400)
  expect((await send({ sql: 'SELECT error(b) FROM t' })).status).toBe(400)
  expect(await spilled()).toEqual([])
})

test('a body that is left unread frees its statement', async () => {
  const response = await send({ sql: `SELECT i, hash(i) FROM range(1000000) t(i)` })
  await response.body?.cancel()
  while ((await platform.clients.admin.listQueries()).queries.length > 0);
  expect(await spilled()).toEqual([])
})

test('an empty result has its columns', async () => {
  const file = await bytesOf({ sql: 'SELECT a, b FROM t WHERE a > 100' })
  expect(await parquetReadObjects({ file, compressors })).toEqual([])
})
