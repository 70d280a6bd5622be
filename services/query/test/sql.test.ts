import type { SqlReply } from '@hypermesh/contract'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { tableFromIPC } from 'apache-arrow'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

let platform: Platform

const csv = (from: number, to: number) =>
  `id,name,seen\n${Array.from({ length: to - from }, (_, i) => `${from + i},name ${from + i},2024-01-01 00:00:${String((from + i) % 60).padStart(2, '0')}`).join('\n')}\n`

beforeAll(async () => {
  platform = await startPlatform()
  const { writer } = platform.clients
  for (let file = 0; file < 5; file += 1) {
    const body = csv(file * 100, file * 100 + 100)
    await writer.ingest('main.items', { body, format: 'csv' })
  }
  await writer.ingest('demo.cars', { body: 'a,b\n1,x\n2,\n', format: 'csv' })
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
})

interface Sent {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

async function send(body: unknown, accept?: string): Promise<Sent> {
  const response = await platform.fetch('/v1/sql', {
    method: 'POST',
    key: platform.keys.reader,
    headers: { 'content-type': 'application/json', ...(accept ? { accept } : {}) },
    body: JSON.stringify(typeof body === 'string' ? { sql: body } : body),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, body: bytes }
}

async function ask(body: unknown): Promise<SqlReply> {
  const { status, body: bytes } = await send(body)
  expect(bytes.toString(), `status ${status}`).toContain('"columns"')
  return JSON.parse(bytes.toString())
}

async function fails(body: unknown, accept?: string) {
  const { status, body: bytes } = await send(body, accept)
  return { status, ...JSON.parse(bytes.toString()).error }
}

test('a statement is answered with its columns, rows and what was read', async () => {
  const reply = await ask('SELECT id, name, seen FROM items WHERE id = 250')
  expect(reply).toMatchObject({
    columns: [
      { name: 'id', type: 'BIGINT' },
      { name: 'name', type: 'VARCHAR' },
      { name: 'seen', type: 'TIMESTAMP' },
    ],
    rows: [[250, 'name 250', '2024-01-01T00:00:10']],
    rowCount: 1,
    truncated: null,
    filesPlanned: 1,
    filesPruned: 4,
  })
  expect(Object.keys(reply.snapshots)).toEqual(['main.items'])
  expect(reply.bytesPlanned).toBeGreaterThan(0)
  expect(reply.bytesPruned).toBeGreaterThan(reply.bytesPlanned)
})

test('a filter that no file can meet is an empty, typed result', async () => {
  const reply = await ask('SELECT id, seen FROM items WHERE id > 100000')
  expect(reply).toMatchObject({ rows: [], rowCount: 0, filesPlanned: 0, filesPruned: 5 })
  expect(reply.columns.map(({ type }) => type)).toEqual(['BIGINT', 'TIMESTAMP'])
  expect((await ask('SELECT count(*) FROM items WHERE id > 100000')).rows).toEqual([[0]])
})

test('each format is what Accept asks for', async () => {
  const sql = 'SELECT a, b FROM demo.cars ORDER BY a'
  const ndjson = await send(sql, 'application/x-ndjson')
  expect(ndjson.body.toString()).toBe('{"a":1,"b":"x"}\n{"a":2,"b":null}\n')
  expect(ndjson.headers.get('x-hypermesh-rows')).toBe('2')
  expect(ndjson.headers.get('x-hypermesh-truncated')).toBe('none')
  const text = await send(sql, 'text/html;q=0.9, text/csv;q=0.8, */*;q=0.1')
  expect(text.body.toString()).toBe('a,b\r\n1,x\r\n2,\r\n')
  const arrow = await send(sql, 'application/vnd.apache.arrow.stream')
  expect(tableFromIPC(arrow.body).toArray().map(String)).toHaveLength(2)
  expect((await send(sql, '*/*')).headers.get('content-type')).toContain('application/json')
  expect(await fails(sql, 'text/html')).toMatchObject({ status: 415, code: 'unsupported_media' })
})

test('parameters are bound, counted in pruning and checked', async () => {
  const sql = 'SELECT id FROM items WHERE id = $1'
  expect(await ask({ sql, parameters: [42] })).toMatchObject({ rows: [[42]], filesPruned: 4 })
  const named = { sql: 'SELECT id FROM items WHERE id = $id', parameters: { id: 42 } }
  expect(await ask(named)).toMatchObject({ rows: [[42]], filesPruned: 4 })
  const typed = { sql, parameters: [{ type: 'BIGINT', value: '42' }] }
  expect((await ask(typed)).rows).toEqual([[42]])
  expect(await fails({ sql, parameters: [1, 2] })).toMatchObject({ status: 400, code: 'invalid' })
  expect(await fails(sql)).toMatchObject({ status: 400, code: 'invalid' })
})

test('a statement travels to a snapshot by its id and by a time', async () => {
  const { snapshots } = await platform.clients.reader.tableHistory('main.items')
  const second = snapshots[3]
  const count = (at: string) => `SELECT count(*) FROM main.items AT (${at})`
  expect((await ask(count(`VERSION => ${second?.snapshotId}`))).rows).toEqual([[200]])
  const bound = { sql: count('VERSION => $1'), parameters: [String(second?.snapshotId)] }
  expect((await ask(bound)).rows).toEqual([[200]])
  expect((await ask(count(`TIMESTAMP => '${second?.committedAt}'`))).rows).toEqual([[200]])
  const both = await ask(
    `SELECT (SELECT count(*) FROM main.items), (SELECT count(*) FROM main.items old AT (VERSION => ${second?.snapshotId}) WHERE old.id >= $1)`.replace(
      '$1',
      '150',
    ),
  )
  expect(both.rows).toEqual([[500, 50]])
  expect(await fails(count('VERSION => 1'))).toMatchObject({ status: 404, code: 'not_found' })
  expect(await fails(count("TIMESTAMP => '1999-01-01'"))).toMatchObject({ code: 'not_found' })
})

test('names are found without regard to case, and a slip is told the nearest', async () => {
  expect((await ask('SELECT count(*) FROM DEMO.Cars')).rows).toEqual([[2]])
  expect((await ask({ sql: 'SELECT count(*) FROM cars', namespace: 'demo' })).rows).toEqual([[2]])
  const error = await fails('FROM demo.carz')
  expect(error).toMatchObject({ status: 404, code: 'not_found' })
  expect(error.message).toContain('demo.cars')
})

test('namespaces may be called as databases of DuckDB are', async () => {
  const { writer } = platform.clients
  for (const namespace of ['temp', 'system', 'memory', 'recurring']) {
    await writer.ingest(`${namespace}.t`, { body: `n\n${namespace}\n`, format: 'csv' })
    expect((await ask(`SELECT n FROM ${namespace}.t`)).rows).toEqual([[namespace]])
    expect((await ask(`SELECT ${namespace}.t.n FROM ${namespace}.t`)).rows).toEqual([[namespace]])
  }
})

test('what is not a reading statement is refused with its reason', async () => {
  for (const sql of [
    'DROP TABLE main.items',
    "FROM read_csv('/etc/passwd')",
    "FROM '/etc/passwd'",
    'SELECT 1; SELECT 2',
    'EXPLAIN ANALYZE INSERT INTO main.items VALUES (1)',
  ]) {
    const error = await fails(sql)
    expect(error, sql).toMatchObject({ status: 400, code: 'invalid' })
    expect(error.details.reason, sql).toBeTruthy()
  }
})

test('an error of the statement is placed in the text that was sent', async () => {
  const error = await fails('SELECT id,\n  nope FROM items')
  expect(error).toMatchObject({ code: 'invalid', details: { line: 2, column: 3 } })
})

test('plans are shown without the paths of the server', async () => {
  const plain = await send('EXPLAIN SELECT * FROM items WHERE id = 5')
  expect(plain.status).toBe(200)
  const analyzed = await send('EXPLAIN ANALYZE SELECT * FROM items i JOIN items j USING (id)')
  expect(analyzed.status).toBe(200)
  expect(analyzed.body.toString()).toContain('READ_PARQUET')
  for (const { body } of [plain, analyzed]) {
    expect(body.toString()).not.toContain(platform.directory)
    expect(body.toString()).not.toContain('warehouse')
    expect(body.toString()).not.toContain('.parquet')
  }
  const { scans, rows } = await ask('EXPLAIN SELECT * FROM items WHERE id = 5')
  const snapshotId = plain.headers.get('x-hypermesh-snapshots')?.match(/\d+/)?.[0]
  expect(scans).toMatchObject([
    {
      table: 'main.items',
      snapshotId: Number(snapshotId),
      filter: 'id = 5',
      total: { files: 5, rows: 500 },
      afterPartitions: { files: 5, rows: 500 },
      afterBounds: { files: 1, rows: 100 },
      deletes: { files: 0 },
      rowGroups: 1,
    },
  ])
  expect(rows.map(([key]) => key)).toEqual(['scan of main.items', 'physical_plan'])
  expect(rows[0]?.[1]).toContain('after bounds     1 files, 100 rows')
  expect(analyzed.body.toString()).toMatch(/Total Time|[0-9.]+s\)/)
  expect((await ask('DESCRIBE items')).rows.map((row) => row[0])).toEqual(['id', 'name', 'seen'])
  expect((await ask('SUMMARIZE items')).rowCount).toBe(3)
})

test('rows and bytes are cut at their limits, and the reply says so', async () => {
  expect(await ask({ sql: 'FROM items ORDER BY id', rowsMax: 3 })).toMatchObject({
    rowCount: 3,
    truncated: 'rows',
  })
  expect(await ask({ sql: 'FROM items', rowsMax: 500 })).toMatchObject({
    rowCount: 500,
    truncated: null,
  })
  const cut = await ask({ sql: 'SELECT id FROM items ORDER BY id', bytesMax: 10 })
  expect(cut).toMatchObject({ truncated: 'bytes', rowCount: cut.rows.length })
})

test('a stream that reaches its limit after it began breaks off', async () => {
  const response = await platform.fetch('/v1/sql', {
    method: 'POST',
    key: platform.keys.reader,
    headers: { 'content-type': 'application/json', accept: 'text/csv' },
    body: JSON.stringify({ sql: 'FROM range(3000000)', rowsMax: 2_000_000 }),
  })
  expect(response.headers.get('x-hypermesh-rows')).toBeNull()
  await expect(response.arrayBuffer()).rejects.toThrow()
})

test('a statement past its deadline is 504 and frees its place', async () => {
  const sql = 'SELECT sum(a.i * b.i) FROM range(100000000) a(i), range(100000000) b(i)'
  expect(await fails({ sql, timeoutMs: 50 })).toMatchObject({ status: 504, code: 'deadline' })
  expect((await ask('SELECT 1')).rows).toEqual([[1]])
})

test('a statement whose client has gone ends and frees its place', async () => {
  const sql = 'SELECT sum(a.i * b.i) FROM range(100000000) a(i), range(100000000) b(i)'
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const controller = new AbortController()
    const sent = platform.fetch('/v1/sql', {
      method: 'POST',
      key: platform.keys.reader,
      signal: controller.signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql }),
    })
    setImmediate(() => controller.abort())
    await sent.then((response) => response.arrayBuffer()).catch(() => undefined)
  }
  // More than may run at once have been abandoned; none of them is in the way.
  expect((await ask({ sql: 'SELECT 1', timeoutMs: 20_000 })).rows).toEqual([[1]])
})

