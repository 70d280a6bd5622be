import { HyperMeshError, headers, routes, toErrorBody } from '@hypermesh/contract'
import { describe, expect, test } from 'vitest'
import { failure, httpServers } from '../test/_http-server.ts'
import { createClient, type HyperMeshClient } from './client.ts'

const { serve, closedUrl } = httpServers()

function answering(status: number, body: unknown, replyHeaders: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return createClient({
    retriesMax: 0,
    fetch: () => new Response(status === 204 ? null : text, { status, headers: replyHeaders }),
  })
}

test('every route of the contract is a method', () => {
  expect(Object.keys(createClient())).toEqual(expect.arrayContaining(Object.keys(routes)))
})

test.each(['', 'two\nlines', 'hm key', 'schlüssel'])('the key %j is refused, not shown', (key) => {
  const create = () => createClient({ key })
  expect(create).toThrow(/^the API key /)
  if (key !== '') expect(create).not.toThrow(key)
})

describe('requests', () => {
  test('names are percent-encoded, options become query and headers', async () => {
    const seen: Request[] = []
    const client = createClient({
      url: 'http://example.test/base/',
      key: 'secret',
      fetch: (request) => {
        seen.push(request)
        return Response.json({ objects: [], next: null })
      },
    })
    await client.listObjects({ prefix: 'a b&c', limit: 2 }, { timeoutMs: 500, requestId: 'r1' })
    await client.deleteObject('dir/ä ?.txt')
    expect(seen.map((request) => request.url)).toEqual([
      'http://example.test/base/v1/objects?prefix=a+b%26c&limit=2',
      'http://example.test/base/v1/objects/dir/%C3%A4%20%3F.txt',
    ])
    expect(seen[0]?.headers.get('authorization')).toBe('Bearer secret')
    expect(seen[0]?.headers.get(headers.timeoutMs)).toBe('500')
    expect(seen[0]?.headers.get(headers.requestId)).toBe('r1')
  })

  test('an upload streams from an async iterable', async () => {
    const url = await serve(async (request, response) => {
      let bytes = 0
      for await (const chunk of request) bytes += (chunk as Buffer).length
      response.end(JSON.stringify({ key: 'k', bytes, etag: 'e', modifiedAt: 'now' }))
    })
    async function* chunks() {
      for (let index = 0; index < 50; index += 1) yield new Uint8Array(10_000)
    }
    expect((await createClient({ url }).putObject('k', chunks())).bytes).toBe(500_000)
  })

  test('a file is either sent or named', async () => {
    const client = answering(200, {})
    expect((await failure(client.ingest('a.b', {}))).message).toContain('give either the body')
  })

  test('longs in table metadata stay exact both ways', async () => {
    let sent = ''
    const client = createClient({
      fetch: async (request) => {
        sent = await request.text()
        return new Response(
          '{"metadata-location":"m","metadata":{"current-snapshot-id":7612345678901234567}}',
        )
      },
    })
    const reply = await client.commitTable('a.b', {
      requirements: [
        { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 7612345678901234567n },
      ],
      updates: [],
    })
    expect(reply.metadata['current-snapshot-id']).toBe(7612345678901234567n)
    expect(sent).toContain('"snapshot-id":7612345678901234567}')
  })
})

