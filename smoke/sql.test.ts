import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ErrorReply, json, Server } from './_server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
  await server.load('main.orders', 'id,customer,amount\n1,ann,10\n2,bo,20\n3,ann,5\n')
  await server.load('main.customers', 'name,city\nann,Bern\nbo,Oslo\n')
})
afterAll(() => server[Symbol.asyncDispose]())

function ask(accept: string, sql: string): Promise<Response> {
  return server.fetch('/v1/sql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify({ sql }),
  })
}

test('joins, groups and windows', async () => {
  const reply = await server.sql(
    `SELECT city, sum(amount)::BIGINT AS total, rank() OVER (ORDER BY sum(amount) DESC) AS place
     FROM main.orders JOIN main.customers ON name = customer GROUP BY city ORDER BY place`,
  )
  expect(reply.rows).toEqual([
    ['Oslo', 20, 1],
    ['Bern', 15, 2],
  ])
  expect(reply.columns.map((column) => column.name)).toEqual(['city', 'total', 'place'])
  expect(Object.keys(reply.snapshots).sort()).toEqual(['main.customers', 'main.orders'])
  expect(reply).toMatchObject({ filesPlanned: 2, truncated: null, rowCount: 2 })
})

const exact = `SELECT 9223372036854775807 AS big, 1.10::DECIMAL(4,2) AS money,
  TIMESTAMP '2024-01-31 12:00:00.5' AS at, 'NaN'::DOUBLE AS odd, '\\xAB'::BLOB AS bytes, NULL AS nothing`
const exactRow = {
  big: '9223372036854775807',
  money: '1.10',
  at: '2024-01-31T12:00:00.5',
  odd: 'NaN',
  bytes: 'qw==',
  nothing: null,
}

describe('values are exact in every format', () => {
  test('JSON', async () => {
    const reply = await server.sql(exact)
    expect(reply.rows).toEqual([Object.values(exactRow)])
  })

  test('NDJSON', async () => {
    const text = await (await ask('application/x-ndjson', exact)).text()
    expect(text.endsWith('\n')).toBe(true)
    expect(JSON.parse(text)).toEqual(exactRow)
  })

  test('CSV', async () => {
    const text = await (await ask('text/csv', exact)).text()
    expect(text.trim().split(/\r?\n/)).toEqual([
      'big,money,at,odd,bytes,nothing',
      '9223372036854775807,1.10,2024-01-31T12:00:00.5,NaN,qw==,',
    ])
  })

  test('Arrow, read by Apache’s own library', async () => {
    const response = await ask('application/vnd.apache.arrow.stream', exact)
    const table = tableFromIPC(new Uint8Array(await response.arrayBuffer()))
    expect(table.numRows).toBe(1)
    expect(table.getChild('big')?.get(0)).toBe(9223372036854775807n)
    expect(table.getChild('bytes')?.get(0)).toEqual(Uint8Array.of(0xab))
    expect(table.getChild('nothing')?.get(0)).toBeNull()
  })
})

test('parameters are bound, by place and by name, and never text of the statement', async () => {
  const evil = "ann' OR '1'='1"
  const count = 'SELECT count(*) FROM main.orders WHERE customer ='
  expect((await server.sql(`${count} ?`, { parameters: ['ann'] })).rows).toEqual([[2]])
  expect((await server.sql(`${count} $who`, { parameters: { who: evil } })).rows).toEqual([[0]])
  const typed = { day: { type: 'DATE', value: '2024-01-31' } }
  const reply = await server.sql('SELECT $day + 1 AS next', { parameters: typed })
  expect(reply.rows[0]?.[0]).toMatch(/^2024-02-01/)
})

test('a limit on rows cuts the result and says so', async () => {
  const reply = await server
    .sql('FROM range(1000) ORDER BY 1', { rowsMax: 3 })
    .catch(() => server.sql('SELECT id FROM main.orders ORDER BY id', { rowsMax: 2 }))
  expect(reply.truncated).toBe('rows')
  expect(reply.rows.length).toBe(reply.rowCount)
})

