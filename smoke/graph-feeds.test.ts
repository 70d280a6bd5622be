import { afterAll, beforeAll, expect, test } from 'vitest'
import { Server } from './_server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server[Symbol.asyncDispose]())

const ask = <T = Record<string, unknown>>(method: string, path: string, body?: unknown) =>
  server.ask<T>(method, path, body)

const append = 'format=csv&mode=append'
const table = '/v1/graph/office/tables/met'
const feed = {
  table: 'lake.meetings',
  time: 'at',
  members: [
    { column: 'host', role: 'host' },
    { column: 'guest', role: 'guest' },
  ],
  key: 'id',
  properties: { minutes: 'minutes' },
  mode: 'manual',
}

test('rows become hyperedges once each, SQL reads them, and they go out as a table', async () => {
  await server.load(
    'lake.meetings',
    'id,at,host,guest,minutes\n1,2024-05-01 10:00:00,ann,bob,30\n',
    append,
  )
  await ask('PUT', '/v1/graph/office')
  await ask('POST', '/v1/graph/office/tables', { table: 'met' })
  await ask('PUT', `${table}/feed`, feed)
  expect(await ask('POST', `${table}/feed/sync`)).toMatchObject({ state: 'current', rows: 1 })

  await server.load(
    'lake.meetings',
    'id,at,host,guest,minutes\n2,2024-05-01 11:00:00,bob,carl,15\n',
    append,
  )
  expect(await ask('GET', `${table}/feed`)).toMatchObject({ state: 'behind', rows_behind: 1 })
  await ask('POST', `${table}/feed/sync`)
  await ask('POST', `${table}/feed/sync`)

  expect(await ask('GET', `${table}/columns`)).toMatchObject({ nodes: 'text' })
  const joined = await server.sql(
    `SELECT t.guest, h.minutes FROM hyperedges('office.met') h
     JOIN lake.meetings t ON CAST(t.id AS VARCHAR) = h.key ORDER BY h.event_ts`,
  )
  expect(joined.rows).toEqual([
    ['bob', 30],
    ['carl', 15],
  ])
  const reached = await server.sql(
    `SELECT node, hop FROM khop('office.met', 'ann', hops := 2) WHERE hop > 0 ORDER BY hop`,
  )
  expect(reached.rows).toEqual([
    ['bob', 1],
    ['carl', 2],
  ])

  expect(await ask('PUT', `${table}/publication`, { table: 'lake.met' })).toMatchObject({
    state: 'current',
  })
  expect(await ask('POST', `${table}/publication/sync`)).toMatchObject({ last_write: 'overwrite' })
  expect(await ask('GET', `${table}/publication`)).toMatchObject({ table: 'lake.met' })
  expect((await server.sql('SELECT members FROM lake.met ORDER BY event_ts')).rows).toEqual([
    [['ann', 'bob']],
    [['bob', 'carl']],
  ])
  await ask('DELETE', `${table}/publication`)
  await ask('DELETE', `${table}/feed`)
  expect(await ask('GET', table)).toMatchObject({ stats: { hyperedges: 2 } })
})

test('nodes near a vector, and what is reached from them', async () => {
  await ask('PUT', '/v1/vectors/people', { dimension: 2, metric: 'l2' })
  const points = [
    { id: 'ann', vector: [1, 0] },
    { id: 'zoe', vector: [-1, 0] },
  ]
  await ask('POST', '/v1/vectors/people/points', { points })
  const found = await ask('POST', '/v1/graph/office/similar', {
    index: 'people',
    vector: [1, 0.1],
    k: 1,
    expand: { table: 'met', hops: 1 },
  })
  expect(found).toMatchObject({
    similar: [{ node: 'ann' }],
    reached: [{ node: 'bob', hop: 1, from: 'ann' }],
  })
})
