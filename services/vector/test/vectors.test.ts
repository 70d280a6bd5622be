import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenVectors, openVectors, randomVector, seeded } from './_vectors.ts'

interface Hits {
  readonly hits: { id: string | number; score: number; distance: number; metadata: unknown }[]
}

let vectors: OpenVectors
beforeAll(async () => {
  vectors = await openVectors()
})
afterAll(async () => {
  await vectors[Symbol.asyncDispose]()
})

const call: OpenVectors['call'] = (method, path, body) => vectors.call(method, path, body)
const idsOf = ({ hits }: Hits) => hits.map(({ id }) => id)

test('an index is created once, again is no change, and otherwise is refused', async () => {
  const request = { dimension: 3, fields: { price: 'float' } }
  const created = await vectors.send('PUT', '/things', {
    body: JSON.stringify(request),
    headers: { 'content-type': 'application/json' },
  })
  expect(created.status).toBe(201)
  expect(await created.json()).toMatchObject({
    index: 'things',
    state: 'ready',
    dimension: 3,
    metric: 'cosine',
    storage: 'f16',
    m: 16,
    points: 0,
    fields: { price: 'float' },
  })
  expect(await call('PUT', '/THINGS', request)).toMatchObject({ index: 'things' })
  await expect(call('PUT', '/things', { dimension: 4 })).rejects.toMatchObject({ code: 'exists' })
  expect(await call('GET', '')).toMatchObject({ indexes: [{ index: 'things' }] })
  expect(await call('GET', '/things')).toMatchObject({ points: 0 })
})

test('points are written, found, read, counted and deleted', async () => {
  await call('PUT', '/basic', { dimension: 2, metric: 'l2' })
  const points = [
    { id: 1, vector: [0, 0], metadata: { colour: 'red', n: 1 } },
    { id: '1', vector: [1, 0], metadata: { colour: 'blue', n: 2 } },
    { id: 'x/y z', vector: [5, 5] },
  ]
  expect(await call('POST', '/basic/points', { points })).toEqual({
    written: 3,
    added: 3,
    updated: 0,
    sequence: 1,
  })
  expect(await call('POST', '/basic/search', { vector: [0.9, 0], k: 2 })).toEqual({
    hits: [
      {
        id: '1',
        score: expect.closeTo(1 / 1.01, 5),
        distance: expect.closeTo(0.01, 5),
        metadata: { colour: 'blue', n: 2 },
      },
      {
        id: 1,
        score: expect.closeTo(1 / 1.81, 5),
        distance: expect.closeTo(0.81, 5),
        metadata: { colour: 'red', n: 1 },
      },
    ],
  })
  const wanted = { vector: [5, 5], k: 1, withVector: true, withMetadata: false }
  expect(await call('POST', '/basic/search', wanted)).toEqual({
    hits: [{ id: 'x/y z', score: 1, distance: 0, vector: [5, 5] }],
  })
  expect(await call('GET', `/basic/points/${encodeURIComponent('x/y z')}`)).toEqual({
    id: 'x/y z',
    metadata: {},
  })
  expect(await call('GET', '/basic/points/1?withVector=true')).toMatchObject({
    id: 1,
    vector: [0, 0],
  })
  expect(await call('POST', '/basic/points/get', { ids: ['1', 'none', 1] })).toEqual({
    points: [
      { id: '1', metadata: { colour: 'blue', n: 2 } },
      { id: 1, metadata: { colour: 'red', n: 1 } },
    ],
  })
  await expect(call('GET', '/basic/points/none')).rejects.toMatchObject({ code: 'not_found' })
  expect(await call('POST', '/basic/count', {})).toEqual({ count: 3 })
  const gone = { ids: [1, 1, 'none'] }
  expect(await call('POST', '/basic/points/delete', gone)).toEqual({ deleted: 1 })
  expect(idsOf(await call('POST', '/basic/search', { vector: [0, 0] }))).toEqual(['1', 'x/y z'])
  const filter = { colour: 'blue' }
  expect(await call('POST', '/basic/points/delete', { filter })).toEqual({ deleted: 1 })
  expect(await call('POST', '/basic/points/delete', { filter })).toEqual({ deleted: 0 })
  expect(await call('POST', '/basic/count', {})).toEqual({ count: 1 })
})

