import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryDirectory } from '@hypermesh/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openGraph } from './_graph.ts'
import { openQueries, type QueryReply } from './_queries.ts'

const injection = 'E; DELETE FROM api_keys; --'

const { graph, send, run, rowsOf } = await openQueries()
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
})

describe('writes', () => {
  beforeAll(async () => {
    await run(
      'CREATE HYPEREDGE TABLE W (Person, Host) PROPERTIES (n INTEGER, s STRING) TTL 365000 DAYS',
    )
  })
  test('insert, update, delete: each one commit, which AS OF can see', async () => {
    const inserted = await run(
      "INSERT INTO W (event_ts, members, n) VALUES (1, [1], 1), (2, [{node: 2, role: 'Host'}], 2)",
    )
    expect(inserted.receipt).toMatchObject({ inserted: 2 })
    const updated = await run(
      'UPDATE HYPEREDGE (w:W) SET w.n = w.n * 10, w.weight = 3 WHERE w.n >= 1',
    )
    expect(updated.rows[0]).toEqual([0, 2, 0, 0, updated.seq])
    expect(await rowsOf('MATCH HYPEREDGE (w:W) RETURN w.n, w.weight ORDER BY w.n')).toEqual([
      [10, 3],
      [20, 3],
    ])
    expect(
      await rowsOf(`MATCH HYPEREDGE (w:W) AS OF ${inserted.seq} RETURN w.n ORDER BY w.n`),
    ).toEqual([[1], [2]])
    expect(
      (await run("MATCH HYPEREDGE (w:W) WHERE w.n = 10 SET w.s = 'ten'")).receipt,
    ).toMatchObject({ updated: 1 })
    expect((await run('DELETE FROM W WHERE n = 20')).receipt).toMatchObject({ deleted: 1 })
    expect(await rowsOf('MATCH HYPEREDGE (w:W) RETURN w.s')).toEqual([['ten']])
    expect((await run('MATCH HYPEREDGE (w:W) DELETE w')).receipt).toMatchObject({ deleted: 1 })
    expect(await rowsOf('MATCH HYPEREDGE (w:W) RETURN count(*)')).toEqual([[0]])
  })
  test.each([
    ['INSERT HYPEREDGE (:W {event_ts: 1})', 'invalid'],
    ['INSERT HYPEREDGE (:W {event_ts: 1, members: []})', 'invalid'],
    ["INSERT HYPEREDGE (:W {event_ts: 1, members: [{node: 1, role: 'Other'}]})", 'type_mismatch'],
    ["INSERT HYPEREDGE (:W {event_ts: 1, members: [1], n: 'x'})", 'type_mismatch'],
    ['INSERT HYPEREDGE (:W {event_ts: 1, members: [1], n: 1.5})', 'type_mismatch'],
    ['INSERT HYPEREDGE (:W {event_ts: 1, members: [1], nothing: 1})', 'invalid'],
    ["INSERT HYPEREDGE (:W {event_ts: 'soon', members: [1]})", 'invalid'],
    [
      'INSERT HYPEREDGE (:W {event_ts: 1, members: [1]}), (:W {event_ts: 1, members: []})',
      'invalid',
    ],
    ['INSERT HYPEREDGE (:hm_tables {event_ts: 1, members: [1]})', 'invalid_name'],
    ['MATCH HYPEREDGE (t:hm_tables) RETURN *', 'invalid_name'],
    ['DROP HYPEREDGE TABLE hm_tables', 'invalid_name'],
    ['MATCH HYPEREDGE (w:Missing) RETURN *', 'not_found'],
    ["MATCH HYPEREDGE (w:W) WHERE w.n = 'x' RETURN *", 'type_mismatch'],
    ['MATCH HYPEREDGE (w:W) WHERE w.x = 1 RETURN *', 'invalid'],
    ['MATCH HYPEREDGE (w:W) WHERE v.n = 1 RETURN *', 'invalid'],
    ['MATCH HYPEREDGE (w:W) WHERE w.n RETURN *', 'type_mismatch'],
    ['MATCH HYPEREDGE (w:W) RETURN w.n, count(*) ORDER BY w.s', 'invalid'],
    ['MATCH HYPEREDGE (w:W) RETURN nothing(w.n)', 'invalid'],
    ['UPDATE W SET id = 5', 'invalid'],
    ["COPY W FROM 'a.csv'", 'forbidden'],
    ['MATCH HYPEREDGE (w:W) AS OF 999999 RETURN *', 'not_found'],
  ])('%s: %s, and nothing is written', async (query, code) => {
    await expect(run(query)).rejects.toMatchObject({ code })
    expect(await rowsOf('MATCH HYPEREDGE (w:W) RETURN count(*)')).toEqual([[0]])
  })
  test('definitions', async () => {
    await run('CREATE HYPEREDGE TABLE D (A) TTL 3600')
    expect((await run('CREATE HYPEREDGE TABLE IF NOT EXISTS D ()')).rows).toEqual([['D', false]])
    await run('ALTER HYPEREDGE TABLE D ADD PROPERTIES (p STRING, q REAL)')
    await run('ALTER HYPEREDGE TABLE D SET BUCKET_SECONDS 5')
    await run('ALTER HYPEREDGE TABLE D SET TTL NULL')
    await run('CREATE INDEX ON D (p)')
    await run('CREATE INDEX both ON D (label, q)')
    expect(await rowsOf('SHOW INDEXES ON D')).toEqual([
      ['D', 'by_p', ['p']],
      ['D', 'both', ['label', 'q']],
    ])
    await run('DROP INDEX ON D (p)')
    await run('DROP INDEX both ON D')
    expect(await rowsOf('SHOW INDEXES ON D')).toEqual([])
    expect(await graph.call('GET', '/db/tables/D')).toMatchObject({
      ...{
        members: ['A'],
        bucket_seconds: 5,
        ttl_ms: null,
        properties: { p: 'string', q: 'float64' },
      },
    })
    await run('DROP HYPEREDGE TABLE D')
    expect((await run('DROP HYPEREDGE TABLE IF EXISTS D')).rows).toEqual([['D', false]])
    await expect(run('DROP HYPEREDGE TABLE D')).rejects.toMatchObject({ code: 'not_found' })
    expect((await run('COMPACT_THRESHOLD 1000000')).rows[0]?.[0]).toBe(1_000_000)
    expect((await run('COMPACT_THRESHOLD')).rows[0]).toEqual([1_000_000, expect.any(Number), false])
  })
})

