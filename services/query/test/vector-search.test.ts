import type { SqlRequest, VectorPoint } from '@hypermesh/contract'
import { type Platform, startPlatform, topologies } from '@hypermesh/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const points: VectorPoint[] = Array.from({ length: 20 }, (_, id) => ({
  id,
  vector: [Math.cos(id / 10), Math.sin(id / 10)],
  metadata: { even: id % 2 === 0, name: `point ${id}` },
}))

describe.each(topologies)('%s', (topology) => {
  let platform: Platform

  beforeAll(async () => {
    platform = await startPlatform({
      topology,
      network: topology === 'split',
      config: { limits: { sqlCallsMax: 3 } },
    })
    const { writer } = platform.clients
    const rows = points.map((_, id) => `${id},t${id},${id * 10}`).join('\n')
    await writer.ingest('main.items', { body: `id,code,price\n${rows}\n`, format: 'csv' })
    await writer.createVectorIndex('items', { dimension: 2, storage: 'f32' })
    await writer.writePoints('items', { points })
    await writer.createVectorIndex('codes', { dimension: 2 })
    const texts = points.map((point) => ({ ...point, id: `t${point.id}` }))
    await writer.writePoints('codes', { points: texts })
    await writer.createVectorIndex('empty', { dimension: 2 })
  })

  afterAll(async () => {
    await platform[Symbol.asyncDispose]()
  })

  const ask = (request: SqlRequest | string) => platform.clients.reader.sql(request)
  const fails = (request: SqlRequest | string) =>
    ask(request).then(
      () => undefined,
      (error: unknown) => error,
    )

  test('the nearest points join with a table by their ids, without a cast', async () => {
    const reply = await ask(`
      SELECT t.price, v.id, v.distance, v.score, v.metadata->>'name' AS name
      FROM vector_search('items', [1, 0], 3) v JOIN items t ON t.id = v.id ORDER BY v.distance`)
    expect(reply.rows.map(([price, id, , , name]) => [price, id, name])).toEqual([
      [0, 0, 'point 0'],
      [10, 1, 'point 1'],
      [20, 2, 'point 2'],
    ])
    expect(reply.columns.map(({ type }) => type).slice(0, 4)).toEqual([
      ...['BIGINT', 'BIGINT', 'DOUBLE', 'DOUBLE'],
    ])
    expect(reply.rows[0]?.[2]).toBeCloseTo(0)
    expect(reply.rows[0]?.[3]).toBeCloseTo(1)
    expect(Object.keys(reply.snapshots)).toEqual(['main.items'])
    const texts = await ask(
      `SELECT price FROM items JOIN vector_search('codes', [1, 0], 2) v ON code = v.id ORDER BY 1`,
    )
    expect(texts.rows).toEqual([[0], [10]])
    const none = `SELECT * FROM items t JOIN vector_search('empty', [1, 0], 2) v ON t.id = v.id`
    expect((await ask(none)).rows).toEqual([])
    const empty = `SELECT * FROM items t JOIN vector_search('empty', [1, 0], 2) v ON t.code = v.id`
    expect((await ask(empty)).rows).toEqual([])
  })

  test('a filter of the index is applied before k is counted, a WHERE after', async () => {
    const inIndex = `SELECT id FROM vector_search('items', [1, 0], 3, filter := '{"even": true}', ef := 50)`
    expect((await ask(inIndex)).rows).toEqual([[0], [2], [4]])
    const after = `SELECT id FROM vector_search('items', [1, 0], 3) WHERE metadata->>'even' = 'true'`
    expect((await ask(after)).rows).toEqual([[0], [2]])
    expect(
      (await ask(`SELECT id FROM vector_search('items', [1, 0], 3) WHERE id > 1`)).rows,
    ).toEqual([[2]])
  })

  test('parameters, a saved query, pages, EXPLAIN and each format', async () => {
    const sql = 'SELECT id FROM vector_search($1, $2, $3)'
    expect((await ask({ sql, parameters: ['items', [0, 1], 1] })).rows).toEqual([[16]])
    const typed = { type: 'FLOAT[]', value: '[1, 0]' }
    expect((await ask({ sql, parameters: ['items', typed, 1] })).rows).toEqual([[0]])
    const { writer, reader } = platform.clients
    await writer.saveQuery('near', {
      sql: `SELECT id FROM vector_search('items', $q, $k) WHERE id <> $not`,
      parameters: [
        { name: 'q', type: 'DOUBLE[]' },
        { name: 'k', type: 'INTEGER', default: '2' },
        { name: 'not', type: 'BIGINT', default: '0' },
      ],
    })
    expect((await reader.runSavedQuery('near', { parameters: { q: [1, 0] } })).rows).toEqual([[1]])
    const page = await ask({ sql: `FROM vector_search('items', [1, 0], 5)`, pageRows: 2 })
    expect(page).toMatchObject({ totalRows: 5 })
    expect((await reader.sqlPage(page.next ?? '')).rows.map(([id]) => id)).toEqual([2, 3])
    const plan = await ask(
      `EXPLAIN SELECT * FROM items t JOIN vector_search('items', [1, 0], 5) v USING (id)`,
    )
    expect(plan.scans?.map(({ table }) => table)).toEqual(['main.items'])
    expect(JSON.stringify(plan.rows)).toContain('vector_search_1')
    const stream = await reader.sqlStream(`FROM vector_search('items', [1, 0], 1)`, {
      format: 'csv',
    })
    const text = await new Response(stream.body).text()
    expect(text.split('\r\n')[0]).toBe('id,distance,score,metadata')
  })

  test('a view of the catalog may call it, as long as all calls together are few', async () => {
    await platform.clients.writer.createView('main', {
      name: 'nearest',
      schema: {
        type: 'struct',
        'schema-id': 0,
        fields: [{ id: 1, name: 'id', type: 'long', required: false }],
      },
      'view-version': {
        ...{ 'version-id': 1, 'schema-id': 0, 'timestamp-ms': 1, summary: {} },
        representations: [
          {
            type: 'sql',
            sql: `SELECT id FROM vector_search('items', [1, 0], 2)`,
            dialect: 'duckdb',
          },
        ],
        'default-namespace': ['main'],
      },
      properties: {},
    })
    expect(
      (await ask('SELECT n.id, price FROM nearest n JOIN items USING (id)')).rows,
    ).toHaveLength(2)
    const call = `vector_search('items', [1, 0], 1)`
    const few = `SELECT count(*) FROM ${call} a, ${call} b, main.nearest`
    expect((await ask(few)).rows).toEqual([[2]])
    expect(
      await fails(`SELECT count(*) FROM ${call} a, ${call} b, ${call} c, nearest`),
    ).toMatchObject({
      code: 'too_large',
      details: { limit: 'sql_calls_max', callsMax: 3 },
    })
  })

  test.each([
    [`FROM vector_search('nowhere', [1, 0], 1)`, 'not_found', /nowhere/],
    [`FROM vector_search('../x', [1, 0], 1)`, 'invalid', /name of an index/],
    [`FROM vector_search('items', [1, 0, 0], 1)`, 'invalid', /3 numbers/],
    [`FROM vector_search('items', [1, NULL], 1)`, 'invalid', /list of numbers/],
    [`FROM vector_search('items', [1, 'nan'::DOUBLE], 1)`, 'invalid', /number/],
    [`FROM vector_search('items', 5, 1)`, 'invalid', /text or a list/],
    [`FROM vector_search('items', [1, 0], 0)`, 'invalid', /at least 1/],
    [`FROM vector_search('items', [1, 0], 1.5)`, 'invalid', /whole number/],
    [`FROM vector_search('items', [1, 0], 100000)`, 'invalid', /100000/],
    [`FROM vector_search('items', [1, 0])`, 'invalid', /3 arguments, not 2.*line 1, column 6/],
    [`FROM vector_search('items', [1, 0], 1, best := 3)`, 'invalid', /no argument named best/],
    [`FROM vector_search('items', [1, 0], 1, filter := '{')`, 'invalid', /JSON/],
    [`FROM vector_search('items', [1, 0], 1, filter := '{"nofield": 1}')`, 'invalid', /nofield/],
    [`FROM items t, vector_search('items', [t.id, 0], 1)`, 'invalid', /constants and parameters/],
  ])('%s is a typed error', async (sql, code, message) => {
    expect(await fails(sql)).toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

test('without the vector service only statements that ask it fail, with 503 and Retry-After', async () => {
  await using platform = await startPlatform({ topology: 'split', network: true })
  await platform.peers.vector.stop()
  const ask = (sql: string) =>
    platform.fetch('/v1/sql', {
      method: 'POST',
      key: platform.keys.reader,
      body: JSON.stringify({ sql }),
      headers: { 'content-type': 'application/json' },
    })
  const down = await ask(`FROM vector_search('items', [1, 0], 1)`)
  expect([down.status, down.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await down.json()).toMatchObject({
    error: { code: 'unavailable', details: { service: 'vector' } },
  })
  expect((await ask('SELECT 1')).status).toBe(200)
  // And it starts without it.
  await platform.peers.query.stop()
  await platform.peers.query.start()
  expect((await ask('SELECT 1')).status).toBe(200)
  await platform.peers.vector.start()
  expect((await ask(`FROM vector_search('items', [1, 0], 1)`)).status).toBe(404)
})
