import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { json, Server } from './_server.ts'

let server: Server
let files: string
beforeAll(async () => {
  server = await Server.start()
  files = await mkdtemp(join(tmpdir(), 'hypermesh-points-'))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(files, { recursive: true })
})

interface Hits {
  readonly hits: readonly { readonly id: string | number; readonly distance: number }[]
}

const ask = <T = Record<string, unknown>>(method: string, path: string, body?: unknown) =>
  server.ask<T>(method, `/v1/vectors${path}`, body)

async function command(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await server.command(['vectors', ...args])
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}

const idsOf = ({ hits }: Hits) => hits.map(({ id }) => id)

test('points of files are added, found, filtered and removed by the command', async () => {
  const lines = [
    { id: 1, vector: [1, 0, 0], colour: 'red', year: 2020 },
    { id: 'two', vector: [0, 1, 0], colour: 'blue', year: 2021 },
  ]
  const ndjson = join(files, 'points.ndjson')
  await writeFile(ndjson, lines.map((line) => JSON.stringify(line)).join('\n'))
  const csv = join(files, 'points.csv')
  await writeFile(csv, 'key,v,colour\n3,"[0, 0, 1]","a ""very"" red, one"\n')
  await command('create', 'cars', '--dimension', '3', '--field', 'year=integer')
  expect(await command('add', 'cars', ndjson)).toContain('2 points added')
  expect(await command('add', 'cars', csv, '--id', 'key', '--vector', 'v')).toContain(
    '1 point added',
  )
  expect(await command('list')).toContain('cars')
  expect(await command('show', 'cars')).toContain('3 points')
  const found = await command('search', 'cars', '--vector', '[0.9, 0.1, 0]', '-k', '1')
  expect(found).toContain('red')
  const filter = '{"year": {"gte": 2021}}'
  const filtered = await command('search', 'cars', '--vector', '1 0 0', '--filter', filter)
  expect([filtered.includes('two'), filtered.includes('red')]).toEqual([true, false])
  expect(await command('search', 'cars', '--like', '1', '-k', '1')).not.toContain('2020')
  expect(JSON.parse(await command('get', 'cars', '3'))).toEqual({
    id: 3,
    vector: [0, 0, 1],
    metadata: { colour: 'a "very" red, one' },
  })
  expect(await command('snapshot', 'cars', 'before')).toContain('before')
  expect(await command('snapshots', 'cars')).toContain('before')
  expect(await command('remove', 'cars', '3', 'none')).toContain('1 point deleted')
  expect(await command('remove', 'cars', '--filter', filter)).toContain('1 point deleted')
  expect(await command('compact', 'cars')).toContain('2 dead slots')
  expect(await command('restore', 'copy', 'before', '--from', 'cars')).toContain('3 points')
  expect(await command('merge', 'cars', 'copy')).toContain('2 points added')
  expect(await command('delete', 'cars')).toContain('deleted cars')
  expect(await command('delete', 'copy')).toContain('deleted copy')
})

test('texts are found by meaning, by words and by both', async () => {
  const lines = [
    { id: 'rain', body: 'Heavy rain flooded the streets of the city', kind: 'weather' },
    { id: 'thief', body: 'The judge sentenced the thief to three years in prison', kind: 'law' },
    { id: 'part', body: 'Order part number XJ-4471 for the pump', kind: 'shop' },
  ]
  const ndjson = join(files, 'notes.ndjson')
  await writeFile(ndjson, lines.map((line) => JSON.stringify(line)).join('\n'))
  expect(await command('create', 'notes', '--embed', 'body')).toContain('static-en')
  await command('add', 'notes', ndjson)
  const find = async (...args: string[]) => {
    const hits = JSON.parse(await command('search', 'notes', '--json', ...args))
    return hits.map(({ id }: { id: string }) => id)
  }
  expect(await find('--text', 'a storm left roads under water', '-k', '1')).toEqual(['rain'])
  expect(await find('--text', 'xj', '--mode', 'bm25')).toEqual(['part'])
  const filter = '{"kind": "law"}'
  expect(await find('--text', 'XJ robber', '--mode', 'hybrid', '--filter', filter)).toEqual([
    'thief',
  ])
  const groupBy = { field: 'kind', groups: 1 }
  const hybrid = { text: 'a robber in jail', hybrid: { candidates: 3 }, groupBy }
  expect(await ask('POST', '/notes/search', hybrid)).toMatchObject({ groups: [{ value: 'law' }] })
  await expect(ask('POST', '/notes/search', { text: '…' })).rejects.toThrow('400 invalid')
  await server.kill()
  server = await Server.start({ dataDir: server.dataDir })
  expect(await find('--text', 'xj 4471', '--mode', 'bm25')).toEqual(['part'])
  await command('delete', 'notes')
})