describe('errors', () => {
  test('our error body is decoded whole', async () => {
    const body = toErrorBody(
      new HyperMeshError('not_found', 'no table a.b', { details: { table: 'a.b' } }),
      'r9',
    )
    const error = await failure(answering(404, body).tableHistory('a.b'))
    expect(error).toMatchObject({
      code: 'not_found',
      message: 'no table a.b',
      details: { table: 'a.b' },
      effect: 'none',
      requestId: 'r9',
    })
  })

  test.each([
    [404, 'NoSuchTableException', 'not_found'],
    [409, 'AlreadyExistsException', 'exists'],
    [409, 'CommitFailedException', 'conflict'],
    [400, 'BadRequestException', 'invalid'],
    [403, 'ForbiddenException', 'forbidden'],
    [503, 'ServiceUnavailableException', 'unavailable'],
  ])('an Iceberg error %i %s is %s', async (status, type, code) => {
    const body = { error: { message: 'because', type, code: status } }
    const error = await failure(answering(status, body).loadTable('a.b'))
    expect(error).toMatchObject({ code, message: 'because', details: { type } })
  })

  test('an Iceberg error of our own catalog is decoded whole', async () => {
    const own = { code: 'gone', message: 'expired', details: { id: 7 }, effect: 'none' }
    const body = { error: { message: 'expired', type: 'X', code: 410, hypermesh: own } }
    const error = await failure(answering(410, body).loadTable('a.b'))
    expect(error).toMatchObject({ code: 'gone', details: { id: 7 } })
  })

  test('a HEAD without a body is told by its status', async () => {
    expect(await answering(404, '').tableExists('a.b')).toBe(false)
    expect((await failure(answering(401, '').tableExists('a.b'))).code).toBe('unauthenticated')
    expect(await answering(404, '').headObject('k')).toBeUndefined()
  })

  test('a stranger that answers is named as such', async () => {
    expect((await failure(answering(418, '<html>').health())).message).toContain('418')
    expect((await failure(answering(200, '<html>').health())).code).toBe('upstream')
    expect((await failure(answering(200, { status: 1 }).health())).message).toContain('(status)')
  })

  test('a server that is not there is unavailable and nothing was done', async () => {
    const url = await closedUrl()
    const client = createClient({ url, retriesMax: 0 })
    const error = await failure(client.deleteObject('k'))
    expect(error).toMatchObject({ code: 'unavailable', effect: 'none' })
    expect(error.message).toContain('hypermesh serve')
  })

  test('a write whose connection broke has an unknown effect', async () => {
    const url = await serve((request) => request.socket.destroy())
    const error = await failure(createClient({ url }).deleteObject('k'))
    expect(error).toMatchObject({ code: 'unavailable', effect: 'unknown' })
  })

  test('a cancelled call is cancelled, or fails as its signal says', async () => {
    const url = await serve(() => undefined)
    const client = createClient({ url })
    const controller = new AbortController()
    const call = failure(client.health({ signal: controller.signal }))
    controller.abort()
    expect((await call).code).toBe('cancelled')
    const signal = AbortSignal.abort(new HyperMeshError('deadline', 'too late'))
    expect((await failure(client.health({ signal }))).code).toBe('deadline')
  })
})

describe('rows', () => {
  async function collect(client: HyperMeshClient): Promise<unknown[]> {
    const rows: unknown[] = []
    for await (const row of client.rows('SELECT 1')) rows.push(row)
    return rows
  }

  test('rows arrive as objects, also when a chunk ends inside a character', async () => {
    const bytes = new TextEncoder().encode('{"a":"é"}\n{"a":2}\n')
    const client = createClient({
      fetch: () =>
        new Response(
          new ReadableStream({
            start(controller) {
              for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
              controller.close()
            },
          }),
        ),
    })
    expect(await collect(client)).toEqual([{ a: 'é' }, { a: 2 }])
  })

  test('an aborted body is an error, never a short result', async () => {
    const url = await serve((_, response) => {
      response.write('{"a":1}\n', () => response.destroy())
    })
    const error = await failure(collect(createClient({ url })))
    expect(error.code).toBe('upstream')
    expect(error.message).toContain('cut off')
  })

  test.each([
    ['half a row', '{"a":1}\n{"a"', {}],
    ['fewer rows than announced', '{"a":1}\n', { [headers.rows]: '2' }],
  ])('%s is an error', async (_, body, replyHeaders) => {
    expect((await failure(collect(answering(200, body, replyHeaders)))).message).toContain(
      'cut off',
    )
  })

  test('leaving early ends the request', async () => {
    let closed: () => void = () => undefined
    const ended = new Promise<void>((resolve) => {
      closed = resolve
    })
    const url = await serve((_, response) => {
      response.on('close', closed)
      response.write('{"a":1}\n')
    })
    for await (const row of createClient({ url }).rows('SELECT 1')) {
      expect(row).toEqual({ a: 1 })
      break
    }
    await ended
  })

  test('what the server measured stands beside the stream', async () => {
    const client = answering(200, '', {
      [headers.rows]: '3',
      [headers.truncated]: 'rows',
      [headers.filesPruned]: '4',
      [headers.snapshots]: '{"a.b":5}',
    })
    const { facts } = await client.sqlStream('SELECT 1', { format: 'csv' })
    expect(facts).toEqual({
      rowCount: 3,
      truncated: 'rows',
      filesPruned: 4,
      snapshots: { 'a.b': 5 },
    })
  })
})