test('a point that is written again keeps what is left out, and {} clears its metadata', async () => {
  await call('PUT', '/again', { dimension: 2, metric: 'l2' })
  const write = (point: object) => call('POST', '/again/points', { points: [point] })
  const read = () => call('GET', '/again/points/a?withVector=true')
  await write({ id: 'a', vector: [1, 2], metadata: { k: 'v' } })
  expect(await write({ id: 'a', vector: [3, 4] })).toMatchObject({ added: 0, updated: 1 })
  expect(await read()).toEqual({ id: 'a', vector: [3, 4], metadata: { k: 'v' } })
  await write({ id: 'a', metadata: { k: 'w' } })
  expect(await read()).toEqual({ id: 'a', vector: [3, 4], metadata: { k: 'w' } })
  expect(await call('POST', '/again/count', { filter: { k: 'v' } })).toEqual({ count: 0 })
  await write({ id: 'a', metadata: {} })
  expect(await read()).toEqual({ id: 'a', vector: [3, 4], metadata: {} })
  expect(await call('POST', '/again/count', { filter: { k: 'w' } })).toEqual({ count: 0 })
  expect(idsOf(await call('POST', '/again/search', { vector: [3, 4] }))).toEqual(['a'])
  await expect(write({ id: 'b', metadata: {} })).rejects.toMatchObject({ code: 'invalid' })
  const added = call('POST', '/again/points', {
    mode: 'add',
    points: [
      { id: 'new', vector: [0, 0] },
      { id: 'a', vector: [0, 0] },
    ],
  })
  await expect(added).rejects.toMatchObject({ code: 'exists' })
  expect(await call('POST', '/again/count', {})).toEqual({ count: 1 })
})

test('many queries in one request, and a threshold of the score', async () => {
  await call('PUT', '/many', { dimension: 2, metric: 'cosine' })
  const points = [0, 1, 2, 3].map((id) => ({ id, vector: [Math.cos(id), Math.sin(id)] }))
  await call('POST', '/many/points', { points })
  const search = {
    vectors: [
      [1, 0],
      [0, 1],
    ],
    k: 2,
    withMetadata: false,
  }
  const reply = await call<{ results: Hits[] }>('POST', '/many/search', search)
  expect(reply.results.map(idsOf)).toEqual([
    [0, 1],
    [2, 1],
  ])
  const near: Hits = await call('POST', '/many/search', { vector: [1, 0], scoreThreshold: 0.5 })
  expect(near.hits).toEqual([
    { id: 0, score: expect.closeTo(1, 3), distance: expect.closeTo(0, 3), metadata: {} },
    { id: 1, score: expect.closeTo(Math.cos(1), 3), distance: expect.anything(), metadata: {} },
  ])
})

test('vectors come and go as bytes', async () => {
  await call('PUT', '/bytes', { dimension: 4, metric: 'ip' })
  const random = seeded(7)
  const rows = Array.from({ length: 50 }, () => randomVector(random, 4))
  const body = new Uint8Array(4 + 50 * 8 + 50 * 16)
  const view = new DataView(body.buffer)
  view.setUint32(0, 50, true)
  for (const [index, row] of rows.entries()) {
    view.setBigUint64(4 + index * 8, BigInt(index + 100), true)
    for (const [at, value] of row.entries()) {
      view.setFloat32(404 + index * 16 + at * 4, value, true)
    }
  }
  const binary = { 'content-type': 'application/octet-stream' }
  const written = await vectors.send('POST', '/bytes/points', { body, headers: binary })
  expect(await written.json()).toMatchObject({ written: 50, added: 50 })
  const queries = Float32Array.from(rows.slice(0, 2).flat())
  const filter = encodeURIComponent('{"x":{"exists":true}}')
  const unknown = await vectors.send('POST', `/bytes/search?filter=${filter}`, {
    body: queries,
    headers: binary,
  })
  expect([unknown.status, (await unknown.text()).includes('no field')]).toEqual([400, true])
  const json = await vectors.send('POST', '/bytes/search?k=3', { body: queries, headers: binary })
  const { results } = (await json.json()) as { results: Hits[] }
  const bytes = await vectors.send('POST', '/bytes/search?k=3', {
    body: queries,
    headers: { ...binary, accept: 'application/octet-stream' },
  })
  const reply = new DataView(await bytes.arrayBuffer())
  expect([0, 4, 8, 12].map((at) => reply.getUint32(at, true))).toEqual([2, 3, 3, 3])
  const ids = Array.from({ length: 6 }, (_, at) => Number(reply.getBigUint64(16 + at * 8, true)))
  expect(ids).toEqual(results.flatMap(idsOf))
  expect(reply.getFloat32(64, true)).toBeCloseTo(results[0]?.hits[0]?.distance ?? Number.NaN, 6)
})

