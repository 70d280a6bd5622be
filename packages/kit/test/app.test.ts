import { limits } from '@hypermesh/contract'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  createApp,
  createLogger,
  mountRoute,
  type RequestContext,
  readJson,
  readQuery,
  streamBody,
} from '../src/index.ts'

const reader: RequestContext = {
  principal: { keyId: 'k1', name: 'reader', role: 'reader' },
  signal: new AbortController().signal,
  requestId: 'r1',
}
type Body = NonNullable<RequestInit['body']>
const schema = z.strictObject({ sql: z.string().min(1), rowsMax: z.number().optional() })

function exampleApp() {
  const app = createApp({
    logger: createLogger('silent'),
    limits: limits.parse({ jsonBodyBytesMax: 100 }),
  })
  mountRoute(app, 'sql', async (c) => c.json(await readJson(c, schema)))
  mountRoute(app, 'listObjects', (c) =>
    c.json(readQuery(c, z.strictObject({ prefix: z.string().optional() }))),
  )
  mountRoute(app, 'getObject', (c) => c.body('body'))
  mountRoute(app, 'headObject', (c) => c.body(null, 200, { 'content-length': '4', etag: '"h"' }))
  mountRoute(app, 'putObject', async (c) => {
    let bytes = 0
    const options = { bytesMax: 5, limit: 'object_bytes_max', signal: c.var.signal }
    for await (const chunk of streamBody(c.req.raw, options)) bytes += chunk.byteLength
    return c.json({ bytes })
  })
  app.on('GET', '/explode', () => {
    throw new Error('the password is in here')
  })
  return app
}

function post(
  body: Body,
  headers: Record<string, string> = { 'content-type': 'application/json' },
) {
  const request = new Request('http://host/v1/sql', { method: 'POST', body, headers })
  return exampleApp().fetch(request, reader)
}

async function codeOf(response: Response) {
  const body = (await response.json()) as { error: { code: string; message: string } }
  return [response.status, body.error.code]
}

describe('a JSON body', () => {
  test('that is malformed is answered with 400, not 500', async () => {
    expect(await codeOf(await post('{"sql": '))).toEqual([400, 'invalid'])
  })

  test('that is well-formed and valid reaches the route', async () => {
    expect(await (await post('{"sql":"select 1"}')).json()).toEqual({ sql: 'select 1' })
  })

  test('of another content type is refused with 415', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=latin1',
    ]) {
      expect(await codeOf(await post('{"sql":"x"}', { 'content-type': type }))).toEqual([
        415,
        'unsupported_media',
      ])
    }
  })

  test('that is not UTF-8 is refused with 400', async () => {
    const bytes = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])
    expect(await codeOf(await post(bytes))).toEqual([400, 'invalid'])
  })

  test('at the limit passes, one byte past it is refused with 413', async () => {
    const at = JSON.stringify({ sql: 'x'.repeat(90) })
    expect(at.length).toBe(100)
    expect((await post(at)).status).toBe(200)
    expect(await codeOf(await post(`${at} `))).toEqual([413, 'too_large'])
  })

  test('that is chunked is counted too', async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(60).fill(32)),
    })
    const request = new Request('http://host/v1/sql', { method: 'POST', body, duplex: 'half' })
    expect(await codeOf(await exampleApp().fetch(request, reader))).toEqual([413, 'too_large'])
  })

  test('with faults names each by its path', async () => {
    const response = await post('{"sql":1,"extra\\u0007":2}')
    const { error } = (await response.json()) as {
      error: { message: string; details: { issues: { path: string }[] } }
    }
    expect(error.message).toContain('sql: ')
    expect(error.message).toContain('extra\uFFFD')
    expect(error.details.issues).toHaveLength(2)
  })

  test('that is nested too deep is refused before it is parsed', async () => {
    const app = createApp({ logger: createLogger('silent'), limits: limits.parse({}) })
    mountRoute(app, 'sql', async (c) => c.json(await readJson(c, z.unknown())))
    const send = (depth: number) =>
      app.fetch(
        new Request('http://host/v1/sql', {
          method: 'POST',
          body: '['.repeat(depth) + ']'.repeat(depth),
          headers: { 'content-type': 'application/json' },
        }),
        reader,
      )
    expect((await send(200)).status).toBe(200)
    expect(await codeOf(await send(201))).toEqual([400, 'invalid'])
    expect(await codeOf(await send(1_000_000))).toEqual([400, 'invalid'])
  })
})

describe('a route', () => {
  const get = (path: string, init?: RequestInit, context: RequestContext | undefined = reader) =>
    exampleApp().fetch(new Request(`http://host${path}`, init), context)

  test('is not served without a principal', async () => {
    const response = await exampleApp().fetch(new Request('http://host/v1/objects'))
    expect(await codeOf(response)).toEqual([401, 'unauthenticated'])
  })

  test('checks its role again', async () => {
    expect(await codeOf(await get('/v1/objects/a', { method: 'PUT', body: 'x' }))).toEqual([
      403,
      'forbidden',
    ])
  })

  test('of HEAD is told apart from GET on the same path', async () => {
    const head = await get('/v1/objects/a', { method: 'HEAD' })
    expect(head.headers.get('etag')).toBe('"h"')
    expect(await (await get('/v1/objects/a')).text()).toBe('body')
    expect((await get('/v1/objects', { method: 'HEAD' })).status).toBe(200)
  })

  test('hides what an unexpected error says', async () => {
    const response = await get('/explode')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('password')
  })

  test('refuses a path or a query that is no UTF-8', async () => {
    expect(await codeOf(await get('/v1/objects/%FF'))).toEqual([400, 'invalid'])
    expect(await codeOf(await get('/v1/objects?prefix=%FF'))).toEqual([400, 'invalid'])
  })

  test('refuses an unknown query parameter and one given twice', async () => {
    expect(await codeOf(await get('/v1/objects?prefx=a'))).toEqual([400, 'invalid'])
    expect(await codeOf(await get('/v1/objects?prefix=a&prefix=b'))).toEqual([400, 'invalid'])
  })

  test('that is unknown answers 404 with an error body', async () => {
    expect(await codeOf(await get('/v1/nothing'))).toEqual([404, 'not_found'])
  })
})

describe('an upload', () => {
  const writer = { ...reader, principal: { ...reader.principal, role: 'writer' as const } }
  const put = (body: Body, headers: Record<string, string> = {}, context = writer) =>
    exampleApp().fetch(
      new Request('http://host/v1/objects/a', { method: 'PUT', body, headers, duplex: 'half' }),
      context,
    )

  test('within its limit is counted', async () => {
    expect(await (await put('12345')).json()).toEqual({ bytes: 5 })
  })

  test('past its limit is refused, declared or chunked', async () => {
    expect(await codeOf(await put('1', { 'content-length': '6' }))).toEqual([413, 'too_large'])
    const endless = new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(3)) })
    expect(await codeOf(await put(endless))).toEqual([413, 'too_large'])
  })

  test('with fewer bytes than declared is refused', async () => {
    expect(await codeOf(await put('123', { 'content-length': '5' }))).toEqual([400, 'invalid'])
  })

  test('that stalls ends when its signal aborts', async () => {
    const controller = new AbortController()
    const silent = new ReadableStream({ pull: () => new Promise(() => undefined) })
    const answer = put(silent, {}, { ...writer, signal: controller.signal })
    controller.abort(new DOMException('late', 'TimeoutError'))
    expect(await codeOf(await answer)).toEqual([504, 'deadline'])
  })
})
