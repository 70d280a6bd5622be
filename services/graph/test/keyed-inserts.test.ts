import { expect, test } from 'vitest'
import { openGraph } from './_graph.ts'

const path = '/db/tables/t/hyperedges'
const rows = [
  { at: 1, members: ['a', 'b'] },
  { at: 2, members: ['b'], key: 'own' },
]

async function openTable(limits: object = {}) {
  const graph = await openGraph({ limits })
  await graph.call('PUT', '/db')
  await graph.call('POST', '/db/tables', { table: 't' })
  const insert = async (key: string, body: string, type = 'application/json', query = '') => {
    const headers = { 'content-type': type, 'idempotency-key': key }
    const response = await graph.send('POST', `${path}${query}`, { body, headers })
    return { status: response.status, ...((await response.json()) as object) }
  }
  const count = async () => (await graph.call('GET', '/db/tables/t')).stats
  return { graph, insert, count, [Symbol.asyncDispose]: () => graph[Symbol.asyncDispose]() }
}

const reused = { status: 422, error: { code: 'key_reused', retryable: false, effect: 'none' } }

test('under an Idempotency-Key a repeat is the same, and another body is refused', async () => {
  await using table = await openTable()
  const body = JSON.stringify({ hyperedges: rows })
  const first = await table.insert('k', body)
  expect(first).toMatchObject({ status: 200, inserted: 2, duplicates: 0 })
  expect(Reflect.get(first, 'ids')).toHaveLength(2)
  const ids = Reflect.get(first, 'ids')
  expect(await table.insert('k', body)).toMatchObject({ inserted: 0, duplicates: 2, ids })
  const others = [
    JSON.stringify({ hyperedges: [...rows, rows[0]] }),
    JSON.stringify({ hyperedges: [rows[0]] }),
    JSON.stringify({ hyperedges: [{ ...rows[0], weight: 2 }, rows[1]] }),
    JSON.stringify({ hyperedges: rows, time_unit: 's' }),
  ]
  for (const other of others) expect(await table.insert('k', other)).toMatchObject(reused)
  const lines = rows.map((row) => JSON.stringify(row)).join('\n')
  expect(await table.insert('k', lines, 'application/x-ndjson')).toMatchObject(reused)
  expect(await table.count()).toMatchObject({ hyperedges: 2 })
  expect(await table.insert('l', lines, 'application/x-ndjson')).toMatchObject({
    ...{ inserted: 1, duplicates: 1, ids: [expect.any(Number), ids[1]] },
  })
  const seconds = await table.insert('l', lines, 'application/x-ndjson', '?time_unit=s')
  expect(seconds).toMatchObject(reused)
})

test('of two bodies at once under one key one is taken', async () => {
  await using table = await openTable()
  const bodies = Array.from({ length: 8 }, (_, n) =>
    JSON.stringify({ hyperedges: Array(n + 1).fill({ at: n, members: [n] }) }),
  )
  const replies = await Promise.all(bodies.map((body) => table.insert('k', body)))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(422)])
  const taken = replies.findIndex(({ status }) => status === 200)
  expect(await table.count()).toMatchObject({ hyperedges: taken + 1 })
})

test('a key is of its table, and known after a restart; what is refused takes none', async () => {
  await using table = await openTable()
  const { graph } = table
  const bad = JSON.stringify({ hyperedges: [{ at: 1, members: [] }] })
  expect(await table.insert('k', bad)).toMatchObject({ status: 400 })
  const body = JSON.stringify({ hyperedges: rows })
  expect(await table.insert('k', body)).toMatchObject({ inserted: 2 })
  await graph.call('DELETE', '/db/tables/t')
  await graph.call('POST', '/db/tables', { table: 't' })
  const other = JSON.stringify({ hyperedges: [rows[0]] })
  expect(await table.insert('k', other)).toMatchObject({ inserted: 1 })
  await graph.service[Symbol.asyncDispose]()
  await using again = await openGraph({ directory: graph.directory })
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' }
  const refused = await again.send('POST', path, { body, headers })
  expect(refused.status).toBe(422)
  const repeated = await again.send('POST', path, { body: other, headers })
  expect(await repeated.json()).toMatchObject({ inserted: 0, duplicates: 1 })
})
