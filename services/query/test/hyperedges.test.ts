import type { SqlRequest } from '@hypermesh/contract'
import { type Platform, startPlatform, topologies } from '@hypermesh/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const at = (minute: number) => new Date(Date.UTC(2024, 0, 1, 0, minute)).toISOString()
const hyperedges = Array.from({ length: 200 }, (_, index) => ({
  at: at(index),
  members: { from: [index % 10], to: [10 + (index % 7), 20 + (index % 5)] },
  label: index % 2 === 0 ? 'even' : 'odd',
  weight: index / 2,
  key: `k${index}`,
  props: {
    amount: index,
    note: index % 3 === 0 ? null : `n${index}`,
    seen: at(index),
    label: 'own',
  },
}))

/** Beyond 2^53. */
const beyond = '9007199254740993'

describe.each(topologies)('%s', (topology) => {
  let platform: Platform

  beforeAll(async () => {
    platform = await startPlatform({ topology, network: topology === 'split' })
    const { admin, writer } = platform.clients
    await admin.createGraphDatabase('g')
    const properties = {
      amount: 'int64',
      note: 'string',
      seen: 'timestamp',
      label: 'string',
    } as const
    await writer.createGraphTable('g', { table: 'calls', properties })
    await writer.insertHyperedges('g.calls', { hyperedges })
    await writer.createGraphTable('g', { table: 'texts' })
    const members = ['ann', 7, { node: 'bob', role: 'host' }]
    await writer.insertHyperedges('g.texts', { hyperedges: [{ at: at(0), members }] })
    const long = { int: beyond }
    for (const [table, other] of [
      ['longs', 5],
      ['mixed', 'ann'],
    ] as const) {
      await writer.createGraphTable('g', { table, properties: { is: 'bool' } })
      const entries = [
        { at: at(0), members: [other], label: 'a', props: { is: true } },
        { at: at(1), members: [long, 7], label: 'b', props: { is: false } },
      ]
      await writer.insertHyperedges(`g.${table}`, { hyperedges: entries })
    }
    await writer.createGraphTable('g', { table: 'empty' })
    await writer.createGraphTable('g', { table: 'micros' })
    const micros = Array.from({ length: 6 }, (_, n) => ({
      ...{ at: `2024-05-01T00:00:00.00000${n}Z`, until: `2024-05-01T00:00:00.00000${n + 1}Z` },
      ...{ members: [n + 1, n + 2], key: `k${n}` },
    }))
    await writer.insertHyperedges('g.micros', { hyperedges: micros })
    const rows = Array.from({ length: 30 }, (_, id) => `${id},name ${id}`).join('\n')
    await writer.ingest('main.people', { body: `id,name\n${rows}\n`, format: 'csv' })
  })

  afterAll(async () => {
    await platform[Symbol.asyncDispose]()
  })

  const ask = (request: SqlRequest | string) => platform.clients.reader.sql(request)
  const explain = async (sql: string) => {
    const { calls = [] } = await ask(`EXPLAIN ${sql}`)
    return calls
  }

  test('tables of a user keep their names, whatever the calls beside them are kept in', async () => {
    const { writer } = platform.clients
    const taken = ['call_rows_1', 'hyperedges_1', 'members_2']
    for (const [n, table] of taken.entries()) {
      const rows = Array.from({ length: n + 1 }, (_, id) => ({ id: 1000 + id }))
      const body = rows.map((row) => JSON.stringify(row)).join('\n')
      await writer.ingest(`main.${table}`, { body, format: 'ndjson' })
    }
    const least = taken.map((table) => `(SELECT min(id) FROM ${table})`).join(', ')
    const sql = `SELECT ${least}, count(*) FROM hyperedges('g.micros') h, members('g.micros') m
      WHERE h.id = m.hyperedge`
    expect((await ask(sql)).rows).toEqual([[1000, 1000, 1000, 12]])
  })

  test('a row each hyperedge, every column by its own type', async () => {
    const reply = await ask(`FROM hyperedges('g.calls') ORDER BY id LIMIT 1`)
    expect(reply.columns).toEqual([
      { name: 'id', type: 'BIGINT' },
      { name: 'event_ts', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'until', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'members', type: 'BIGINT[]' },
      { name: 'roles', type: 'VARCHAR[]' },
      { name: 'weight', type: 'DOUBLE' },
      { name: 'label', type: 'VARCHAR' },
      { name: 'key', type: 'VARCHAR' },
      { name: 'amount', type: 'BIGINT' },
      { name: 'note', type: 'VARCHAR' },
      { name: 'seen', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'props.label', type: 'VARCHAR' },
    ])
    expect(reply.rows[0]?.slice(1)).toEqual([
      ...['2024-01-01T00:00:00Z', null, [0, 10, 20], ['from', 'to', 'to'], 0, 'even', 'k0'],
      ...[0, null, '2024-01-01T00:00:00Z', 'own'],
    ])
    const all = await ask(`SELECT count(*), sum(amount), count(note) FROM hyperedges('g.calls')`)
    expect(all.rows).toEqual([[200, 19900, 133]])
    const memberships = await ask(`SELECT count(*), count(DISTINCT node) FROM members('g.calls')`)
    expect(memberships.rows).toEqual([[600, 22]])
  })

  test('a member lookup joins with a table by the node, and only that is asked for', async () => {
    const sql = `SELECT p.name, count(*) FROM members('g.calls') m JOIN people p ON p.id = m.node
      WHERE m.node = 3 AND m.role = 'from' GROUP BY 1`
    expect((await ask(sql)).rows).toEqual([['name 3', 20]])
    expect(await explain(sql)).toEqual([
      { function: 'members', pushed: 'members {"any":[{"node":3,"role":"from"}]}', rows: 20 },
    ])
    const plan = await ask(`EXPLAIN ${sql}`)
    expect(JSON.stringify(plan.rows)).toContain('call of members')
    const some = `SELECT count(*) FROM members('g.calls') WHERE node IN (1, 11)`
    const isSome = ({ members }: (typeof hyperedges)[number]) =>
      [...members.from, ...members.to].filter((node) => node === 1 || node === 11).length
    const count = hyperedges.reduce((sum, each) => sum + isSome(each), 0)
    expect((await ask(some)).rows).toEqual([[count]])
    expect((await explain(some))[0]?.pushed).toBe('members {"any":[1,11]}')
  })

  test.each([
    [`event_ts >= '2024-01-01 00:10:00Z' AND event_ts < TIMESTAMPTZ '2024-01-01 00:20:00Z'`, 10],
    [`event_ts > '2024-01-01 00:10:00Z' AND event_ts <= '2024-01-01 00:20:00.000001Z'`, 10],
    [`event_ts = '2024-01-01 00:10:00Z'`, 1],
    [`key = 'k17'`, 1],
    [`key IN ('k1', 'k2', 'none')`, 2],
    [`label = 'even' AND amount >= 100`, 50],
    [`note IS NULL`, 67],
    [`note IS NOT NULL AND weight < 2`, 2],
    [`seen BETWEEN '2024-01-01T00:05:00Z' AND '2024-01-01T00:06:00Z'`, 2],
    [`amount = 5 OR amount = 7`, 2],
    [`"props.label" = 'own' AND amount <> 3 AND amount < 10`, 9],
  ])('WHERE %s is pushed down: %i rows come', async (where, rows) => {
    const sql = `SELECT count(*) FROM hyperedges('g.calls') WHERE ${where}`
    expect((await ask(sql)).rows).toEqual([[rows]])
    const [call] = await explain(sql)
    expect(call).toMatchObject({ rows, pushed: expect.any(String) })
  })

  test('what is not understood is left to the statement', async () => {
    const sql = `SELECT count(*) FROM hyperedges('g.calls') WHERE amount % 2 = 0 AND len(members) = 3`
    expect((await ask(sql)).rows).toEqual([[100]])
    expect(await explain(sql)).toEqual([{ function: 'hyperedges', pushed: null, rows: 200 }])
  })

  test('arguments select as WHERE does, and more: all of several members, a past commit', async () => {
    const both = `SELECT count(*) FROM hyperedges('g.calls', member := [3, 13])`
    const count = hyperedges.filter((_, index) => index % 10 === 3 && index % 7 === 3).length
    expect((await ask(both)).rows).toEqual([[count]])
    const inRole = `SELECT count(*) FROM hyperedges('g.calls', member := 3, role := 'to')`
    expect((await ask(inRole)).rows).toEqual([[0]])
    const sql = `SELECT count(*) FROM hyperedges('g.calls', "from" := $1, "to" := $2) WHERE event_ts > $3::TIMESTAMPTZ`
    const parameters = [at(10), at(20), at(15)]
    expect((await ask({ sql, parameters })).rows).toEqual([[4]])
    const past = `SELECT count(*) FROM hyperedges('g.calls', as_of := $1)`
    const { writer } = platform.clients
    const { hyperedges: found, seq } = await writer.listHyperedges('g.calls', { key: 'k199' })
    await writer.deleteHyperedges('g.calls', { ids: [found[0]?.id ?? 0] })
    expect((await ask({ sql: past, parameters: [seq] })).rows).toEqual([[200]])
    expect((await ask({ sql: past, parameters: [null] })).rows).toEqual([[199]])
    await writer.insertHyperedges('g.calls', { hyperedges: hyperedges.slice(199) })
  })

  test.each([
    [`'2024-05-01T00:00:00.000002Z'`, `'2024-05-01 00:00:00.000004'`],
    [`TIMESTAMP '2024-05-01 00:00:00.000002'`, `TIMESTAMPTZ '2024-05-01 02:00:00.000004+02'`],
  ])('instants are exact to the microsecond: from %s to %s', async (from, to) => {
    const sql = `SELECT key FROM hyperedges('g.micros', "from" := ${from}, "to" := ${to}) ORDER BY key`
    expect((await ask(sql)).rows).toEqual([['k2'], ['k3']])
    const held = `SELECT key FROM hyperedges('g.micros', valid_at := ${from})`
    expect((await ask(held)).rows).toEqual([['k2']])
    expect((await explain(sql))[0]?.pushed).toContain('from 2024-05-01T00:00:00.000002Z')
    const reached = `SELECT max(node) FROM khop('g.micros', 1, hops := 9, "to" := ${to})`
    expect((await ask(reached)).rows).toEqual([[5]])
  })

  test('of long lists what one question may have is pushed down, and the rest is left to the statement', async () => {
    const list = (count: number, of: (n: number) => string) =>
      Array.from({ length: count }, (_, n) => of(n)).join(', ')
    const sql = `SELECT count(*) FROM hyperedges('g.calls')
      WHERE amount IN (${list(6000, (n) => String(n * 2))})
        AND note IN (${list(7000, (n) => `'n${n * 5}'`)}) AND label IN ('even', 'none')`
    const isKept = (_: unknown, n: number) => n % 2 === 0 && n % 5 === 0 && n % 3 !== 0
    expect((await ask(sql)).rows).toEqual([[hyperedges.filter(isKept).length]])
    const [call] = await explain(sql)
    expect(call).toMatchObject({ rows: 100, pushed: expect.stringContaining('"props.amount"') })
    // Each by itself is no more than one question may have.
    const keys = `SELECT count(*) FROM hyperedges('g.calls') WHERE key IN (${list(9000, (n) => `'k${n * 3}'`)})`
    expect((await ask(keys)).rows).toEqual([[67]])
    expect((await explain(keys))[0]).toMatchObject({ rows: 67 })
    const either = Array.from({ length: 600 }, (_, n) => `(amount = ${n} AND weight < ${n})`)
    const many = `SELECT count(*) FROM hyperedges('g.calls') WHERE ${either.join(' OR ')}`
    expect((await ask(many)).rows).toEqual([[199]])
  })

  test('nodes of both kinds are texts, and digits find either', async () => {
    expect((await ask(`SELECT node, role FROM members('g.texts') ORDER BY 1`)).rows).toEqual([
      ...[
        ['7', null],
        ['ann', null],
        ['bob', 'host'],
      ],
    ])
    const seven = `SELECT event_ts FROM members('g.texts') WHERE node = '7'`
    expect((await ask(seven)).rows).toEqual([['2024-01-01T00:00:00Z']])
    expect((await explain(seven))[0]?.pushed).toBe('members {"any":["7",7]}')
    expect((await ask(`FROM hyperedges('g.empty')`)).rows).toEqual([])
    expect((await ask(`FROM members('g.empty')`)).columns[3]).toEqual({
      ...{ name: 'node', type: 'VARCHAR' },
    })
  })

  test('nodes that JSON cannot hold as numbers are found, alone and among others', async () => {
    const nodesOf = async (table: string, where: string) => {
      const sql = `SELECT node FROM members('g.${table}') WHERE ${where} ORDER BY event_ts`
      return (await ask(sql)).rows.flat()
    }
    expect(await nodesOf('mixed', `node = '${beyond}'`)).toEqual([beyond])
    expect(await nodesOf('mixed', `node IN ('ann', '${beyond}')`)).toEqual(['ann', beyond])
    expect(await nodesOf('longs', `node = ${beyond}`)).toEqual([beyond])
    expect(await nodesOf('longs', `node IN (5, ${beyond})`)).toEqual(['5', beyond])
    const sql = `SELECT 1 FROM members('g.mixed') WHERE node = '${beyond}'`
    expect((await explain(sql))[0]?.pushed).toContain(`{"int":"${beyond}"}`)
  })

  test.each([
    [`label < 'b'`, 1],
    [`label >= 'b'`, 1],
    [`label BETWEEN 'a' AND 'aa'`, 1],
    [`label <= 'b' AND truth > false`, 1],
  ])(
    'WHERE %s has no order in the graph service and is left to the statement',
    async (where, n) => {
      const from = `(SELECT label, "is" AS truth FROM hyperedges('g.mixed'))`
      expect((await ask(`SELECT count(*) FROM ${from} WHERE ${where}`)).rows).toEqual([[n]])
    },
  )

  test('khop walks from seeds, in time or not', async () => {
    const reached = await ask(`SELECT node, hop, parent FROM khop('g.texts', 'ann') WHERE hop > 0`)
    expect(reached.rows.sort()).toEqual([
      ...[
        ['7', 1, 'ann'],
        ['bob', 1, 'ann'],
      ],
    ])
    const sql = `SELECT p.name, k.hop FROM khop('g.calls', [3], hops := 2, "order" := 'any') k
      JOIN people p ON p.id = k.node ORDER BY k.hop, p.id`
    const { rows } = await ask(sql)
    expect(rows[0]).toEqual(['name 3', 0])
    expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length)
    expect((await explain(sql))[0]?.pushed).toContain('hops 2')
  })

  test.each([
    [`FROM hyperedges('g.nowhere')`, 'not_found', /nowhere/],
    [`FROM hyperedges('nowhere.calls')`, 'not_found', /nowhere/],
    [`FROM hyperedges('g')`, 'invalid', /database.table/],
    [`FROM hyperedges('g.calls; DROP TABLE x')`, 'invalid', /database.table/],
    [`FROM hyperedges('g.hm_tables')`, 'invalid_name', /hm_/],
    [`FROM hyperedges()`, 'invalid', /1 arguments/],
    [`FROM hyperedges('g.calls', role := 'from')`, 'invalid', /member/],
    [`FROM hyperedges('g.calls', "from" := 'yesterday')`, 'invalid', /instant/],
    [`FROM hyperedges('g.calls', member := -1)`, 'invalid', /nodes/],
    [`FROM members('g.calls', nobody := 1)`, 'invalid', /nobody/],
    [`FROM khop('g.calls')`, 'invalid', /2 arguments/],
    [`FROM khop('g.calls', [])`, 'invalid', /node/],
    [`FROM khop('g.calls', 1, hops := 0)`, 'invalid', /hops/],
    [`FROM khop('g.calls', 1, "order" := 'later')`, 'invalid', /order/],
    [`FROM people p, khop('g.calls', p.id)`, 'invalid', /constants and parameters/],
  ])('%s is a typed error', async (sql, code, message) => {
    await expect(ask(sql)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })
})
