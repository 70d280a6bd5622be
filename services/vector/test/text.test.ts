import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { temporaryDirectory } from '@hypermesh/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type OpenVectors, openVectors } from './_vectors.ts'

interface Hit {
  readonly id: string | number
  readonly score: number
  readonly distance?: number
  readonly ranks?: { readonly vector?: number; readonly text?: number }
  readonly metadata?: Record<string, unknown>
}
interface Found {
  readonly hits: readonly Hit[]
  readonly groups: readonly { readonly value: string; readonly hits: readonly Hit[] }[]
}

const notes: Readonly<Record<string, readonly [text: string, kind: string]>> = {
  rain: ['Heavy rain flooded the streets of the city', 'weather'],
  drought: ['The farmers fear a dry summer without water for the fields', 'weather'],
  thief: ['The judge sentenced the thief to three years in prison', 'law'],
  lawyer: ['An attorney defended the accused before the court', 'law'],
  soup: ['Cook the onions in butter, then add broth for the soup', 'food'],
  bread: ['Knead the dough and bake the bread in a hot oven', 'food'],
  part: ['Order part number XJ-4471 for the pump', 'shop'],
  telescope: ['The astronomer looked at distant stars', 'science'],
}
const ids = (found: Pick<Found, 'hits'>) => found.hits.map(({ id }) => id)

let vectors: OpenVectors
beforeEach(async () => {
  vectors = await openVectors()
})
afterEach(() => vectors[Symbol.asyncDispose]())

const search = (body: object, index = 'notes') =>
  vectors.call<Found>('POST', `/${index}/search`, body)

async function fillNotes(): Promise<void> {
  await vectors.call('PUT', '/notes', { embedding: { field: 'body' } })
  const points = Object.entries(notes).map(([id, [body, kind]]) => ({
    id,
    metadata: { body, kind },
  }))
  await vectors.call('POST', '/notes/points', { points })
}

