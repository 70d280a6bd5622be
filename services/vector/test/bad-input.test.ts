import { HyperMeshError } from '@hypermesh/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenVectors, openVectors } from './_vectors.ts'

let vectors: OpenVectors
beforeAll(async () => {
  vectors = await openVectors({
    limits: {
      vectorDimensionMax: 64,
      vectorBatchPointsMax: 4,
      vectorIdBytesMax: 8,
      vectorMetadataBytesMax: 40,
      vectorFieldsMax: 4,
      vectorFilterConditionsMax: 3,
      vectorFilterValuesMax: 3,
      vectorKMax: 5,
      vectorEfMax: 100,
      vectorQueriesMax: 2,
      vectorHitsMax: 8,
      vectorScrollMax: 3,
      vectorExamplesMax: 2,
      vectorIndexesMax: 4,
      vectorSnapshotsMax: 1,
      vectorPointsMax: 6,
      vectorBodyBytesMax: 1000,
    },
  })
  const fields = { n: 'integer', at: 'datetime', body: 'text' }
  await vectors.call('PUT', '/cos', { dimension: 2, fields })
  await vectors.call('PUT', '/half', { dimension: 2, metric: 'l2', storage: 'f16' })
  await vectors.call('POST', '/cos/points', {
    points: [
      { id: 1, vector: [1, 0], metadata: { n: 1, at: '2024-01-01T00:00:00Z' } },
      { id: 2, vector: [0, 1], metadata: { n: 2 } },
    ],
  })
})
afterAll(async () => {
  await vectors[Symbol.asyncDispose]()
})

async function codeOf(method: string, path: string, body?: unknown): Promise<string> {
  try {
    await vectors.call(method, path, body)
    return 'ok'
  } catch (error) {
    if (error instanceof HyperMeshError) return error.code
    throw error
  }
}

const good = { id: 'new', vector: [1, 1] }
const write = (...points: unknown[]) => ['POST', '/cos/points', { points }] as const
const search = (more: object) => ['POST', '/cos/search', { vector: [1, 0], k: 1, ...more }] as const
const create = (more: object) => ['PUT', '/fresh', { dimension: 2, ...more }] as const

describe('nothing is written by', () => {
  test.each([
    ['a wrong dimension', write(good, { id: 9, vector: [1] }), 'invalid'],
    ['a number that is none', write(good, { id: 9, vector: [1, '2'] }), 'invalid'],
    ['a number that is null', write(good, { id: 9, vector: [1, null] }), 'invalid'],
    ['a vector that is none', write(good, { id: 9, vector: 'x' }), 'invalid'],
    ['a number out of range', write(good, { id: 9, vector: [1, 1e39] }), 'invalid'],
    ['length zero under cosine', write(good, { id: 9, vector: [0, 0] }), 'invalid'],
    ['next to no length', write(good, { id: 9, vector: [1e-30, 0] }), 'invalid'],
    ['an id twice', write(good, good), 'invalid'],
    ['an empty id', write(good, { id: '', vector: [1, 1] }), 'invalid'],
    ['a negative id', write(good, { id: -1, vector: [1, 1] }), 'invalid'],
    ['a broken id', write(good, { id: 1.5, vector: [1, 1] }), 'invalid'],
    ['an id beyond 2^53', write(good, { id: 2 ** 53, vector: [1, 1] }), 'invalid'],
    ['half a surrogate pair', write(good, { id: '\ud800', vector: [1, 1] }), 'invalid'],
    ['an id that is too long', write(good, { id: 'ninechars', vector: [1, 1] }), 'too_large'],
    ['no id', write(good, { vector: [1, 1] }), 'invalid'],
    ['no vector of a new point', write(good, { id: 9 }), 'invalid'],
    ['an unknown key', write(good, { id: 9, vector: [1, 1], colour: 1 }), 'invalid'],
    ['metadata that are a list', write(good, { id: 9, vector: [1, 1], metadata: [] }), 'invalid'],
    [
      'long metadata',
      write(good, { id: 9, vector: [1, 1], metadata: { a: 'x'.repeat(40) } }),
      'too_large',
    ],
    [
      'a field of another type',
      write(good, { id: 9, vector: [1, 1], metadata: { n: 'x' } }),
      'type_mismatch',
    ],
    [
      'a broken integer',
      write(good, { id: 9, vector: [1, 1], metadata: { n: 1.5 } }),
      'type_mismatch',
    ],
    [
      'no instant',
      write(good, { id: 9, vector: [1, 1], metadata: { at: 'soon' } }),
      'type_mismatch',
    ],
    [
      'too many fields',
      write(good, { id: 9, vector: [1, 1], metadata: { a: 1, b: 2 } }),
      'too_large',
    ],
    ['no points', write(), 'invalid'],
    [
      'too many points',
      write(...[3, 4, 5, 6, 7].map((id) => ({ id, vector: [1, 1] }))),
      'too_large',
    ],
    ['an index that is missing', ['POST', '/none/points', { points: [good] }], 'not_found'],
    ['a name that is a path', ['POST', '/..%2Fcos/points', { points: [good] }], 'invalid_name'],
    [
      'a value that half precision lacks',
      ['POST', '/half/points', { points: [{ id: 1, vector: [7e4, 1] }] }],
      'invalid',
    ],
    ['a delete of everything and nothing', ['POST', '/cos/points/delete', {}], 'invalid'],
    [
      'a delete by ids and filter',
      ['POST', '/cos/points/delete', { ids: [1], filter: { n: 1 } }],
      'invalid',
    ],
    [
      'a delete by an unknown field',
      ['POST', '/cos/points/delete', { filter: { x: 1 } }],
      'invalid',
    ],
    ['a merge from itself', ['POST', '/cos/merge', { from: 'cos' }], 'invalid'],
    ['a restore of nothing', ['POST', '/cos/restore', { snapshot: 'none' }], 'not_found'],
  ] as const)('%s', async (_, [method, path, body], code) => {
    expect(await codeOf(method, path, body)).toBe(code)
    expect(await vectors.call('POST', '/cos/count', {})).toEqual({ count: 2 })
    expect(await vectors.call('POST', '/half/count', {})).toEqual({ count: 0 })
    expect(await vectors.call('GET', '/cos/stats')).toMatchObject({ sequence: 1 })
  })
})

