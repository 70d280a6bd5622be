import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform({ config: { limits: { sqlViewDepthMax: 3 } } })
  const { writer } = platform.clients
  for (const [file, body] of ['id,n\n1,a\n2,b\n', 'id,n\n100,c\n'].entries()) {
    await writer.ingest('main.t', { body, format: 'csv', name: `${file}.csv` })
  }
  await writer.ingest('other.t', { body: 'id\n77\n', format: 'csv' })
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
})

const ask = async (sql: string) => platform.clients.reader.sql(sql)

async function create(
  name: string,
  sql: string,
  more: {
    namespace?: string
    columns?: readonly string[]
    dialect?: string
    default?: string
  } = {},
): Promise<void> {
  const { namespace = 'main', columns = ['id'], dialect = 'duckdb' } = more
  await platform.clients.writer.createView(namespace, {
    name,
    schema: {
      type: 'struct',
      'schema-id': 0,
      fields: columns.map((column, index) => ({
        id: index + 1,
        name: column,
        type: 'long',
        required: false,
      })),
    },
    'view-version': {
      'version-id': 1,
      'schema-id': 0,
      'timestamp-ms': 1_700_000_000_000,
      summary: {},
      representations: [{ type: 'sql', sql, dialect }],
      'default-namespace': [more.default ?? namespace],
    },
    properties: {},
  })
}

test('a view of the catalog is read like a table, in its own namespace, and prunes its files', async () => {
  await create('large', 'SELECT id, n FROM t WHERE id > 50;', { columns: ['number', 'letter'] })
  const reply = await ask('SELECT letter, number FROM main.large')
  expect(reply).toMatchObject({ rows: [['c', 100]], filesPlanned: 1, filesPruned: 1 })
  expect(Object.keys(reply.snapshots)).toEqual(['main.t'])
  await create('there', 'FROM t', { namespace: 'other' })
  expect((await ask('SELECT there.id, t.id FROM other.there, main.t WHERE t.id = 1')).rows).toEqual(
    [[77, 1]],
  )
  await create('here', 'FROM t', { namespace: 'other', default: 'main', columns: ['id', 'n'] })
  expect((await ask('SELECT count(*) FROM other.HERE')).rows).toEqual([[3]])
})

test('views stand in views, each made once, as deep as the limit says', async () => {
  await create('v1', 'SELECT id FROM t')
  await create('v2', 'SELECT a.id FROM v1 a JOIN v1 b USING (id)')
  await create('v3', 'SELECT id FROM v2 UNION ALL SELECT id FROM v1')
  expect((await ask('SELECT count(*), max(id) FROM v3')).rows).toEqual([[6, 100]])
  expect((await ask('SELECT id FROM v3 WHERE id = 2')).filesPlanned).toBe(1)
  await create('v4', 'FROM v3')
  await expect(ask('FROM v4')).rejects.toMatchObject({
    code: 'invalid',
    details: { reason: 'view', viewDepthMax: 3 },
  })
})

test('a view that reads itself, by whatever way, is refused', async () => {
  await create('own', 'FROM own')
  await create('ring', 'FROM gnir')
  await create('gnir', 'FROM ring')
  for (const name of ['own', 'ring']) {
    await expect(ask(`FROM ${name}`)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('reads itself'),
    })
  }
})

test('the SQL of a view is guarded as a statement is', async () => {
  for (const [index, sql] of [
    "FROM read_csv('/etc/passwd')",
    'DROP TABLE t',
    'SELECT $1',
    'EXPLAIN FROM t',
    'SELECT 1; SELECT 2',
    'SELECT absent FROM t',
    'not sql at all',
  ].entries()) {
    const name = `bad${index}`
    await create(name, sql)
    await expect(ask(`FROM ${name}`), sql).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(`view main.${name} `),
      details: { view: `main.${name}` },
    })
  }
  await create('spark_only', 'SELECT 1 AS id', { dialect: 'spark' })
  await expect(ask('FROM spark_only')).rejects.toMatchObject({
    code: 'unsupported',
    details: { dialects: ['spark'] },
  })
  await create('orphan', 'FROM gone')
  await expect(ask('FROM orphan')).rejects.toMatchObject({ code: 'not_found' })
  await create('plain', 'SELECT id FROM t')
  await expect(ask('FROM plain AT (VERSION => 1)')).rejects.toMatchObject({ code: 'invalid' })
})

test('a view may travel, be paged, described and sent as Parquet', async () => {
  const { snapshots } = await platform.clients.reader.tableHistory('main.t')
  await create('past', `SELECT id FROM t AT (VERSION => ${snapshots.at(-1)?.snapshotId})`)
  expect((await ask('SELECT count(*) FROM past')).rows).toEqual([[2]])
  const page = await platform.clients.reader.sql({ sql: 'FROM past ORDER BY id', pageRows: 1 })
  expect((await platform.clients.reader.sqlPage(page.next ?? '')).rows).toEqual([[2]])
  expect((await ask('DESCRIBE past')).rows.map(([name]) => name)).toEqual(['id'])
})
