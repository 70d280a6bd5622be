import { type ErrorCode, HyperMeshError, headers, toErrorBody } from '@hypermesh/contract'
import { describe, expect, test } from 'vitest'
import { failure, httpServers } from '../test/_http-server.ts'
import { createClient } from './client.ts'

const { serve, closedUrl } = httpServers()

/** Fails twice, then answers; keeps what it was sent. */
function failingTwice(
  code: ErrorCode,
  { effect, retryAfter }: { effect?: 'none' | 'unknown'; retryAfter?: string } = {},
) {
  const requests: Request[] = []
  const fetch = (request: Request) => {
    requests.push(request)
    if (requests.length > 2) {
      return Response.json({ status: 'ok', objects: [], next: null, key: 'k', bytes: 1, etag: 'e' })
    }
    const error = new HyperMeshError(code, 'not now', effect === undefined ? {} : { effect })
    return Response.json(toErrorBody(error, undefined), {
      status: error.status,
      headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
    })
  }
  return { fetch, requests, count: () => requests.length }
}

describe('what is sent again', () => {
  test('a read, until it succeeds or the limit is reached', async () => {
    const passing = failingTwice('unavailable', { effect: 'unknown' })
    expect(await createClient(passing).health()).toEqual({ status: 'ok' })
    expect(passing.count()).toBe(3)
    const { fetch, count } = failingTwice('rate_limited')
    const error = await failure(createClient({ fetch, retriesMax: 1 }).health())
    expect([error.code, count()]).toEqual(['rate_limited', 2])
  })

  test('a write that is told to have done nothing, and no other', async () => {
    const harmless = failingTwice('unavailable')
    await createClient(harmless).deleteObject('k')
    expect(harmless.count()).toBe(3)
    const doubtful = failingTwice('unavailable', { effect: 'unknown' })
    expect((await failure(createClient(doubtful).deleteObject('k'))).effect).toBe('unknown')
    expect(doubtful.count()).toBe(1)
  })

  test('a write in doubt, where its route answers a key once', async () => {
    const keyed = failingTwice('upstream')
    const options = { idempotencyKey: 'once' }
    await failure(createClient(keyed).ingest('a.b', { body: 'a\n1\n', format: 'csv' }, options))
    expect(keyed.count()).toBe(3)
    expect(keyed.requests.map((sent) => sent.headers.get(headers.idempotencyKey))).toEqual(
      Array(3).fill('once'),
    )
    const bare = failingTwice('upstream')
    await failure(createClient(bare).ingest('a.b', { body: 'a\n1\n', format: 'csv' }))
    expect(bare.count()).toBe(1)
  })

  test('hyperedges in doubt, where each has a key', async () => {
    const insert = async (keys: readonly (string | null)[]) => {
      const doubtful = failingTwice('upstream')
      const hyperedges = keys.map((key) => ({ at: 1, members: ['a'], key }))
      await failure(createClient(doubtful).insertHyperedges('a.b', { hyperedges }))
      return doubtful.count()
    }
    expect(await insert(['x', 'y'])).toBe(3)
    expect(await insert(['x', null])).toBe(1)
  })

  test('a write that changes nothing the second time', async () => {
    const merge = failingTwice('upstream')
    await failure(createClient(merge).mergeVectors('a', { from: 'b' }))
    expect(merge.count()).toBe(3)
  })

  test('no stream, which has been read, and no conflict, which does not pass by itself', async () => {
    const upload = failingTwice('unavailable')
    const body = new Blob(['x']).stream()
    expect((await failure(createClient(upload).putObject('k', body))).code).toBe('unavailable')
    expect(upload.count()).toBe(1)
    const conflict = failingTwice('conflict')
    expect((await failure(createClient(conflict).health())).code).toBe('conflict')
    expect(conflict.count()).toBe(1)
  })

  test('a reply that ended early, if the call is a read', async () => {
    let asked = 0
    const url = await serve((_, response) => {
      asked += 1
      const text = JSON.stringify({ status: 'ok', objects: [], next: null, deleted: 1 })
      response.writeHead(200, { 'content-length': text.length })
      if (asked % 2 === 1) response.write(text.slice(0, 5), () => response.destroy())
      else response.end(text)
    })
    const client = createClient({ url })
    expect(await client.health()).toEqual({ status: 'ok' })
    expect(asked).toBe(2)
    const error = await failure(client.deletePoints('a', { ids: [1] }))
    expect(error).toMatchObject({ code: 'upstream', effect: 'committed' })
    expect(asked).toBe(3)
  })

  test('nothing, to a server that is not there, beyond the limit', async () => {
    const url = await closedUrl()
    const error = await failure(createClient({ url }).deleteObject('k'))
    expect(error).toMatchObject({ code: 'unavailable', effect: 'none' })
  })
})

describe('how long that takes', () => {
  test('the deadline spans all attempts', async () => {
    const { fetch, requests } = failingTwice('unavailable')
    await createClient({ fetch }).health({ timeoutMs: 60_000 })
    const asked = requests.map((sent) => Number(sent.headers.get(headers.timeoutMs)))
    expect(asked[0]).toBe(60_000)
    // At least 50 and 100 ms are waited between them.
    expect(asked[1]).toBeLessThanOrEqual(59_950)
    expect(asked[2]).toBeLessThanOrEqual(59_850)
  })

  test('no attempt begins behind the deadline', async () => {
    const { fetch, count } = failingTwice('unavailable')
    const error = await failure(createClient({ fetch }).health({ timeoutMs: 20 }))
    expect([error.code, count()]).toEqual(['unavailable', 1])
  })

  test('a server that asks for longer than is waited is not asked again', async () => {
    const { fetch, count } = failingTwice('rate_limited', { retryAfter: '60' })
    expect((await failure(createClient({ fetch }).health())).code).toBe('rate_limited')
    expect(count()).toBe(1)
  })

  test('waiting ends when the call is cancelled, as its signal says', async () => {
    const cancelling = async (reason?: unknown) => {
      const { fetch } = failingTwice('unavailable')
      const controller = new AbortController()
      const client = createClient({
        fetch: (request) => {
          queueMicrotask(() => setImmediate(() => controller.abort(reason)))
          return fetch(request)
        },
      })
      return (await failure(client.health({ signal: controller.signal }))).code
    }
    expect(await cancelling()).toBe('cancelled')
    expect(await cancelling(new HyperMeshError('deadline', 'too late'))).toBe('deadline')
  })
})