describe('a reader’s key', () => {
  const writing = [
    'INSERT HYPEREDGE (:E {event_ts: 1, members: [1]})',
    'UPDATE E SET weight = 1',
    'DELETE FROM E',
    'MATCH HYPEREDGE (he:E) SET he.weight = 1',
    'MATCH HYPEREDGE (he:E) DELETE he',
    "COPY E FROM 'x.csv'",
    'CREATE HYPEREDGE TABLE Z ()',
    'ALTER HYPEREDGE TABLE E SET TTL 5',
    'DROP HYPEREDGE TABLE E',
    'DROP HYPEREDGE TABLE IF EXISTS E',
    'CREATE INDEX ON E (a)',
    'DROP INDEX i ON E',
    'COMPACT_THRESHOLD 5',
    'COMPACT_THRESHOLD',
  ]
  test.each([...writing, ...writing.map((one) => `EXPLAIN ${one}`)])(
    'cannot run %s',
    async (query) => {
      const before = await rowsOf('MATCH HYPEREDGE (he:E) RETURN *')
      const response = await send(query, {}, 'reader')
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ error: { code: 'forbidden' } })
      expect(await rowsOf('MATCH HYPEREDGE (he:E) RETURN *')).toEqual(before)
    },
  )
  test('reads', async () => {
    for (const query of [
      'MATCH HYPEREDGE (he:E) RETURN count(*)',
      'SHOW INDEXES',
      'EXPLAIN MATCH HYPEREDGE (he:E) RETURN *',
    ]) {
      expect((await send(query, {}, 'reader')).status).toBe(200)
    }
  })
})

