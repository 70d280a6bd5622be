import { HnswIndex } from '@hypermesh/hnsw'
import type { Call } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type OpenVectors, openVectors } from './_vectors.ts'

let vectors: OpenVectors
beforeAll(async () => {
  vectors = await openVectors()
})
afterAll(async () => {
  await vectors[Symbol.asyncDispose]()
})

const json = { 'content-type': 'application/json' }

test('digits that no number is written with name a text', async () => {
  await vectors.call('PUT', '/ids', { dimension: 2 })
  const points = [
    { id: 7, vector: [1, 0] },
    { id: '007', vector: [0, 1] },
    { id: '00', vector: [0, 1] },
  ]
  await vectors.call('POST', '/ids/points', { points })
  for (const id of ['007', '00']) {
    expect(await vectors.call('GET', `/ids/points/${id}`)).toMatchObject({ id })
  }
  expect(await vectors.call('GET', '/ids/points/7')).toMatchObject({ id: 7 })
})

test('metadata with a number beyond what a number can be are refused, not emptied', async () => {
  await vectors.call('PUT', '/far', { dimension: 2, fields: { price: 'float' } })
  for (const metadata of ['{"price":1e400}', '{"other":[1,-1e400]}', '{"a":{"b":1e400}}']) {
    const body = `{"points":[{"id":1,"vector":[1,0],"metadata":${metadata}}]}`
    const response = await vectors.send('POST', '/far/points', { body, headers: json })
    expect([metadata, response.status]).toEqual([metadata, 400])
  }
  expect(await vectors.call('POST', '/far/count', {})).toEqual({ count: 0 })
})

test('an index takes as few links as its graph does', async () => {
  const refused = vectors.call('PUT', '/links', { dimension: 2, m: 3 })
  await expect(refused).rejects.toMatchObject({ code: 'invalid' })
  expect(await vectors.call('PUT', '/links', { dimension: 2, m: 4 })).toMatchObject({ m: 4 })
})

test('queries are counted before there is a place for each', async () => {
  await vectors.call('PUT', '/one', { dimension: 1, metric: 'l2' })
  // Were they looked at, the first would be refused for what it is.
  const rows = Float32Array.from({ length: 1001 }, () => Number.NaN)
  const octets = { 'content-type': 'application/octet-stream' }
  const answers = [
    await vectors.send('POST', '/one/search', { body: rows.buffer, headers: octets }),
    await vectors.send('POST', '/one/search', {
      body: JSON.stringify({ vectors: Array.from(rows, () => []) }),
      headers: json,
    }),
  ]
  for (const answer of answers) {
    expect([answer.status, await answer.text()]).toEqual([
      400,
      expect.stringContaining('vector_queries_max is 1000'),
    ])
  }
})

test.each([
  ['search', '{"vector":[1,0]}'],
  ['recommend', '{"positive":[1]}'],
])('a %s whose index is deleted while its body comes is told so', async (path, text) => {
  await vectors.call('PUT', '/gone', { dimension: 2 })
  await vectors.call('POST', '/gone/points', { points: [{ id: 1, vector: [1, 0] }] })
  let deleted = () => {}
  const isDeleted = new Promise<void>((resolve) => {
    deleted = resolve
  })
  let asked = () => {}
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        asked()
        await isDeleted
        controller.enqueue(Buffer.from(text))
        controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  // Undici's, which the types of a request do not have.
  const call = { body, headers: json, duplex: 'half' } as Call
  const answer = vectors.send('POST', `/gone/${path}`, call)
  await isAsked
  await vectors.call('DELETE', '/gone')
  deleted()
  expect((await answer).status).toBe(503)
})

test('vectors of an answer are bounded, and others have their turn while they are written', async () => {
  const dimension = 500
  await using own = await openVectors({ limits: { vectorReplyNumbersMax: 100 * dimension } })
  await own.call('PUT', '/v', { dimension, metric: 'l2' })
  const vectorOf = (id: number) => Array.from({ length: dimension }, (_, at) => id + at)
  const points = Array.from({ length: 101 }, (_, id) => ({ id, vector: vectorOf(id) }))
  await own.call('POST', '/v/points', { points })
  let turns = 0
  let isDone = false
  const count = () => {
    turns += 1
    if (!isDone) setImmediate(count)
  }
  const search = own.call<{ hits: { id: number; vector: number[] }[] }>('POST', '/v/search', {
    ...{ vector: vectorOf(0), k: 100, withVector: true },
  })
  setImmediate(count)
  const { hits } = await search
  isDone = true
  expect(hits).toHaveLength(100)
  for (const { id, vector } of hits) expect(vector).toEqual(vectorOf(id))
  // One for each 10,000 numbers.
  expect(turns).toBeGreaterThan(4)
  for (const [path, body] of [
    ['search', { vector: vectorOf(0), k: 101 }],
    ['search', { vectors: [vectorOf(0), vectorOf(1)], k: 51 }],
    ['scroll', { limit: 101 }],
    ['points/get', { ids: points.map(({ id }) => id) }],
  ] as const) {
    const refused = own.call('POST', `/v/${path}`, { ...body, withVector: true })
    await expect(refused).rejects.toMatchObject({
      code: 'too_large',
      details: { limit: 'vector_reply_numbers_max' },
    })
  }
})

test('after half of a write nothing is written, nor said to be, nor is a snapshot made', async () => {
  await vectors.call('PUT', '/half', { dimension: 2 })
  const write = (id: number) =>
    vectors.call('POST', '/half/points', { points: [{ id, vector: [1, id] }] })
  await write(1)
  const { add } = HnswIndex.prototype
  // As the graph leaves what it has no memory for: with dead slots.
  const failing = vi.spyOn(HnswIndex.prototype, 'add').mockImplementationOnce(async function (
    this: HnswIndex,
    given,
  ) {
    this.remove([await add.call(this, given)])
    throw new Error('no memory')
  })
  await expect(write(2)).rejects.toMatchObject({ code: 'unavailable', effect: 'committed' })
  failing.mockRestore()
  const refused = { code: 'unavailable', effect: 'none' }
  await expect(write(3)).rejects.toMatchObject(refused)
  const snapshot = vectors.call('POST', '/half/snapshots', { snapshot: 's' })
  await expect(snapshot).rejects.toMatchObject(refused)
  expect(await vectors.call('GET', '/half/snapshots')).toMatchObject({ snapshots: [] })
})