describe('an index with the embedded provider', () => {
  beforeEach(fillNotes)

  test('says its dimension, text field and model', async () => {
    const index = await vectors.call('GET', '/notes')
    expect(index).toMatchObject({
      dimension: 100,
      metric: 'cosine',
      fields: { body: 'text' },
      embedding: { provider: 'static', field: 'body', model: expect.stringMatching(/^static-en-/) },
      points: 8,
    })
    expect(await vectors.call('GET', '/notes/stats')).toMatchObject({
      texts: { fields: ['body'], points: 8, words: expect.any(Number) },
    })
  })

  test.each([
    ['a storm left roads under water', 'rain'],
    ['a robber was sent to jail', 'thief'],
    ['legal counsel at a trial', 'lawyer'],
    ['recipe for a hot meal with vegetables', 'soup'],
    ['observing the night sky', 'telescope'],
  ])('finds by meaning: %s', async (text, expected) => {
    const found = await search({ text, k: 3 })
    expect(ids(found)).toContain(expected)
    expect(found.hits[0]?.distance).toBeTypeOf('number')
  })

  test('finds by words in mode bm25, also what no embedding knows', async () => {
    expect(ids(await search({ text: 'xj 4471', mode: 'bm25' }))).toEqual(['part'])
    expect(ids(await search({ text: 'robber jail', mode: 'bm25' }))).toEqual([])
    const prefix = { text: 'astro', mode: 'bm25', bm25: { prefix: true } }
    expect(ids(await search(prefix))).toEqual(['telescope'])
    const fuzzy = { text: 'atorney', mode: 'bm25', bm25: { fuzzy: 1 } }
    expect(ids(await search(fuzzy))).toEqual(['lawyer'])
    const both = { text: 'the pump', mode: 'bm25', bm25: { operator: 'and' } }
    expect(ids(await search(both))).toEqual(['part'])
  })

  test('fuses both lists in mode hybrid, and says the rank in each', async () => {
    const found = await search({ text: 'court sentence for a robber', hybrid: {}, k: 3 })
    const [first] = found.hits
    expect(first?.ranks).toEqual({ vector: expect.any(Number), text: expect.any(Number) })
    const { vector = 0, text = 0 } = first?.ranks ?? {}
    expect(first?.score).toBeCloseTo(1 / (60 + vector) + 1 / (60 + text), 9)
    expect(first?.distance).toBeUndefined()
    const onlyWords = await search({ text: 'court', hybrid: { vectorWeight: 0 }, k: 8 })
    expect(ids(onlyWords)).toEqual(['lawyer'])
  })

  test('looks at the filter before it ranks, in each mode', async () => {
    const filter = { kind: 'food' }
    for (const mode of ['vector', 'bm25', 'hybrid']) {
      const found = await search({ text: 'the judge and the court', mode, filter, k: 2 })
      expect(found.hits.every(({ metadata }) => metadata?.kind === 'food')).toBe(true)
      expect(found.hits).toHaveLength(2)
    }
  })

  test('answers several texts at once as it answers each of them, in each mode', async () => {
    const texts = ['court', 'heavy rain', 'no such words: qwxz']
    for (const mode of ['vector', 'bm25', 'hybrid']) {
      const alone = await Promise.all(texts.slice(0, 2).map((text) => search({ text, mode, k: 3 })))
      const told = { texts: texts.slice(0, 2), mode, k: 3 }
      expect(await search(told)).toEqual({ results: alone })
      expect(await search({ ...told, texts: ['court'] })).toEqual({ results: alone.slice(0, 1) })
    }
    const words = await search({ texts, mode: 'bm25' })
    expect(words).toMatchObject({ results: [{ hits: [{}] }, { hits: [{}] }, { hits: [] }] })
  })

  test.each([
    { text: 'court', texts: ['court'] },
    { texts: ['court'], vector: [1] },
    { texts: ['court'], vectors: [[1]] },
    { texts: ['court'], mode: 'hybrid', vector: [1] },
    { texts: ['court'], groupBy: { field: 'kind' } },
    { texts: [] },
    { texts: [''] },
    { texts: ['court', 7] },
  ])('refuses %j', async (body) => {
    await expect(search(body)).rejects.toMatchObject({ code: 'invalid' })
  })

  test('bounds texts by their number, their length and their hits', async () => {
    const many = (count: number) => new Array(count).fill('court')
    const refused = { code: 'invalid', message: expect.stringContaining('too many') }
    await expect(search({ texts: many(1001), mode: 'bm25', k: 1 })).rejects.toMatchObject(refused)
    await expect(search({ texts: many(200), k: 1000 })).rejects.toMatchObject(refused)
    const long = 'court '.repeat(10_000)
    await expect(search({ texts: ['court', long] })).rejects.toMatchObject({ code: 'too_large' })
  })

  test('groups by a field in each mode', async () => {
    const groupBy = { field: 'kind', groups: 2, groupSize: 1 }
    for (const mode of ['vector', 'bm25', 'hybrid']) {
      const { groups } = await search({ text: 'the thief and the court', mode, groupBy })
      expect(groups.map(({ value }) => value)).toContain('law')
      expect(groups).toHaveLength(2)
      expect(groups.every(({ hits }) => hits.length === 1)).toBe(true)
    }
  })

  test('follows texts that are written again, and forgets those that are deleted', async () => {
    const body = 'A violin concert in the great hall'
    await vectors.call('POST', '/notes/points', { points: [{ id: 'soup', metadata: { body } }] })
    expect(ids(await search({ text: 'onions', mode: 'bm25' }))).toEqual([])
    expect(ids(await search({ text: 'musicians play for an audience', k: 1 }))).toEqual(['soup'])
    await vectors.call('POST', '/notes/points/delete', { ids: ['soup'] })
    expect(ids(await search({ text: 'violin', mode: 'bm25' }))).toEqual([])
    expect((await vectors.call<{ texts: object }>('GET', '/notes/stats')).texts).toMatchObject({
      points: 7,
    })
  })

  test('equal scores come in the order of ids', async () => {
    const points = [9, 'b', 2, 'a'].map((id) => ({ id, metadata: { body: 'zebra zebra' } }))
    await vectors.call('POST', '/notes/points', { points })
    for (const mode of ['bm25', 'hybrid']) {
      const found = await search({ text: 'zebra', mode, k: 4 })
      expect(ids(found)).toEqual([2, 9, 'a', 'b'])
    }
  })

  test('a compaction keeps the texts', async () => {
    await vectors.call('POST', '/notes/points/delete', { ids: ['rain', 'soup'] })
    expect(await vectors.call('POST', '/notes/compact')).toEqual({ removed: 2 })
    expect(ids(await search({ text: 'butter streets dough', mode: 'bm25' }))).toEqual(['bread'])
  })

  test('a vector beside the text is taken in place of its embedding', async () => {
    const { vector } = await vectors.call<{ vector: number[] }>(
      'GET',
      '/notes/points/soup?withVector=true',
    )
    const found = await search({ text: 'prison', vector, hybrid: {}, k: 2 })
    expect(new Set(ids(found))).toEqual(new Set(['soup', 'thief']))
  })

  test.each<[what: string, body: object, code: string]>([
    ['vector and text without hybrid', { text: 'a b', vector: Array(100).fill(1) }, 'invalid'],
    ['vectors and text', { text: 'a b', vectors: [Array(100).fill(1)] }, 'invalid'],
    ['mode without text', { vector: Array(100).fill(1), mode: 'bm25' }, 'invalid'],
    ['bm25 options by vector', { text: 'rain', bm25: {} }, 'invalid'],
    ['hybrid options by words', { text: 'rain', mode: 'bm25', hybrid: {} }, 'invalid'],
    ['a vector by words', { text: 'rain', mode: 'bm25', vector: [1] }, 'invalid'],
    ['an unknown mode', { text: 'rain', mode: 'magic' }, 'invalid'],
    ['an empty text', { text: '' }, 'invalid'],
    ['a text without words', { text: '?!' }, 'invalid'],
    [
      'no text field of this name',
      { text: 'a', mode: 'bm25', bm25: { fields: ['kind'] } },
      'invalid',
    ],
    ['too much text', { text: 'x '.repeat(20_000) }, 'too_large'],
    ['too many candidates', { text: 'rain', hybrid: { candidates: 100_000 } }, 'invalid'],
    ['a weight below 0', { text: 'rain', hybrid: { textWeight: -1 } }, 'invalid'],
    ['an unknown field in the filter', { text: 'rain', hybrid: {}, filter: { x: 1 } }, 'invalid'],
  ])('refuses %s', async (_, body, code) => {
    await expect(search(body)).rejects.toMatchObject({ code })
  })

  test('a point that has neither vector nor text, or no word, writes nothing at all', async () => {
    const good = { id: 'good', metadata: { body: 'fine words' } }
    for (const bad of [{ id: 'bad' }, { id: 'bad', metadata: { body: '…' } }]) {
      const write = vectors.call('POST', '/notes/points', { points: [good, bad] })
      await expect(write).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringContaining('bad'),
      })
    }
    expect(await vectors.call('POST', '/notes/count', {})).toEqual({ count: 8 })
  })
})

