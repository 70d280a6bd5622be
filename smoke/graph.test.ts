import { afterAll, beforeAll, expect, test } from 'vitest'
import { Server } from './_server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server[Symbol.asyncDispose]())

interface Hyperedges {
  readonly hyperedges: readonly {
    readonly id: number
    readonly at: string
    readonly members: readonly (string | number)[]
    readonly roles: readonly (string | null)[] | null
    readonly props?: Readonly<Record<string, unknown>>
  }[]
  readonly next_cursor: string | null
}

const ask = <T = Record<string, unknown>>(method: string, path: string, body?: unknown) =>
  server.ask<T>(method, `/v1/graph${path}`, body)

const calls = [
  { at: '2024-05-01T10:00:00Z', members: { caller: ['ann'], callee: ['bob', 'eve'] }, key: 'a' },
  { at: '2024-05-01T11:00:00Z', members: { caller: ['bob'], callee: ['carl'] }, key: 'b' },
  { at: '2024-05-01T12:00:00Z', members: { caller: ['carl'], callee: ['dan'] }, key: 'c' },
].map((call, index) => ({ ...call, props: { cost: index / 2 } }))

test('databases, tables and hyperedges, written once and read by time and member', async () => {
  expect(await ask('PUT', '/social')).toMatchObject({ database: 'social', state: 'ready' })
  expect(await ask('PUT', '/social')).toMatchObject({ database: 'social' })
  expect(await ask('GET', '')).toMatchObject({ databases: [{ database: 'social' }] })
  await ask('POST', '/social/tables', {
    table: 'calls',
    members: ['caller', 'callee'],
    properties: { cost: 'float64' },
  })
  expect(
    await ask('PATCH', '/social/tables/calls', { add_properties: { note: 'string' } }),
  ).toEqual(expect.objectContaining({ properties: { cost: 'float64', note: 'string' } }))
  const hyperedges = '/social/tables/calls/hyperedges'
  const first = await ask<{ inserted: number; ids: number[] }>('POST', hyperedges, {
    hyperedges: calls,
  })
  expect(first.inserted).toBe(3)
  expect(await ask('POST', hyperedges, { hyperedges: calls })).toMatchObject({
    inserted: 0,
    duplicates: 3,
    ids: first.ids,
  })
  const page = await ask<Hyperedges>('GET', `${hyperedges}?member=bob&limit=1`)
  expect(page.hyperedges).toMatchObject([
    { at: '2024-05-01T10:00:00.000Z', members: ['ann', 'bob', 'eve'], props: { cost: 0 } },
  ])
  const next = await ask<Hyperedges>(
    'GET',
    `${hyperedges}?member=bob&limit=1&cursor=${page.next_cursor}`,
  )
  expect(next.hyperedges.map(({ id }) => id)).toEqual([first.ids[1]])
  const found = await ask<Hyperedges>('POST', `${hyperedges}/find`, {
    from: '2024-05-01T11:00:00Z',
    members: { node: 'bob', role: 'caller' },
  })
  expect(found.hyperedges.map(({ id }) => id)).toEqual([first.ids[1]])
  expect(await ask('GET', '/social/tables')).toMatchObject({ tables: [{ table: 'calls' }] })
  expect(await ask('GET', '/social/tables/calls')).toMatchObject({ stats: { hyperedges: 3 } })
  expect(await ask('GET', '/social')).toMatchObject({ state: 'ready', tables: 1 })
})

test('measures, computed in threads of the built program', async () => {
  const measures = '/social/tables/calls/analytics'
  const listed = await ask<{ measures: readonly { measure: string }[] }>('GET', measures)
  expect(listed.measures.length).toBeGreaterThan(20)
  expect(await ask('GET', `${measures}/degree?from=2024-05-01T10:30:00Z&limit=2`)).toMatchObject({
    rows: [
      ['carl', 2],
      ['bob', 1],
    ],
    row_count: 3,
    hyperedges: 2,
  })
  const options = { source: 'ann', target: 'dan' }
  expect(await ask('POST', `${measures}/s_distance`, { options })).toMatchObject({
    summary: { distance: 3 },
    rows: [
      [0, 'ann'],
      [1, 'bob'],
      [2, 'carl'],
      [3, 'dan'],
    ],
  })
})

test('names that are none are 422, and nothing is done', async () => {
  for (const name of ['hm_tables', 'E; DELETE FROM x; --', '../../etc']) {
    const request = ask('POST', '/social/tables', { table: name })
    await expect(request).rejects.toThrow(/^422 invalid_name|^400 invalid/)
  }
  await expect(ask('PUT', `/${encodeURIComponent('../x')}`)).rejects.toThrow('422 invalid_name')
  expect(await ask('GET', '/social/tables')).toMatchObject({ tables: [{ table: 'calls' }] })
})

test('what was dropped is gone, and nothing else', async () => {
  await ask('POST', '/social/tables', { table: 'other' })
  await ask('DELETE', '/social/tables/other')
  await expect(ask('GET', '/social/tables/other')).rejects.toThrow('404 not_found')
  await ask('PUT', '/short')
  await ask('DELETE', '/short')
  await expect(ask('GET', '/short')).rejects.toThrow('404 not_found')
  expect(await ask('GET', '/social/tables/calls')).toMatchObject({ stats: { hyperedges: 3 } })
})

test('statements of the query language, pages of them, and which run', async () => {
  await ask('PUT', '/asked')
  const run = (query: string, more: object = {}) =>
    ask<{ rows: unknown[][]; next_cursor: string | null }>('POST', '/asked/query', {
      query,
      ...more,
    })
  await run('CREATE HYPEREDGE TABLE E (Person) BUCKET_SECONDS 60 PROPERTIES (cost REAL)')
  await run(
    "INSERT INTO E (event_ts, members, cost) VALUES (1, ['ann', 'bob'], 1.5), (2, ['ann'], 3)",
  )
  const query = 'MATCH HYPEREDGE (he:E) WHERE $who IN he.members RETURN he.cost'
  const first = await run(query, { parameters: { who: 'ann' }, limit: 1 })
  expect(first.rows).toEqual([[1.5]])
  const more = { parameters: { who: 'ann' }, limit: 1, cursor: first.next_cursor }
  expect(await run(query, more)).toMatchObject({ rows: [[3]], next_cursor: null })
  await expect(run('MATCH HYPEREDGE (he:E; DELETE FROM api_keys; --) RETURN *')).rejects.toThrow(
    '422',
  )
  expect(await ask('GET', '/asked/queries')).toEqual({ queries: [] })
  await expect(ask('DELETE', '/asked/queries/none')).rejects.toThrow('404 not_found')
})