test.each([
  ['no dimension', create({ dimension: 0 }), 'invalid'],
  ['a large dimension', create({ dimension: 65 }), 'too_large'],
  ['an unknown metric', create({ metric: 'hamming' }), 'invalid'],
  ['an unknown storage', create({ storage: 'b1' }), 'invalid'],
  ['an unknown key', create({ shards: 2 }), 'invalid'],
  ['an unknown type of a field', create({ fields: { a: 'blob' } }), 'invalid'],
  [
    'many fields',
    create({ fields: { a: 'text', b: 'text', c: 'text', d: 'text', e: 'text' } }),
    'too_large',
  ],
  ['a name with a path in it', ['PUT', '/a%2F..%2Fb', { dimension: 2 }], 'invalid_name'],
  ['a name that begins with a digit', ['PUT', '/1a', { dimension: 2 }], 'invalid_name'],
  ['a long name', ['PUT', `/${'a'.repeat(65)}`, { dimension: 2 }], 'invalid_name'],
] as const)('no index is created with %s', async (_, [method, path, body], code) => {
  expect(await codeOf(method, path, body)).toBe(code)
  const { indexes } = await vectors.call<{ indexes: unknown[] }>('GET', '')
  expect(indexes).toHaveLength(2)
})

test.each([
  ['a wrong dimension', search({ vector: [1] }), 'invalid'],
  ['length zero', search({ vector: [0, 0] }), 'invalid'],
  ['k of 0', search({ k: 0 }), 'invalid'],
  ['a broken k', search({ k: 1.5 }), 'invalid'],
  ['k above the limit', search({ k: 6 }), 'invalid'],
  ['ef above the limit', search({ ef: 101 }), 'invalid'],
  ['an unknown field', search({ filter: { x: 1 } }), 'invalid'],
  ['an unknown condition', search({ filter: { n: { like: 1 } } }), 'invalid'],
  ['a filter of another type', search({ filter: { n: 'x' } }), 'type_mismatch'],
  ['a filter of null', search({ filter: { n: null } }), 'invalid'],
  ['a filter over text', search({ filter: { body: 'x' } }), 'invalid'],
  ['no condition', search({ filter: { n: {} } }), 'invalid'],
  ['an empty or', search({ filter: { or: [] } }), 'invalid'],
  ['many conditions', search({ filter: { n: { gt: 1, lt: 2, ne: 3, eq: 4 } } }), 'too_large'],
  ['many values', search({ filter: { n: { in: [1, 2, 3, 4] } } }), 'too_large'],
  ['a long text', search({ filter: { at: 'x'.repeat(600) } }), 'invalid'],
  ['both vector and vectors', search({ vectors: [[1, 0]] }), 'invalid'],
  [
    'many queries',
    [
      'POST',
      '/cos/search',
      {
        vectors: [
          [1, 0],
          [1, 0],
          [1, 0],
        ],
      },
    ],
    'invalid',
  ],
  [
    'many hits',
    [
      'POST',
      '/cos/search',
      {
        k: 5,
        vectors: [
          [1, 0],
          [1, 0],
        ],
      },
    ],
    'invalid',
  ],
  ['groups of an unknown field', search({ groupBy: { field: 'x' } }), 'invalid'],
  ['groups of text', search({ groupBy: { field: 'body', groups: 1 } }), 'invalid'],
  ['many examples', ['POST', '/cos/recommend', { positive: [1, 2], negative: ['x'] }], 'not_found'],
  ['an unknown page', ['POST', '/cos/scroll', { after: 'x' }], 'invalid'],
  ['a large page', ['POST', '/cos/scroll', { limit: 4 }], 'invalid'],
  ['many ids', ['POST', '/cos/points/get', { ids: [1, 2, 3, 4] }], 'invalid'],
  ['a missing index', ['POST', '/none/search', { vector: [1, 0] }], 'not_found'],
  ['a missing point', ['GET', '/cos/points/x'], 'not_found'],
  ['a facet of an unknown field', ['POST', '/cos/facet', { field: 'x' }], 'invalid'],
] as const)('a read with %s is refused', async (_, [method, path, body], code) => {
  expect(await codeOf(method, path, body)).toBe(code)
})