describe('what is no name is 422 over HTTP', () => {
  test.each([
    `MATCH HYPEREDGE (he:${injection}) RETURN *`,
    `DROP HYPEREDGE TABLE ${injection}`,
    `INSERT INTO ${injection} (event_ts) VALUES (1)`,
    `CREATE INDEX ON ${injection} (a)`,
    `CREATE HYPEREDGE TABLE \`${injection}\` (Person)`,
    `CALL get_hyperedges_by_time_range("${injection}", 1, 2)`,
  ])('%s', async (query) => {
    const tables = await graph.call('GET', '/db/tables')
    const response = await send(query)
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_name' } })
    expect(await graph.call('GET', '/db/tables')).toEqual(tables)
  })
  test('as the database', async () => {
    const path = `/${encodeURIComponent(injection)}/query`
    const body = JSON.stringify({ query: 'SHOW INDEXES' })
    const headers = { 'content-type': 'application/json' }
    expect((await graph.send('POST', path, { body, headers })).status).toBe(422)
  })
})

describe('what takes too long', () => {
  const crossed = `MATCH HYPEREDGE (x:Many), (y:Many) WHERE x.a + y.a = -1 RETURN count(*)`
  beforeAll(async () => {
    await run('CREATE HYPEREDGE TABLE Many () PROPERTIES (a INTEGER)')
    const rows = Array.from(
      { length: 3000 },
      (_, a) => `(:Many {event_ts: ${a}, members: [${a % 7}], a: ${a}})`,
    )
    await run(`INSERT HYPEREDGE ${rows.join(', ')}`)
  })
  test('ends at its deadline with 504', async () => {
    const response = await send(crossed, { timeout_ms: 20 })
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ error: { code: 'deadline' } })
  })
  test('of a deadline beyond what a timer takes runs to its end', async () => {
    const query = crossed.replace('= -1', '= -1 AND x.a < 500')
    expect((await run(query, { timeout_ms: 3e9 })).rows).toEqual([[0]])
  })
  test('is listed and can be stopped by its id, by who may', async () => {
    const running = graph.send('POST', '/db/query', {
      body: JSON.stringify({ query: crossed }),
      headers: { 'content-type': 'application/json', 'x-hypermesh-query-id': 'slow' },
    })
    const listed = async () => {
      for (;;) {
        const { queries } = await graph.call<{ queries: { id: string }[] }>('GET', '/db/queries')
        if (queries.length > 0) return queries
      }
    }
    expect(await listed()).toMatchObject([{ id: 'slow', query: crossed }])
    expect((await graph.send('DELETE', '/db/queries/other')).status).toBe(404)
    expect((await graph.send('DELETE', '/db/queries/slow')).status).toBe(204)
    expect((await running).status).toBe(499)
    expect(await graph.call('GET', '/db/queries')).toEqual({ queries: [] })
  })
  test('ends with its request', async () => {
    const abort = new AbortController()
    const running = graph.send('POST', '/db/query', {
      body: JSON.stringify({ query: crossed }),
      headers: { 'content-type': 'application/json' },
      abort,
    })
    abort.abort()
    expect((await running).status).toBe(499)
    expect(await graph.call('GET', '/db/queries')).toEqual({ queries: [] })
  })
})

