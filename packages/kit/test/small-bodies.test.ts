import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createLogger } from '../src/logger.ts'
import { readBody } from '../src/read-body.ts'
import { type Connection, type Listener, listen } from '../src/server.ts'
import { setHeader, wholeBodyOf, wholeResponse } from '../src/whole-response.ts'

let listener: Listener | undefined
afterEach(async () => {
  await listener?.stop()
})

async function serve(
  onRequest: (request: Request, connection: Connection) => Promise<Response>,
): Promise<string> {
  listener = await listen({
    host: '127.0.0.1',
    port: 0,
    onRequest,
    logger: createLogger('silent'),
    connectionsMax: 10,
    headersTimeoutMs: 10_000,
    keepAliveMs: 1000,
    shutdownMs: 1000,
  })
  return listener.url
}

const limits = { bytesMax: 1000, limit: 'test_max' }
const read = async (request: Request, { signal }: Connection) => {
  const body = await readBody(request, { ...limits, signal })
  return Response.json({ bytes: body.length, text: Buffer.from(body).toString() })
}

test('a whole response is sent with its length, and is a stream for who asks for one', async () => {
  const url = await serve(async () => wholeResponse('grüße', { status: 201, headers: { x: 'y' } }))
  const answer = await fetch(url)
  const { status, headers } = answer
  expect([status, headers.get('x'), headers.get('content-length')]).toEqual([201, 'y', '7'])
  expect(await answer.text()).toBe('grüße')
  const own = wholeResponse(Uint8Array.of(1, 2), { status: 200 })
  expect([own instanceof Response, own.ok, own.bodyUsed]).toEqual([true, true, false])
  expect(wholeBodyOf(own)).toEqual(Uint8Array.of(1, 2))
  expect(await own.clone().arrayBuffer()).toEqual(Uint8Array.of(1, 2).buffer)
  const first = await own.body?.getReader().read()
  expect([first?.value, wholeBodyOf(own)]).toEqual([Uint8Array.of(1, 2), undefined])
  expect(await wholeResponse('{"a":1}', {}).json()).toEqual({ a: 1 })
})

test('headers of a whole response that are set before and after they were looked at are sent', async () => {
  const url = await serve(async () => {
    const answer = wholeResponse('x', { headers: { a: '1', b: '1' } })
    setHeader(answer, 'b', '2')
    expect(answer.headers.get('b')).toBe('2')
    setHeader(answer, 'c', '3')
    answer.headers.set('d', '4')
    expect(answer.clone().headers.get('d')).toBe('4')
    return answer
  })
  const { headers } = await fetch(url)
  expect(['a', 'b', 'c', 'd'].map((name) => headers.get(name))).toEqual(['1', '2', '3', '4'])
})

test('a small body is read whole, once, however it comes', async () => {
  const url = await serve(read)
  const post = async (body: RequestInit['body']) => {
    const stream = body instanceof ReadableStream ? { duplex: 'half' } : {}
    return (await fetch(url, { method: 'POST', body, ...stream } as RequestInit)).json()
  }
  expect(await post('hello')).toEqual({ bytes: 5, text: 'hello' })
  expect(await post('x'.repeat(1000))).toMatchObject({ bytes: 1000 })
  const chunked = new ReadableStream({
    start: (stream) => {
      stream.enqueue(Buffer.from('a'))
      stream.enqueue(Buffer.from('b'))
      stream.close()
    },
  })
  expect(await post(chunked)).toEqual({ bytes: 2, text: 'ab' })
})

test('a body that was asked for as a stream first is read from there', async () => {
  const url = await serve(async (request, connection) => {
    const copy = request.clone()
    const [one, other] = await Promise.all([
      readBody(copy, { ...limits, signal: connection.signal }),
      readBody(request, { ...limits, signal: connection.signal }),
    ])
    return Response.json([Buffer.from(one).toString(), Buffer.from(other).toString()])
  })
  const answer = await fetch(url, { method: 'POST', body: 'twice' })
  expect(await answer.json()).toEqual(['twice', 'twice'])
})

test('a body that is too long is refused before it is read, one that is cut is told', async () => {
  const outcomes: Promise<string>[] = []
  const url = await serve((request, connection) => {
    const answer = read(request, connection)
    const codeOf = (error: { code: string }) => error.code
    outcomes.push(answer.then(() => 'read', codeOf))
    return answer.catch((error: { code: string }) =>
      Response.json({ code: error.code }, { status: 400 }),
    )
  })
  const long = await fetch(url, { method: 'POST', body: 'x'.repeat(1001) })
  expect(await long.json()).toEqual({ code: 'too_large' })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf')
  await expect.poll(() => outcomes.length).toBe(2)
  socket.destroy()
  expect(await Promise.all(outcomes)).toEqual(['too_large', 'cancelled'])
})

test('requests that come in one packet are answered in their order, each with its own body', async () => {
  const url = await serve(read)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const requests = ['first', '', 'third, longer', 'last'].map((body, at, all) => {
    const length = body === '' ? '00' : String(body.length)
    const close = at === all.length - 1 ? 'connection: close\r\n' : ''
    return `POST / HTTP/1.1\r\nhost: x\r\n${close}content-length: ${length}\r\n\r\n${body}`
  })
  socket.write(requests.join(''))
  let answers = ''
  for await (const chunk of socket) answers += String(chunk)
  const texts = [...answers.matchAll(/"text":"([^"]*)"/g)].map(([, text]) => text)
  expect(texts).toEqual(['first', '', 'third, longer', 'last'])
})
