import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { inspect } from 'node:util'
import { Secret, systemClock } from '@hypermesh/kit'
import { afterEach, describe, expect, test } from 'vitest'
import { OpenAiEmbeddings, type OpenAiEmbeddingsOptions } from './openai-embeddings.ts'

interface Received {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: { readonly model: string; readonly input: readonly string[] }
}
type Answer = (received: Received, reply: ServerResponse) => void

const key = 'sk-very-secret'
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A server whose n-th request gets the n-th answer, the last one from then on. */
async function serve(...answers: readonly Answer[]) {
  const received: Received[] = []
  const server = createServer(async (request, reply) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { url = '', headers } = request
    const entry = { url, headers, body: JSON.parse(Buffer.concat(chunks).toString()) }
    received.push(entry)
    answers[Math.min(received.length, answers.length) - 1]?.(entry, reply)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { received, url: `http://127.0.0.1:${port}/v1` }
}

const embed = (text: string) => [text.length, text.charCodeAt(0), -0.5]
const good: Answer = ({ body }, reply) => {
  const data = body.input.map((text, index) => ({ index, embedding: embed(text) }))
  reply.end(JSON.stringify({ object: 'list', model: body.model, data: data.reverse() }))
}
const status =
  (code: number, headers: Record<string, string> = {}, message = 'no luck'): Answer =>
  (_, reply) =>
    reply.writeHead(code, headers).end(JSON.stringify({ error: { message } }))
const says =
  (data: unknown): Answer =>
  (_, reply) =>
    reply.end(typeof data === 'string' ? data : JSON.stringify({ data }))

const providerAt = (url: string, options: Partial<OpenAiEmbeddingsOptions> = {}) =>
  new OpenAiEmbeddings({
    ...{ name: 'mine', url, model: 'm-1', dimension: 3, apiKey: new Secret(key) },
    ...{ batchTexts: 2, timeoutMs: 10_000, attempts: 3, clock: systemClock },
    ...options,
  })

test('texts go in batches, and rows come in the order of the texts whatever that of the answer', async () => {
  const { url, received } = await serve(good)
  const texts = ['a', 'bb', 'ccc', 'dddd', 'eeeee']
  const rows = await providerAt(url).embed(texts)
  expect([...rows]).toEqual(texts.flatMap(embed))
  expect(received.map(({ body }) => body)).toEqual([
    { model: 'm-1', input: ['a', 'bb'] },
    { model: 'm-1', input: ['ccc', 'dddd'] },
    { model: 'm-1', input: ['eeeee'] },
  ])
  expect(received[0]?.url).toBe('/v1/embeddings')
  expect(received[0]?.headers.authorization).toBe(`Bearer ${key}`)
  expect(received[0]?.headers['content-length']).toBeDefined()
})

test('without a key none is sent', async () => {
  const { url, received } = await serve(good)
  await providerAt(url, { apiKey: undefined }).embed(['a'])
  expect(received[0]?.headers.authorization).toBeUndefined()
})

test('a server that is busy or fails is asked again, as late as it says', async () => {
  const waits: number[] = []
  const onPause = (ms: number) => waits.push(ms)
  const { url, received } = await serve(status(429, { 'retry-after': '0' }), status(503), good)
  expect([...(await providerAt(url, { onPause }).embed(['a']))]).toEqual(embed('a'))
  expect(received).toHaveLength(3)
  expect(waits).toEqual([0, 500])
})

test('a date says when to ask again as well', async () => {
  const waits: number[] = []
  const nowMs = Date.UTC(2026, 0, 1)
  const clock = { ...systemClock, nowMs: () => nowMs }
  const date = new Date(nowMs - 1000).toUTCString()
  const { url } = await serve(status(429, { 'retry-after': date }), good)
  await providerAt(url, { clock, onPause: (ms) => waits.push(ms) }).embed(['a'])
  expect(waits).toEqual([0])
})

test.each([999, 205])('an answer of status %i is an error of the upstream', async (code) => {
  const raw = createTcpServer((socket) => {
    socket.once('data', () => socket.end(`HTTP/1.1 ${code} odd\r\ncontent-length: 2\r\n\r\n{}`))
  })
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve))
  closers.push(() => raw.close())
  const { port } = raw.address() as AddressInfo
  const provider = providerAt(`http://127.0.0.1:${port}/v1`, { attempts: 1 })
  await expect(provider.embed(['a'])).rejects.toMatchObject({ code: 'upstream' })
})

describe('upstream errors', () => {
  const cases: [what: string, answer: Answer, message: RegExp, attempts: number][] = [
    [
      'always failing',
      status(500, { 'retry-after': '0' }),
      /answered 500: no luck \(3 attempts\)/,
      3,
    ],
    ['busy for long', status(429, { 'retry-after': '3600' }), /answered 429/, 1],
    ['a key refused', status(401, {}, `bad key ${key}`), /answered 401: bad key \*\*\*$/, 1],
    ['no such model', status(404), /answered 404: no luck/, 1],
    ['a redirect', status(307, { location: 'http://127.0.0.1:1/' }), /answered 307/, 1],
    ['no JSON', says('<html>'), /something other than embeddings/, 1],
    ['another form', says({}), /something other than embeddings/, 1],
    ['too few', says([]), /0 embeddings for 1 text/, 1],
    ['too many', says([{ embedding: [1, 2, 3] }, { embedding: [1, 2, 3] }]), /2 embeddings/, 1],
    ['another text', says([{ index: 1, embedding: [1, 2, 3] }]), /no embedding or two/, 1],
    ['another dimension', says([{ embedding: [1, 2] }]), /2 numbers a text; .* dimension is 3/, 1],
    ['a null', says([{ embedding: [1, null, 3] }]), /other than finite numbers/, 1],
    ['too large a number', says([{ embedding: [1, 1e300, 3] }]), /other than finite numbers/, 1],
    ['too long', says(' '.repeat(200_000)), /answered more than \d+ bytes/, 1],
  ]

  test.each(cases)('%s', async (_, answer, message, attempts) => {
    const { url, received } = await serve(answer)
    const error = await providerAt(url)
      .embed(['a'])
      .catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'upstream', status: 502, effect: 'none' })
    expect(error.message).toMatch(message)
    expect(error.details).toMatchObject({ provider: 'mine', model: 'm-1', attempts })
    expect(received).toHaveLength(attempts)
    expect(inspect(error, { depth: 10 })).not.toContain(key)
  })

  test('nobody there', async () => {
    const error = await providerAt('http://127.0.0.1:1/v1', { attempts: 2 })
      .embed(['a'])
      .catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'upstream' })
    expect(error.message).toMatch(/cannot be reached \(2 attempts\)/)
  })

  test('no answer in time', async () => {
    const { url } = await serve(() => {})
    const provider = providerAt(url, { timeoutMs: 30, attempts: 2 })
    await expect(provider.embed(['a'])).rejects.toThrow(/did not answer in 30 ms \(2 attempts\)/)
  })
})

test('the caller’s abort is told as such, during an attempt and between two', async () => {
  const reason = new Error('the deadline')
  const stopper = new AbortController()
  const { url } = await serve(() => stopper.abort(reason))
  await expect(providerAt(url).embed(['a'], stopper.signal)).rejects.toBe(reason)

  const other = new AbortController()
  const busy = await serve(status(429, { 'retry-after': '20' }))
  const provider = providerAt(busy.url, {
    onPause: () => queueMicrotask(() => other.abort(reason)),
  })
  await expect(provider.embed(['a'], other.signal)).rejects.toBe(reason)
})