describe('COPY FROM', () => {
  test('reads below its root, in one commit, and nothing else', async () => {
    await using root = await temporaryDirectory()
    await using outside = await temporaryDirectory()
    const lines = Array.from({ length: 25_000 }, (_, at) =>
      JSON.stringify({ at, members: [at % 9] }),
    )
    await writeFile(join(root.path, 'a.ndjson'), lines.join('\n'))
    await writeFile(join(root.path, 'bad.ndjson'), `${lines.slice(0, 20_000).join('\n')}\n{"at":1}`)
    await writeFile(
      join(root.path, 'b.csv'),
      'edge,node,event_ts\n1,ann,2024-01-01\n1,bob,2024-01-01\n',
    )
    await writeFile(join(outside.path, 'secret.csv'), 'edge,node,event_ts\n1,x,2024-01-01\n')
    await symlink(outside.path, join(root.path, 'link'))
    await using own = await openGraph({ settings: { importRoot: root.path } })
    const copy = (query: string) => own.call<QueryReply>('POST', '/db/query', { query })
    await own.call('PUT', '/db')
    await copy('CREATE HYPEREDGE TABLE C ()')
    const seq = async () => (await own.call<{ seq: number }>('GET', '/db')).seq
    for (const path of [
      '/etc/passwd',
      '../x.csv',
      '/../../etc',
      'a/../../b.csv',
      'link/secret.csv',
      '',
    ]) {
      await expect(copy(`COPY C FROM '${path}' (format = 'csv')`)).rejects.toMatchObject({
        code: 'invalid_name',
      })
    }
    await expect(copy("COPY C FROM 'none.csv'")).rejects.toMatchObject({ code: 'not_found' })
    await expect(copy("COPY C FROM 'bad.ndjson'")).rejects.toMatchObject({ code: 'invalid' })
    expect((await copy('MATCH HYPEREDGE (c:C) RETURN count(*)')).rows).toEqual([[0]])
    const before = await seq()
    expect((await copy("COPY C FROM 'a.ndjson'")).rows).toEqual([[25_000, 0]])
    expect((await copy(`MATCH HYPEREDGE (c:C) AS OF ${before} RETURN count(*)`)).rows).toEqual([
      [0],
    ])
    expect(
      (await copy(`MATCH HYPEREDGE (c:C) AS OF ${before + 25_000} RETURN count(*)`)).rows,
    ).toEqual([[25_000]])
    expect((await copy("COPY C FROM 'b.csv' (format = 'csv')")).rows).toEqual([[1, 0]])
  })
  test('takes what INSERT takes: declared kinds of members, and so many in one commit', async () => {
    await using root = await temporaryDirectory()
    const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n')
    const rows = Array.from({ length: 4 }, (_, at) => ({ at, members: [at] }))
    const strange = { at: 9, members: [{ node: 1, role: 'Other' }] }
    await writeFile(join(root.path, 'strange.ndjson'), lines([...rows.slice(0, 2), strange]))
    await writeFile(join(root.path, 'three.ndjson'), lines(rows.slice(0, 3)))
    await writeFile(join(root.path, 'four.ndjson'), lines(rows))
    const settings = { importRoot: root.path }
    await using own = await openGraph({ settings, limits: { graphBatchMax: 3 } })
    const copy = (query: string) => own.call<QueryReply>('POST', '/db/query', { query })
    const count = async () => (await copy('MATCH HYPEREDGE (c:C) RETURN count(*)')).rows
    await own.call('PUT', '/db')
    await copy('CREATE HYPEREDGE TABLE C (Person)')
    await expect(copy("COPY C FROM 'strange.ndjson'")).rejects.toMatchObject({
      ...{ code: 'type_mismatch', details: { role: 'Other' } },
    })
    await expect(copy("COPY C FROM 'four.ndjson'")).rejects.toMatchObject({
      ...{ code: 'too_large', details: { limit: 'graph_batch_max' } },
    })
    expect(await count()).toEqual([[0]])
    expect((await copy("COPY C FROM 'three.ndjson'")).rows).toEqual([[3, 0]])
    expect(await count()).toEqual([[3]])
  })
})