test('pages go through every point once, in the order of writing', async () => {
  await call('PUT', '/pages', { dimension: 1, metric: 'l2' })
  const points = Array.from({ length: 25 }, (_, id) => ({
    id,
    vector: [id],
    metadata: { even: id % 2 === 0 },
  }))
  await call('POST', '/pages/points', { points })
  await call('POST', '/pages/points', { points: [{ id: 3, vector: [3] }] })
  const all = async (filter?: object) => {
    const seen: unknown[] = []
    for (let after: string | null | undefined; after !== null; ) {
      const page: { points: { id: unknown }[]; next: string | null } = await call(
        'POST',
        '/pages/scroll',
        { limit: 7, ...(after === undefined ? {} : { after }), ...(filter ? { filter } : {}) },
      )
      seen.push(...page.points.map(({ id }) => id))
      after = page.next
    }
    return seen
  }
  const ids = points.map(({ id }) => id).filter((id) => id !== 3)
  expect(await all()).toEqual([...ids, 3])
  expect(await all({ even: true })).toEqual(ids.filter((id) => id % 2 === 0))
})

test('facets count values, groups have the best of each, recommendations leave examples out', async () => {
  await call('PUT', '/kinds', { dimension: 2, metric: 'l2' })
  const points = Array.from({ length: 300 }, (_, id) => ({
    id,
    vector: [id, 0],
    metadata: { kind: ['a', 'b', 'c'][id % 3], tags: id % 2 === 0 ? ['x', 'y'] : ['y'], n: id % 2 },
  }))
  await call('POST', '/kinds/points', { points })
  expect(await call('POST', '/kinds/facet', { field: 'tags' })).toEqual({
    values: [
      { value: 'y', count: 300 },
      { value: 'x', count: 150 },
    ],
  })
  expect(await call('POST', '/kinds/facet', { field: 'n', filter: { kind: 'a' } })).toEqual({
    values: [
      { value: 0, count: 50 },
      { value: 1, count: 50 },
    ],
  })
  const groupBy = { field: 'kind', groups: 2, groupSize: 2 }
  const { groups } = await call<{ groups: ({ value: unknown } & Hits)[] }>(
    'POST',
    '/kinds/search',
    { vector: [0, 0], groupBy },
  )
  expect(groups.map((group) => [group.value, idsOf(group)])).toEqual([
    ['a', [0, 3]],
    ['b', [1, 4]],
  ])
  // All of one kind come first; the others are found behind them.
  const far = points.map(({ id }) => ({ id, vector: [id % 3 === 0 ? id : id + 10_000, 0] }))
  await call('POST', '/kinds/points', { points: far })
  const behind = await call<{ groups: ({ value: unknown } & Hits)[] }>('POST', '/kinds/search', {
    vector: [0, 0],
    groupBy: { field: 'kind', groups: 3, groupSize: 2 },
  })
  expect(behind.groups.map((group) => [group.value, idsOf(group)])).toEqual([
    ['a', [0, 3]],
    ['b', [1, 4]],
    ['c', [2, 5]],
  ])
  const like = { positive: [30, 36], negative: [60], k: 3 }
  const recommended: Hits = await call('POST', '/kinds/recommend', like)
  expect(idsOf(recommended)).toEqual([6, 3, 9])
  const missing = call('POST', '/kinds/recommend', { positive: ['none'] })
  await expect(missing).rejects.toMatchObject({ code: 'not_found' })
})

test('a merge takes over what differs, and again changes nothing', async () => {
  await call('PUT', '/from', { dimension: 2, fields: { n: 'integer' } })
  await call('PUT', '/into', { dimension: 2, storage: 'f32' })
  const point = (id: number, n: number) => ({ id, vector: [id + 1, 1], metadata: { n } })
  await call('POST', '/from/points', { points: [1, 2, 3].map((id) => point(id, id)) })
  await call('POST', '/into/points', { points: [point(1, 1), point(2, 7), point(9, 9)] })
  expect(await call('POST', '/into/merge', { from: 'from' })).toEqual({
    added: 1,
    updated: 1,
    unchanged: 1,
  })
  expect(await call('POST', '/into/merge', { from: 'from' })).toEqual({
    added: 0,
    updated: 0,
    unchanged: 3,
  })
  expect(await call('POST', '/into/count', {})).toEqual({ count: 4 })
  expect(await call('GET', '/into/points/2')).toEqual({ id: 2, metadata: { n: 2 } })
  await call('PUT', '/other', { dimension: 3 })
  const other = call('POST', '/other/merge', { from: 'from' })
  await expect(other).rejects.toMatchObject({ code: 'type_mismatch' })
})