test('a body that is left unread frees its place', async () => {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const response = await platform.fetch('/v1/sql', {
      method: 'POST',
      key: platform.keys.reader,
      headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
      body: JSON.stringify({ sql: 'FROM range(100000000)' }),
    })
    await response.body?.cancel()
  }
  expect((await ask({ sql: 'SELECT 1', timeoutMs: 20_000 })).rows).toEqual([[1]])
})

test('a reader that stalls loses its place at the deadline of its statement', async () => {
  const stalled: Response[] = []
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const response = await platform.fetch('/v1/sql', {
      method: 'POST',
      key: platform.keys.reader,
      headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
      body: JSON.stringify({ sql: 'FROM range(100000000)', timeoutMs: 1000 }),
    })
    stalled.push(response)
  }
  expect((await ask({ sql: 'SELECT 1', timeoutMs: 20_000 })).rows).toEqual([[1]])
  // Begun, its body is cut; where the deadline came first, it never began.
  for (const response of stalled) {
    if (response.status === 200) await expect(response.arrayBuffer()).rejects.toThrow()
    else expect(response.status, await response.text()).toBe(504)
  }
})

test('pruning never changes an answer', async () => {
  const value = fc.integer({ min: -20, max: 520 })
  const leaf = fc.oneof(
    fc
      .tuple(fc.constantFrom('=', '<>', '<', '<=', '>', '>='), value)
      .map(([op, number]) => `id ${op} ${number}`),
    fc.tuple(value, value).map(([from, to]) => `id BETWEEN ${from} AND ${to}`),
    fc.array(value, { minLength: 1, maxLength: 4 }).map((list) => `id IN (${list.join(', ')})`),
    value.map((number) => `name = 'name ${number}'`),
    value.map((number) => `name > 'name ${number}'`),
    fc
      .nat(59)
      .map((second) => `seen = TIMESTAMP '2024-01-01 00:00:${String(second).padStart(2, '0')}'`),
    fc.constantFrom('name IS NULL', 'name IS NOT NULL', "name LIKE 'name 1%'", 'id % 7 = 3'),
  )
  const { predicate } = fc.letrec<{ predicate: string }>((tie) => ({
    predicate: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc
        .tuple(tie('predicate'), fc.constantFrom('AND', 'OR'), tie('predicate'))
        .map(([left, op, right]) => `(${left} ${op} ${right})`),
      tie('predicate').map((inner) => `NOT (${inner})`),
    ),
  }))
  const rows = Array.from({ length: 500 }, (_, id) => id)
  const literal = `(SELECT i AS id, 'name ' || i AS name, TIMESTAMP '2024-01-01' + to_seconds(i % 60) AS seen FROM range(${rows.length}) r(i))`
  await fc.assert(
    fc.asyncProperty(predicate, async (where) => {
      const sql = (from: string) => `SELECT id FROM ${from} t WHERE ${where} ORDER BY id`
      expect((await ask(sql('main.items'))).rows).toEqual((await ask(sql(literal))).rows)
    }),
    { numRuns: 60 },
  )
})

