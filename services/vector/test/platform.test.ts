import { setImmediate } from 'node:timers/promises'
import { headers } from '@hypermesh/contract'
import { onFaultPoint } from '@hypermesh/object-store'
import { startPlatform, topologies } from '@hypermesh/testing'
import { describe, expect, test } from 'vitest'
import { openVectors, randomVector, seeded } from './_vectors.ts'

describe.each(topologies)('a platform as %s', (topology) => {
  test('serves vectors through its gateway, by the client', async () => {
    await using platform = await startPlatform({ topology })
    const { writer, reader } = platform.clients
    await writer.createVectorIndex('docs', { dimension: 16, fields: { kind: 'keyword' } })
    const random = seeded(1)
    const points = Array.from({ length: 100 }, (_, id) => ({
      id,
      vector: randomVector(random, 16),
      metadata: { kind: id % 4 === 0 ? 'rare' : 'common', 'naïve 😀': id },
    }))
    expect(await writer.writePoints('docs', { points })).toMatchObject({ added: 100 })
    const more = Float32Array.from(randomVector(random, 32))
    expect(await writer.writePointBytes('docs', { ids: [200, 201], vectors: more })).toMatchObject({
      added: 2,
    })
    for (const { id, vector } of points.slice(0, 10)) {
      const { hits } = await reader.searchVectors('docs', { vector, k: 3 })
      expect(hits?.[0]).toMatchObject({ id, metadata: { 'naïve 😀': id } })
    }
    const filter = { kind: 'rare' }
    const vector = points[1]?.vector ?? []
    const { hits = [] } = await reader.searchVectors('docs', { vector, k: 50, filter })
    expect(hits).toHaveLength(25)
    const { results = [] } = await reader.searchVectorBytes('docs', more, { k: 1, filter: {} })
    expect(results.map((result) => result.hits[0]?.id)).toEqual([200, 201])
    expect(await reader.getPoint('docs', 4, { withMetadata: true })).toMatchObject({
      metadata: { kind: 'rare' },
    })
    expect((await reader.scrollPoints('docs', { limit: 2 })).points).toHaveLength(2)
    expect((await reader.getPoints('docs', { ids: [7] })).points).toMatchObject([{ id: 7 }])
    expect(await reader.countPoints('docs', { filter })).toEqual({ count: 25 })
    expect(await reader.facetPoints('docs', { field: 'kind' })).toMatchObject({
      values: [{ value: 'common', count: 75 }, {}],
    })
    expect((await reader.recommendVectors('docs', { positive: [4], k: 2 })).hits).toHaveLength(2)
    expect(await writer.deletePoints('docs', { filter })).toEqual({ deleted: 25 })
    await writer.createVectorSnapshot('docs', { snapshot: 's' })
    expect((await reader.listVectorSnapshots('docs')).snapshots).toMatchObject([{ snapshot: 's' }])
    expect(await writer.restoreVectorIndex('twin', { from: 'docs', snapshot: 's' })).toMatchObject({
      points: 77,
    })
    expect(await writer.mergeVectors('twin', { from: 'docs' })).toEqual({
      added: 0,
      updated: 0,
      unchanged: 77,
    })
    expect(await writer.compactVectors('docs')).toEqual({ removed: 25 })
    expect(await reader.vectorStats('docs')).toMatchObject({ points: 77, deadSlots: 0 })
    await writer.deleteVectorSnapshot('docs', 's')
    await writer.deleteVectorIndex('twin')
    expect((await reader.listVectorIndexes()).indexes).toMatchObject([{ index: 'docs' }])
    await expect(reader.deleteVectorIndex('docs')).rejects.toMatchObject({ code: 'forbidden' })
    await expect(reader.searchVectors('docs', { vector: [1] })).rejects.toMatchObject({
      code: 'invalid',
      details: { dimension: 16, given: 1 },
    })
    const metrics = await platform.clients.admin.metrics()
    if (topology === 'one-process') expect(metrics).toContain('hypermesh_vector_points 77')
  })
})