test('a merge of numbers that the other storage cannot hold writes nothing', async () => {
  await call('PUT', '/wide', { dimension: 2, metric: 'l2', storage: 'f32' })
  await call('PUT', '/narrow', { dimension: 2, metric: 'l2', storage: 'f16' })
  const points = [
    { id: 1, vector: [1, 2] },
    { id: 2, vector: [70_000, 0] },
  ]
  await call('POST', '/wide/points', { points })
  await expect(call('POST', '/narrow/merge', { from: 'wide' })).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('point 2'),
  })
  expect(await call('GET', '/narrow')).toMatchObject({ state: 'ready', points: 0 })
  await call('POST', '/wide/points/delete', { ids: [2] })
  expect(await call('POST', '/narrow/merge', { from: 'wide' })).toMatchObject({ added: 1 })
})

test('a snapshot is restored, also after the index was deleted', async () => {
  await call('PUT', '/kept', { dimension: 2 })
  await call('POST', '/kept/points', {
    points: [{ id: 'a', vector: [1, 0], metadata: { n: 1 } }],
  })
  expect(await call('POST', '/kept/snapshots', { snapshot: 'first' })).toMatchObject({
    snapshot: 'first',
  })
  const again = call('POST', '/kept/snapshots', { snapshot: 'first' })
  await expect(again).rejects.toMatchObject({ code: 'exists' })
  await call('POST', '/kept/points', { points: [{ id: 'b', vector: [0, 1] }] })
  await call('POST', '/kept/snapshots', {})
  const { snapshots } = await call<{ snapshots: unknown[] }>('GET', '/kept/snapshots')
  expect(snapshots).toHaveLength(2)
  expect(await call('POST', '/kept/restore', { snapshot: 'first' })).toMatchObject({ points: 1 })
  expect(await call('POST', '/kept/count', { filter: { n: 1 } })).toEqual({ count: 1 })
  await call('POST', '/kept/points', { points: [{ id: 'c', vector: [0, 1] }] })
  await call('DELETE', '/kept')
  await expect(call('GET', '/kept')).rejects.toMatchObject({ code: 'not_found' })
  expect(await call('POST', '/kept/restore', { snapshot: 'first' })).toMatchObject({ points: 1 })
  expect(await call('POST', '/copy/restore', { from: 'kept', snapshot: 'first' })).toMatchObject({
    index: 'copy',
    points: 1,
  })
  await call('DELETE', '/kept/snapshots/first')
  const missing = call('POST', '/kept/restore', { snapshot: 'first' })
  await expect(missing).rejects.toMatchObject({ code: 'not_found' })
})

test('a quarter of dead points is compacted away', async () => {
  await call('PUT', '/dead', { dimension: 8, metric: 'l2' })
  const random = seeded(3)
  const points = Array.from({ length: 1200 }, (_, id) => ({
    id,
    vector: randomVector(random, 8),
    metadata: { id },
  }))
  await call('POST', '/dead/points', { points })
  await call('POST', '/dead/points/delete', { filter: { id: { lt: 200 } } })
  expect(await call('GET', '/dead/stats')).toMatchObject({ deadSlots: 200, compactions: 0 })
  await call('POST', '/dead/points', { points: points.slice(200, 500) })
  await expect
    .poll(() => call('GET', '/dead/stats'))
    .toMatchObject({ deadSlots: 0, compactions: 1, points: 1000, compacting: false })
  for (const { id, vector } of points.slice(200, 260)) {
    expect(idsOf(await call('POST', '/dead/search', { vector, k: 1 }))).toEqual([id])
  }
  expect(await call('POST', '/dead/count', { filter: { id: { gte: 1000 } } })).toEqual({
    count: 200,
  })
  await call('POST', '/dead/points/delete', { ids: [900] })
  expect(await call('POST', '/dead/compact')).toEqual({ removed: 1 })
})