test('a statement that takes longer than its deadline is ended with 504', async () => {
  const response = await server.fetch('/v1/sql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      sql: `WITH RECURSIVE t(n) AS (SELECT 1::BIGINT UNION ALL SELECT n + 1 FROM t WHERE n < 1e12)
            SELECT max(n) FROM t`,
      timeoutMs: 300,
    }),
  })
  expect(response.status).toBe(504)
  expect(await response.json()).toMatchObject({ error: { code: 'deadline' } })
})

test('a large result streams as NDJSON, and all of it arrives', async () => {
  const rows = Array.from({ length: 200_000 }, (_, index) => `${index},${'x'.repeat(20)}`)
  await server.load('main.large', `n,t\n${rows.join('\n')}\n`)
  const text = await (await ask('application/x-ndjson', 'FROM main.large')).text()
  expect(text.match(/\n/g)?.length).toBe(200_000)
})

test('files outside a range of values are not read', async () => {
  for (const year of [2021, 2022, 2023, 2024]) {
    await server.load('main.years', `day,n\n${year}-01-01,1\n${year}-12-31,2\n`)
  }
  const reply = await server.sql(
    "SELECT sum(n)::BIGINT FROM main.years WHERE day >= DATE '2024-06-01'",
  )
  expect(reply.rows).toEqual([[2]])
  expect(reply).toMatchObject({ filesPlanned: 1, filesPruned: 3 })
})

describe('statements that do more than read are refused', () => {
  test.each([
    "COPY (SELECT 1) TO '/tmp/hypermesh-smoke-out.csv'",
    'CREATE TABLE t (a INT)',
    'DROP TABLE main.orders',
    "ATTACH '/tmp/x.db'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "FROM '/etc/passwd'",
    "WITH a AS (SELECT * FROM read_text('/etc/passwd')) FROM a",
    'SELECT 1; SELECT 2',
    'SET threads = 1',
    'PRAGMA database_list',
    "SELECT /* hidden */ * FROM glob('/*')",
    'EXPLAIN ANALYZE CREATE TABLE t (a INT)',
    'INSTALL httpfs',
  ])('%s', async (sql) => {
    const response = await ask('application/json', sql)
    expect([400, 403, 422, 501]).toContain(response.status)
    expect((await server.sql('SELECT count(*) FROM main.orders')).rows).toEqual([[3]])
  })
})

test('a mistake is told with the name that was meant', async () => {
  const response = await ask('application/json', 'SELECT * FROM main.ordres')
  expect(response.status).toBe(404)
  expect((await json<ErrorReply>(response)).error.message).toContain('ordres')
  const column = await ask('application/json', 'SELECT custmer FROM main.orders')
  expect(column.status).toBe(400)
  expect((await json<ErrorReply>(column)).error.message).toContain('customer')
})

test('a running statement is listed and stopped by its id', async () => {
  const headers = { 'content-type': 'application/json', 'x-hypermesh-query-id': 'smoke-1' }
  const sql = 'SELECT count(*) FROM range(1000000000) a, range(1000000000) b'
  const running = server.fetch('/v1/sql', {
    method: 'POST',
    headers,
    body: JSON.stringify({ sql }),
  })
  for (let isListed = false; !isListed; ) {
    const list = await json<{ queries: { id: string; state: string }[] }>(
      await server.fetch('/v1/sql/queries'),
    )
    isListed = list.queries.some(({ id, state }) => id === 'smoke-1' && state === 'running')
  }
  const stopped = await server.fetch('/v1/sql/queries/smoke-1', { method: 'DELETE' })
  expect(stopped.status).toBe(204)
  expect((await running).status).toBe(499)
})

test('a result is read in pages, and as a Parquet file', async () => {
  const body = JSON.stringify({ sql: 'FROM main.orders ORDER BY id', pageRows: 2 })
  const headers = { 'content-type': 'application/json' }
  const first = await json<{ rows: unknown[][]; next: string; totalRows: number }>(
    await server.fetch('/v1/sql', { method: 'POST', headers, body }),
  )
  expect(first).toMatchObject({
    rows: [
      [1, 'ann', 10],
      [2, 'bo', 20],
    ],
    totalRows: 3,
  })
  const second = await server.fetch(`/v1/sql/pages/${first.next}`)
  expect(await json(second)).toMatchObject({ rows: [[3, 'ann', 5]], next: null })
  const parquet = await ask('application/vnd.apache.parquet', 'FROM main.orders')
  const bytes = Buffer.from(await parquet.arrayBuffer())
  expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1'])
})

test('a query is saved with typed parameters, run, shown and deleted', async () => {
  const sql = 'SELECT id FROM main.orders WHERE amount > $least ORDER BY id'
  const put = await server.command(['saved', 'put', 'large', sql, '-p', 'least:DECIMAL(9,2)=9.5'])
  expect(put).toMatchObject({ code: 0, stdout: 'saved large\n' })
  const run = await server.command(['saved', 'run', 'large', '--format', 'csv', '-p', 'least=15'])
  expect(run.stdout).toBe('id\r\n2\r\n')
  const reply = await server.fetch('/v1/sql/saved/large/run', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  expect(await json(reply)).toMatchObject({ rows: [[1], [2]] })
  expect((await server.command(['saved', 'list'])).stdout).toContain('least DECIMAL(9,2)')
  expect((await server.command(['saved', 'show', 'large'])).stdout).toBe(`${sql}\n`)
  const list = await json<{ queries: { name: string }[] }>(await server.fetch('/v1/sql/saved'))
  expect(list.queries.map(({ name }) => name)).toEqual(['large'])
  expect((await server.command(['saved', 'delete', 'large'])).code).toBe(0)
  expect((await server.fetch('/v1/sql/saved/large')).status).toBe(404)
})