test('a deadline ends a write before it is logged, or tells its outcome', async () => {
  await using platform = await startPlatform()
  const { writer } = platform.clients
  await writer.createVectorIndex('x', { dimension: 4 })
  const body = JSON.stringify({ points: [{ id: 1, vector: [1, 2, 3, 4] }] })
  const response = await platform.fetch('/v1/vectors/x/points', {
    method: 'POST',
    body,
    key: platform.keys.writer,
    headers: { 'content-type': 'application/json', [headers.timeoutMs]: '1' },
  })
  const { count } = await writer.countPoints('x')
  if (response.ok) expect(count).toBe(1)
  else expect(response.status).toBe(504)
})

test('writes that come at once share their syncs, and each answer means durable', async () => {
  await using vectors = await openVectors()
  await vectors.call('PUT', '/x', { dimension: 4 })
  const random = seeded(2)
  let syncs = 0
  onFaultPoint((_, name) => {
    if (name === 'log-sync:after') syncs += 1
  })
  const ids = Array.from({ length: 64 }, (_, id) => id)
  await Promise.all(
    ids.map((id) =>
      vectors.call('POST', '/x/points', { points: [{ id, vector: randomVector(random, 4) }] }),
    ),
  )
  onFaultPoint(undefined)
  expect(syncs).toBeLessThan(ids.length / 4)
  expect(await vectors.call('POST', '/x/count', {})).toEqual({ count: 64 })
  expect(await vectors.call('GET', '/x/stats')).toMatchObject({ sequence: 64 })
})

test('of writes to one point at once the last answered wins, and none is lost', async () => {
  await using vectors = await openVectors()
  await vectors.call('PUT', '/x', { dimension: 1, metric: 'l2' })
  const rounds = Array.from({ length: 30 }, (_, round) => round)
  const order: number[] = []
  await Promise.all(
    rounds.map(async (round) => {
      const points = [{ id: 'one', vector: [round], metadata: { round } }]
      await vectors.call('POST', '/x/points', { points })
      order.push(round)
    }),
  )
  const { hits } = await vectors.call<{ hits: unknown[] }>('POST', '/x/search', { vector: [0] })
  expect(hits).toHaveLength(1)
  const last = order.at(-1)
  expect(await vectors.call('GET', '/x/points/one?withVector=true')).toEqual({
    id: 'one',
    vector: [last],
    metadata: { round: last },
  })
  const adds = rounds.map(() =>
    vectors.call('POST', '/x/points', { mode: 'add', points: [{ id: 'new', vector: [1] }] }).then(
      () => 1,
      () => 0,
    ),
  )
  const added = await Promise.all(adds)
  expect(added.reduce<number>((sum, one) => sum + one, 0)).toBe(1)
})

test('searches are right while points are written and the graph is compacted', async () => {
  await using vectors = await openVectors({ settings: { compactDeadShare: 0.1 } })
  await vectors.call('PUT', '/x', { dimension: 8, metric: 'l2' })
  const random = seeded(4)
  const still = Array.from({ length: 300 }, (_, id) => ({ id, vector: randomVector(random, 8) }))
  await vectors.call('POST', '/x/points', { points: still })
  let isWriting = true
  const writing = (async () => {
    for (let round = 0; round < 30; round += 1) {
      const points = Array.from({ length: 100 }, (_, index) => ({
        id: 1000 + index,
        vector: randomVector(random, 8),
      }))
      await vectors.call('POST', '/x/points', { points })
    }
    isWriting = false
  })()
  while (isWriting) {
    // Small searches answer at once, so nothing else would get its turn.
    await setImmediate()
    const { id, vector } = still[Math.floor(random() * still.length)] ?? expect.unreachable()
    const { hits } = await vectors.call<{ hits: { id: number }[] }>('POST', '/x/search', {
      vector,
      k: 20,
    })
    expect(hits).toHaveLength(20)
    expect(hits[0]?.id).toBe(id)
    expect(new Set(hits.map((hit) => hit.id)).size).toBe(20)
  }
  await writing
  const { compactions } = await vectors.call<{ compactions: number }>('GET', '/x/stats')
  expect(compactions).toBeGreaterThan(0)
  expect(await vectors.call('POST', '/x/count', {})).toEqual({ count: 400 })
})