describe('creation', () => {
  test.each<[what: string, body: object, code: string]>([
    ['neither dimension nor embedding', {}, 'invalid'],
    ['an unknown provider', { embedding: { provider: 'other', field: 'body' } }, 'invalid'],
    ['another dimension', { dimension: 3, embedding: { field: 'body' } }, 'type_mismatch'],
    ['another model', { embedding: { field: 'body', model: 'm' } }, 'type_mismatch'],
    [
      'a field of another type',
      { fields: { body: 'integer' }, embedding: { field: 'body' } },
      'invalid',
    ],
  ])('refuses %s', async (_, body, code) => {
    await expect(vectors.call('PUT', '/notes', body)).rejects.toMatchObject({ code })
    await expect(vectors.call('GET', '/notes')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('just the same again changes nothing, another embedding is refused', async () => {
    await vectors.call('PUT', '/notes', { embedding: { field: 'body' } })
    await vectors.call('PUT', '/notes', { dimension: 100, embedding: { field: 'body' } })
    const other = vectors.call('PUT', '/notes', { embedding: { field: 'title' } })
    await expect(other).rejects.toMatchObject({ code: 'exists' })
  })

  test('an index without an embedding searches words, and needs a vector for the rest', async () => {
    await vectors.call('PUT', '/notes', { dimension: 2, fields: { body: 'text' } })
    const metadata = { body: 'plain words' }
    await vectors.call('POST', '/notes/points', { points: [{ id: 1, vector: [1, 0], metadata }] })
    expect(ids(await search({ text: 'words', mode: 'bm25' }))).toEqual([1])
    expect(ids(await search({ text: 'words', vector: [1, 0], hybrid: {} }))).toEqual([1])
    for (const body of [{ text: 'words' }, { text: 'words', hybrid: {} }]) {
      await expect(search(body)).rejects.toMatchObject({ code: 'invalid' })
    }
  })
})

test('words and embeddings are there again after a restart', async () => {
  await using directory = await temporaryDirectory()
  const open = () => openVectors({ directory: directory.path })
  {
    await using first = await open()
    await first.call('PUT', '/notes', { embedding: { field: 'body' } })
    const points = Object.entries(notes).map(([id, [body]]) => ({ id, metadata: { body } }))
    await first.call('POST', '/notes/points', { points })
  }
  await using second = await open()
  const find = (body: object) => second.call<Found>('POST', '/notes/search', body)
  expect(ids(await find({ text: 'xj', mode: 'bm25' }))).toEqual(['part'])
  expect(ids(await find({ text: 'a robber was sent to jail', k: 1 }))).toEqual(['thief'])
})

describe('an endpoint', () => {
  /** Vectors of the first letters; fails while told to. */
  async function serve() {
    const state = { fails: false, requests: 0 }
    const server = createServer(async (request, reply) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      state.requests += 1
      if (state.fails) return reply.writeHead(503, { 'retry-after': '0' }).end()
      const { input } = JSON.parse(Buffer.concat(chunks).toString()) as { input: string[] }
      const data = input.map((text, index) => {
        return { index, embedding: [text.charCodeAt(0) - 96, text.charCodeAt(1) - 96] }
      })
      reply.end(JSON.stringify({ data }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}/v1`
    return {
      state,
      settings: (change = {}) => ({
        embedding: { letters: { url, model: 'letters-1', dimension: 2, attempts: 2, ...change } },
      }),
      [Symbol.dispose]: () => {
        server.close()
        server.closeAllConnections()
      },
    }
  }
  const create = { metric: 'l2', embedding: { provider: 'letters', field: 'body' } }

  test('that fails is 502, nothing is written, and the next try succeeds', async () => {
    using endpoint = await serve()
    await using own = await openVectors({ settings: endpoint.settings() })
    await own.call('PUT', '/notes', create)
    const points = [{ id: 1, metadata: { body: 'ab' } }]
    endpoint.state.fails = true
    await expect(own.call('POST', '/notes/points', { points })).rejects.toMatchObject({
      code: 'upstream',
      status: 502,
      effect: 'none',
    })
    expect(endpoint.state.requests).toBe(2)
    expect(await own.call('POST', '/notes/count', {})).toEqual({ count: 0 })
    endpoint.state.fails = false
    await own.call('POST', '/notes/points', { points })
    const found = await own.call<Found>('POST', '/notes/search', { text: 'ab' })
    expect(found.hits).toEqual([{ id: 1, score: 1, distance: 0, metadata: { body: 'ab' } }])
  })

  test('of another model or dimension than filled the index is refused for texts, not for vectors', async () => {
    using endpoint = await serve()
    await using directory = await temporaryDirectory()
    {
      await using own = await openVectors({
        directory: directory.path,
        settings: endpoint.settings(),
      })
      await own.call('PUT', '/notes', create)
      await own.call('POST', '/notes/points', { points: [{ id: 1, metadata: { body: 'ab' } }] })
    }
    for (const change of [{ model: 'letters-2' }, { dimension: 3 }]) {
      const settings = endpoint.settings(change)
      await using own = await openVectors({ directory: directory.path, settings })
      for (const [path, body] of [
        ['/notes/search', { text: 'ab' }],
        ['/notes/points', { points: [{ id: 2, metadata: { body: 'cd' } }] }],
      ] as const) {
        await expect(own.call('POST', path, body)).rejects.toMatchObject({
          code: 'type_mismatch',
          status: 422,
        })
      }
      const found = await own.call<Found>('POST', '/notes/search', { vector: [1, 2] })
      expect(ids(found)).toEqual([1])
    }
  })
})
