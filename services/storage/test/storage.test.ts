import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HyperMeshError, limits, routePath } from '@hypermesh/contract'
import { createLogger, Metrics, type Service, systemClock } from '@hypermesh/kit'
import { type DataDirectory, openDataDirectory } from '@hypermesh/object-store'
import { temporaryDirectory } from '@hypermesh/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { storage } from '../src/index.ts'

type Role = 'reader' | 'writer' | 'admin'

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let data: DataDirectory
let service: Service
beforeEach(async () => {
  directory = await temporaryDirectory()
  data = await openDataDirectory(directory.path)
  service = await storage.create(storage.config.parse({}), {
    logger: createLogger('silent'),
    clock: systemClock,
    limits: limits.parse({ objectBytesMax: 1_000_000, objectListMax: 3 }),
    paths: data,
    metrics: new Metrics(),
    upstreams: {},
    version: '0.0.0',
  })
})
afterEach(async () => {
  const left = (await readdir(data.temporary)).filter((name) => name.startsWith('draft-'))
  await service[Symbol.asyncDispose]()
  await data[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
  expect(left).toEqual([])
})

interface Call extends RequestInit {
  readonly role?: Role
  readonly abort?: AbortController
}

async function send(method: string, path: string, call: Call = {}): Promise<Response> {
  const { role = 'writer', abort = new AbortController(), ...init } = call
  const stream = init.body instanceof ReadableStream ? { duplex: 'half' } : {}
  const request = new Request(`http://storage${path}`, {
    ...init,
    method,
    ...stream,
  } as RequestInit)
  return service.fetch(request, {
    principal: { keyId: 'k', name: 'tester', role },
    signal: abort.signal,
    requestId: 'request-1',
  })
}

const at = (key: string) => routePath('getObject', { key })
/** For a reply whose body does not matter: left unread it would stay open. */
const statusOf = async (reply: Promise<Response>) => {
  const response = await reply
  await response.body?.cancel()
  return response.status
}
const put = (key: string, body: string, call: Call = {}) => send('PUT', at(key), { ...call, body })
const json = async (response: Response) => (await response.json()) as Record<string, unknown>
const code = async (response: Response) => ((await json(response)).error as { code: string }).code
const keysOf = (page: Record<string, unknown>) =>
  (page.objects as { key: string }[]).map((head) => head.key)

test('what is put is got, with its etag and length', async () => {
  const stored = await put('dir/a b%é', 'hello')
  expect(stored.status).toBe(201)
  const head = await json(stored)
  expect(head).toMatchObject({ key: 'dir/a b%é', bytes: 5 })
  const got = await send('GET', at('dir/a b%é'), { role: 'reader' })
  expect(got.status).toBe(200)
  expect(got.headers.get('etag')).toBe(`"${head.etag}"`)
  expect(got.headers.get('content-length')).toBe('5')
  expect(await got.text()).toBe('hello')
})

test('HEAD tells what GET would, without a body', async () => {
  await put('a', 'hello')
  const head = await send('HEAD', at('a'), { role: 'reader' })
  const got = await send('GET', at('a'))
  expect(head.status).toBe(200)
  expect([...head.headers]).toEqual([...got.headers])
  expect(await head.text()).toBe('')
  expect(await got.text()).toBe('hello')
  const absent = await send('HEAD', at('b'))
  expect(absent.status).toBe(404)
})

test('DELETE removes, and is 404 where there is nothing', async () => {
  await put('a', 'x')
  expect(await statusOf(send('DELETE', at('a')))).toBe(204)
  const again = await send('DELETE', at('a'))
  expect([again.status, await code(again)]).toEqual([404, 'not_found'])
  expect(await statusOf(send('GET', at('a')))).toBe(404)
})

describe('conditions', () => {
  test('If-None-Match: * creates once, then is 412', async () => {
    const create = { headers: { 'if-none-match': '*' } }
    expect(await statusOf(put('a', 'first', create))).toBe(201)
    const second = await put('a', 'second', create)
    expect([second.status, await code(second)]).toEqual([412, 'precondition'])
    expect(await (await send('GET', at('a'))).text()).toBe('first')
  })

  test('other conditions on a write are refused, not ignored', async () => {
    for (const headers of [{ 'if-match': '"x"' }, { 'if-none-match': '"x"' }]) {
      expect(await statusOf(put('a', 'x', { headers }))).toBe(501)
      expect(await statusOf(send('DELETE', at('a'), { headers }))).toBe(501)
    }
    expect(await statusOf(send('GET', at('a')))).toBe(404)
  })

  test('a version that the client has is 304, one that it does not want is 412', async () => {
    const etag = (await put('a', 'hello')).headers.get('etag') ?? ''
    for (const value of [etag, `"x", W/${etag}`, '*']) {
      for (const method of ['GET', 'HEAD']) {
        const kept = await send(method, at('a'), { headers: { 'if-none-match': value } })
        expect([kept.status, kept.headers.get('etag')]).toEqual([304, etag])
      }
    }
    expect(await statusOf(send('GET', at('a'), { headers: { 'if-none-match': '"x"' } }))).toBe(200)
    expect(await statusOf(send('GET', at('a'), { headers: { 'if-match': '"x"' } }))).toBe(412)
    expect(await statusOf(send('GET', at('a'), { headers: { 'if-match': etag } }))).toBe(200)
  })
})

describe('ranges', () => {
  test.each([
    ['bytes=0-0', '0', '0-0'],
    ['bytes=2-4', '234', '2-4'],
    ['bytes=7-', '789', '7-9'],
    ['bytes=-3', '789', '7-9'],
    ['bytes=8-99', '89', '8-9'],
    ['bytes=0-', '0123456789', '0-9'],
  ])('%s is 206 with its place', async (range, body, place) => {
    await put('a', '0123456789')
    const got = await send('GET', at('a'), { headers: { range } })
    expect(got.status).toBe(206)
    expect(got.headers.get('content-range')).toBe(`bytes ${place}/10`)
    expect(got.headers.get('content-length')).toBe(String(body.length))
    expect(await got.text()).toBe(body)
  })

  test.each(['bytes=10-', 'bytes=-0', 'bytes=99-100'])(
    '%s is 416 with the length',
    async (range) => {
      await put('a', '0123456789')
      const got = await send('GET', at('a'), { headers: { range } })
      expect([got.status, got.headers.get('content-range')]).toEqual([416, 'bytes */10'])
      expect(await code(got)).toBe('range')
    },
  )

  test.each(['bytes=4-2', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-', 'bytes=a-b'])(
    '%s is ignored: the whole is sent',
    async (range) => {
      await put('a', '0123456789')
      const got = await send('GET', at('a'), { headers: { range } })
      expect([got.status, await got.text()]).toEqual([200, '0123456789'])
    },
  )

  test('a range of another version than If-Range names is the whole', async () => {
    const etag = (await put('a', '0123456789')).headers.get('etag') ?? ''
    const ask = (tag: string) =>
      send('GET', at('a'), { headers: { range: 'bytes=0-1', 'if-range': tag } })
    expect(await statusOf(ask(etag))).toBe(206)
    expect(await statusOf(ask('"other"'))).toBe(200)
  })
})

describe('bodies', () => {
  // A cast: Node's own type of a stream is not the one that its fetch names, though they are the same.
  const stream = (chunks: AsyncGenerator<Uint8Array>) =>
    ReadableStream.from(chunks) as unknown as ReadableStream<Uint8Array>

  test('one at the limit is stored, one byte more is 413 and leaves nothing', async () => {
    expect(await statusOf(put('at', 'x'.repeat(1_000_000)))).toBe(201)
    const over = await put('over', 'x'.repeat(1_000_001))
    expect([over.status, await code(over)]).toEqual([413, 'too_large'])
    const chunked = async function* () {
      for (let count = 0; count < 11; count += 1) yield Buffer.alloc(100_000)
    }
    const streamed = await send('PUT', at('over'), { body: stream(chunked()) })
    expect(streamed.status).toBe(413)
    expect(await statusOf(send('GET', at('over')))).toBe(404)
  })

  test('one of another length than declared is 400 and leaves nothing', async () => {
    const short = async function* () {
      yield Buffer.from('12345')
    }
    const headers = { 'content-length': '10' }
    const cut = await send('PUT', at('a'), { headers, body: stream(short()) })
    expect([cut.status, await code(cut)]).toEqual([400, 'invalid'])
    expect(await statusOf(send('GET', at('a')))).toBe(404)
  })

  test('one that is cut leaves what was there', async () => {
    await put('a', 'before')
    const failing = async function* () {
      yield Buffer.from('half')
      throw new Error('reset')
    }
    const cut = await send('PUT', at('a'), { body: stream(failing()) })
    expect([cut.status, await code(cut)]).toEqual([499, 'cancelled'])
    expect(await (await send('GET', at('a'))).text()).toBe('before')
  })

  test('a deadline ends one that stalls', async () => {
    const abort = new AbortController()
    const stalled = async function* () {
      yield Buffer.from('half')
      abort.abort(new HyperMeshError('deadline', 'too late'))
      await new Promise(() => undefined)
    }
    const late = await send('PUT', at('a'), { abort, body: stream(stalled()) })
    expect([late.status, await code(late)]).toEqual([504, 'deadline'])
    expect(await statusOf(send('GET', at('a')))).toBe(404)
  })
})

describe('lists', () => {
  test('pages follow each other in byte order, and the limit has a limit', async () => {
    for (const key of ['b', 'a/2', 'a/1', 'c', 'a.']) await put(key, key)
    const first = await json(await send('GET', '/v1/objects', { role: 'reader' }))
    expect(keysOf(first)).toEqual(['a.', 'a/1', 'a/2'])
    const second = await json(await send('GET', `/v1/objects?after=${first.next}`))
    expect(keysOf(second)).toEqual(['b', 'c'])
    expect(second.next).toBeNull()
    const within = await (await send('GET', '/v1/objects?prefix=a%2F&limit=1')).json()
    expect(within).toMatchObject({ objects: [{ key: 'a/1' }], next: 'a/1' })
    for (const query of ['limit=4', 'limit=0', 'limit=x', 'unknown=1', 'prefix=a&prefix=b']) {
      expect(await statusOf(send('GET', `/v1/objects?${query}`)), query).toBe(400)
    }
    expect(await statusOf(send('GET', '/v1/objects?prefix=..%2F'))).toBe(422)
  })
})

describe('keys', () => {
  const bad = ['..%2Fescape', 'a%2F..%2F..%2Fescape', '%2Fetc', 'a%5Cb', 'a%00b', 'a%2F%2Fb']

  test.each([...bad, 'x'.repeat(256)])('%s is refused by each method', async (key) => {
    for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) {
      const body = method === 'PUT' ? { body: 'x' } : {}
      expect(await statusOf(send(method, `/v1/objects/${key}`, body)), method).toBe(422)
    }
    expect(await statusOf(send('PUT', '/v1/objects/%ff', { body: 'x' }))).toBe(400)
  })

  test('a key of two lines is served by no route', async () => {
    expect(await statusOf(send('PUT', '/v1/objects/a%0Ab', { body: 'x' }))).toBe(404)
  })

  test('the warehouse and the keys cannot be reached', async () => {
    await mkdir(join(data.root, 'keys'))
    await writeFile(join(data.root, 'keys', 'admin.key'), 'secret')
    for (const key of ['../keys/admin.key', '..%2Fkeys%2Fadmin.key', 'keys/admin.key']) {
      expect(await statusOf(send('GET', `/v1/objects/${key}`))).toBeGreaterThanOrEqual(404)
    }
  })
})

test('a reader may not write, and nothing is served without a principal', async () => {
  const refused = await put('a', 'x', { role: 'reader' })
  expect([refused.status, await code(refused)]).toEqual([403, 'forbidden'])
  expect(await statusOf(send('DELETE', at('a'), { role: 'reader' }))).toBe(403)
  expect((await service.fetch(new Request(`http://storage${at('a')}`))).status).toBe(401)
})

test('a body that nobody reads is closed when the request ends', async () => {
  await put('a', 'x'.repeat(900_000))
  const open = async () => (await readdir('/proc/self/fd')).length
  const before = await open()
  const aborts = Array.from({ length: 20 }, () => new AbortController())
  for (const abort of aborts) await send('GET', at('a'), { abort })
  for (const abort of aborts) abort.abort()
  for (let count = 0; count < 20; count += 1) await (await send('GET', at('a'))).body?.cancel()
  await expect.poll(open).toBeLessThanOrEqual(before)
})