test('every route of vectors answers', async () => {
  await ask('PUT', '/routes', { dimension: 2, metric: 'l2' })
  const points = Array.from({ length: 20 }, (_, id) => ({
    id,
    vector: [id, 0],
    metadata: { odd: id % 2 === 1 },
  }))
  expect(await ask('POST', '/routes/points', { points })).toMatchObject({ added: 20 })
  expect(idsOf(await ask('POST', '/routes/search', { vector: [4, 0], k: 3 }))[0]).toBe(4)
  const odd = { vector: [4, 0], k: 2, filter: { odd: true } }
  expect(idsOf(await ask('POST', '/routes/search', odd)).toSorted()).toEqual([3, 5])
  const like = { positive: [4], k: 2 }
  expect(idsOf(await ask('POST', '/routes/recommend', like)).toSorted()).toEqual([3, 5])
  expect(await ask('GET', '/routes')).toMatchObject({ points: 20 })
  expect(await ask('GET', '/routes/stats')).toMatchObject({ state: 'ready', deadSlots: 0 })
  expect(await ask('GET', '/routes/points/7')).toEqual({ id: 7, metadata: { odd: true } })
  expect(await ask('POST', '/routes/points/get', { ids: [7, 99] })).toMatchObject({
    points: [{ id: 7 }],
  })
  expect(await ask('POST', '/routes/scroll', { limit: 5 })).toMatchObject({
    points: [{ id: 0 }, {}, {}, {}, {}],
  })
  expect(await ask('POST', '/routes/count', { filter: { odd: true } })).toEqual({ count: 10 })
  expect(await ask('POST', '/routes/facet', { field: 'odd' })).toMatchObject({
    values: [{ count: 10 }, { count: 10 }],
  })
  expect(await ask('POST', '/routes/points/delete', { ids: [0] })).toEqual({ deleted: 1 })
  expect(await ask('POST', '/routes/compact')).toEqual({ removed: 1 })
  await ask('POST', '/routes/snapshots', { snapshot: 's' })
  expect(await ask('GET', '/routes/snapshots')).toMatchObject({ snapshots: [{ snapshot: 's' }] })
  await ask('PUT', '/others', { dimension: 2, metric: 'l2' })
  expect(await ask('POST', '/others/merge', { from: 'routes' })).toMatchObject({ added: 19 })
  expect(await ask('POST', '/routes/restore', { snapshot: 's' })).toMatchObject({ points: 19 })
  await ask('DELETE', '/routes/snapshots/s')
  await ask('DELETE', '/others')
  expect(await ask('GET', '')).toMatchObject({ indexes: [{ index: 'routes' }] })
  await expect(ask('POST', '/routes/search', { vector: [1] })).rejects.toThrow('400 invalid')
  await expect(ask('GET', '/a.b')).rejects.toThrow('422 invalid_name')
})

test('what was acknowledged is found after kill -9', async () => {
  await ask('PUT', '/durable', { dimension: 4 })
  const points = Array.from({ length: 50 }, (_, id) => ({
    id,
    vector: [Math.sin(id), Math.cos(id), Math.sin(id * 3), 0.5],
  }))
  await Promise.all(points.map((point) => ask('POST', '/durable/points', { points: [point] })))
  await server.kill()
  server = await Server.start({ dataDir: server.dataDir })
  for (const { id, vector } of points) {
    const { hits } = await ask<Hits>('POST', '/durable/search', { vector, k: 2 })
    expect(hits[0]?.id).toBe(id)
    expect(hits[0]?.distance).toBeLessThan(1e-3)
  }
  expect(await ask('POST', '/durable/count', {})).toEqual({ count: 50 })
})

test('an index follows a table, and SQL joins what is nearest with it', async () => {
  const rows = [1, 2, 3].map((id) => ({ id, v: [id, 1], name: `row ${id}` }))
  const load = async (path: string, some: readonly object[]) =>
    server.fetch(`/v1/ingest/main.near?${path}`, {
      method: 'PUT',
      body: some.map((row) => JSON.stringify(row)).join('\n'),
      headers: { 'content-type': 'application/x-ndjson' },
    })
  expect((await load('mode=append', rows.slice(0, 2))).status).toBe(200)
  await command('create', 'near', '--dimension', '2', '--metric', 'l2')
  const flags = ['--id', 'id', '--vector', 'v', '--metadata', 'name']
  expect(await command('follow', 'near', 'main.near', ...flags)).toContain('2 points of main.near')
  expect((await load('mode=append', rows.slice(2))).status).toBe(200)
  expect(await command('sync', 'near')).toContain('3 points of main.near, current')
  expect(await command('sources')).toMatch(/near +│ main.near +│ current/)
  const sql = `SELECT t.name, v.distance FROM vector_search('near', [3, 1], 2) v JOIN main.near t ON t.id = v.id ORDER BY 2`
  const response = await server.fetch('/v1/sql', {
    method: 'POST',
    body: JSON.stringify({ sql }),
    headers: { 'content-type': 'application/json' },
  })
  expect((await json<{ rows: unknown }>(response)).rows).toEqual([
    ['row 3', 0],
    ['row 2', 1],
  ])
  expect((await load('mode=overwrite', rows.slice(0, 1))).status).toBe(200)
  await command('sync', 'near')
  expect(await ask('GET', '/near/source')).toMatchObject({ state: 'current', points: 1 })
  expect(await command('unfollow', 'near')).toContain('follows no table')
})