test('a filter compares a FLOAT of before the column was widened with what was read', async () => {
  const { writer } = platform.clients
  const load = (body: string, type: string) =>
    writer.ingest('main.widened', { body, format: 'csv', types: { f: type } })
  await load('f\n0.1\n', 'FLOAT')
  await load('f\n7\n', 'DOUBLE')
  const count = async (predicate: string) =>
    (await ask(`SELECT count(*) FROM widened WHERE ${predicate}`)).rows[0]?.[0]
  expect(await count('f > 0.1::DOUBLE')).toBe(2)
  expect(await count('f = 0.1::DOUBLE')).toBe(0)
  expect(await count('f <= 0.1::DOUBLE')).toBe(0)
  expect(await count('f <> 0.1::DOUBLE')).toBe(2)
  expect(await count('f = 0.1::FLOAT')).toBe(1)
  expect(await count('f BETWEEN 0.1::FLOAT AND 7')).toBe(2)
})

test('a statement that fails after many rows is never taken for a whole result', async () => {
  const late = (rows: number) =>
    `SELECT i, CASE WHEN i = ${rows - 1} THEN error('too late') ELSE 'x' END AS t FROM range(${rows}) r(i)`
  for (const accept of [
    undefined,
    'text/csv',
    'application/x-ndjson',
    'application/vnd.apache.arrow.stream',
  ]) {
    // While it is held back, the failure is the reply.
    expect(await fails(late(50_000), accept)).toMatchObject({
      status: 400,
      code: 'invalid',
      message: expect.stringContaining('too late'),
    })
    // After that the body breaks off.
    await expect(send(late(1_000_000), accept)).rejects.toThrow()
  }
})

test('the optimizer is told how many rows a table has, so that it orders joins', async () => {
  const rows = Array.from({ length: 3000 }, (_, n) => `${n},${n % 7}`)
  const body = ['n,k', ...rows].join('\n')
  await platform.clients.writer.ingest('main.counted', { body, format: 'csv' })
  const plan = await ask({ sql: 'EXPLAIN SELECT * FROM main.counted' })
  expect(JSON.stringify(plan.rows)).toContain('~3,000 rows')
})