test('bytes that are cut short, too long or of a wrong kind are refused', async () => {
  const octets = { 'content-type': 'application/octet-stream' }
  const send = async (path: string, body: Uint8Array) => {
    const response = await vectors.send('POST', path, { body, headers: octets })
    const { error } = (await response.json()) as { error?: { code: string } }
    return [response.status, error?.code]
  }
  const point = (vector: readonly [number, number], id = 7n) => {
    const view = new DataView(new ArrayBuffer(20))
    view.setUint32(0, 1, true)
    view.setBigUint64(4, id, true)
    view.setFloat32(12, vector[0], true)
    view.setFloat32(16, vector[1], true)
    return new Uint8Array(view.buffer)
  }
  for (const body of [
    new Uint8Array(0),
    new Uint8Array(3),
    point([1, 0]).subarray(0, 19),
    new Uint8Array([...point([1, 0]), 0]),
    point([Number.NaN, 0]),
    point([Number.POSITIVE_INFINITY, 0]),
    point([0, 0]),
    point([1, 0], 2n ** 60n),
  ]) {
    expect(await send('/cos/points', body)).toEqual([400, 'invalid'])
  }
  expect(await send('/cos/points', new Uint8Array(1001))).toEqual([413, 'too_large'])
  for (const body of [new Uint8Array(0), new Uint8Array(7), new Uint8Array(12)]) {
    expect(await send('/cos/search', body)).toEqual([400, 'invalid'])
  }
  const nan = new Uint8Array(Float32Array.of(Number.NaN, 1).buffer)
  expect(await send('/cos/search', nan)).toEqual([400, 'invalid'])
  expect(await send('/cos/search?k=0', nan)).toEqual([400, 'invalid'])
  expect(await send('/cos/search?filter=[', nan)).toEqual([400, 'invalid'])
  expect(await vectors.call('POST', '/cos/count', {})).toEqual({ count: 2 })
  const cut = await vectors.send('POST', '/cos/points', {
    body: '{"points": [{"id": 1,',
    headers: { 'content-type': 'application/json' },
  })
  expect(cut.status).toBe(400)
})

test('a limit is reached by the last that fits', async () => {
  const points = [11, 12, 13, 14].map((id) => ({ id, vector: [id, 1] }))
  expect(await codeOf('POST', '/cos/points', { points })).toBe('ok')
  expect(await codeOf('POST', '/cos/points', { points: [{ id: 15, vector: [1, 1] }] })).toBe(
    'too_large',
  )
  expect(await codeOf('PUT', '/third', { dimension: 64 })).toBe('ok')
  expect(await codeOf('PUT', '/fourth', { dimension: 2 })).toBe('ok')
  expect(await codeOf('PUT', '/fifth', { dimension: 2 })).toBe('too_large')
  expect(await codeOf('POST', '/cos/snapshots', {})).toBe('ok')
  expect(await codeOf('POST', '/cos/snapshots', {})).toBe('too_large')
})

test('a reader may search and not write', async () => {
  const statusOf = async (method: string, path: string) => {
    const response = await vectors.send(method, path, { role: 'reader' })
    await response.body?.cancel()
    return response.status
  }
  expect(await statusOf('GET', '/cos')).toBe(200)
  expect(await statusOf('POST', '/cos/points')).toBe(403)
  expect(await statusOf('PUT', '/cos')).toBe(403)
  expect(await statusOf('DELETE', '/cos')).toBe(403)
  expect(await statusOf('POST', '/cos/restore')).toBe(403)
})
