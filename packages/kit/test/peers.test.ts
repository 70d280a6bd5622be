import { HyperMeshError, headers, type Limits, limits } from '@hypermesh/contract'
import { afterEach, expect, test } from 'vitest'
import {
  createLogger,
  type Fetch,
  listen,
  type RequestContext,
  remoteUpstream,
  Secret,
  servePeers,
  signPrincipal,
  systemClock,
} from '../src/index.ts'

const secret = new Secret('a secret that only this platform knows')
const principal = { keyId: 'k', name: 'key', role: 'writer' } as const
const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.stop()
})

/** The catalog, in a process of its own as far as this test can tell. */
async function openPeer(fetch: Fetch, overrides: Partial<Limits> = {}) {
  const values = limits.parse({ shutdownMs: 200, ...overrides })
  const logger = createLogger('silent')
  const service = { fetch, [Symbol.asyncDispose]: async () => {} }
  const onRequest = servePeers({
    services: new Map([['catalog', service]]),
    isReady: () => true,
    secret,
    clock: systemClock,
    limits: values,
    logger,
  })
  const listener = await listen({ ...values, host: '127.0.0.1', port: 0, logger, onRequest })
  open.push(listener)
  const url = new URL(listener.url)
  const upstream = remoteUpstream({ service: 'catalog', url, secret, clock: systemClock })
  return { url, upstream, stop: () => listener.stop() }
}

function contextOf(signal = new AbortController().signal): RequestContext {
  return { principal, signal, requestId: 'r1' }
}

const inside = (path: string, init?: RequestInit) => new Request(`http://inside${path}`, init)

function chunks(onPull: () => void) {
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      onPull()
      controller.enqueue(new Uint8Array(64 * 1024))
    },
  })
}

test('a request arrives with its principal, its id and what is left of its deadline', async () => {
  let seen: RequestContext | undefined
  let sent = new Headers()
  const { upstream } = await openPeer(async (request, context) => {
    seen = context
    sent = request.headers
    return Response.json({
      method: request.method,
      url: new URL(request.url).search,
      body: await request.text(),
    })
  })
  const deadlineAtMs = systemClock.monotonicMs() + 5000
  const request = inside('/v1/x?a=%20b', {
    method: 'POST',
    body: 'text',
    headers: { authorization: 'Bearer key', 'x-api-key': 'key', [headers.principal]: 'forged' },
  })
  const response = await upstream(request, { ...contextOf(), deadlineAtMs })
  expect(await response.json()).toEqual({ method: 'POST', url: '?a=%20b', body: 'text' })
  expect(seen).toMatchObject({ principal, requestId: 'r1' })
  expect(seen?.deadlineAtMs).toBeLessThanOrEqual(deadlineAtMs + 5000)
  for (const name of ['authorization', 'x-api-key', headers.principal]) {
    expect(sent.get(name)).toBeNull()
  }
})

test('a long request line is served as it would be in one process', async () => {
  const { upstream } = await openPeer((request) => new Response(new URL(request.url).search))
  const search = `?types=${'x'.repeat(7000)}`
  const response = await upstream(inside(`/v1/x${search}`), contextOf())
  expect([response.status, await response.text()]).toEqual([200, search])
})

test('without a signature of this secret, for this line and service, nobody is served', async () => {
  let calls = 0
  const { url, upstream } = await openPeer(() => {
    calls += 1
    return new Response('served')
  })
  const good = {
    service: 'catalog',
    line: 'GET /v1/x',
    principal,
    requestId: 'r',
    atMs: Date.now(),
  } as const
  const sign = (changes: object, by = secret) => signPrincipal({ ...good, ...changes }, by)
  const [version, body, mac] = sign({}).split('.')
  const admin = Buffer.from(JSON.stringify({ ...good, principal: { ...principal, role: 'admin' } }))
  const forged = [
    undefined,
    '',
    'nonsense',
    JSON.stringify(principal),
    sign({}, new Secret('another secret of thirty-two characters')),
    sign({ line: 'GET /v1/y' }),
    sign({ line: 'POST /v1/x' }),
    sign({ atMs: Date.now() - 120_000 }),
    sign({ atMs: Date.now() + 120_000 }),
    `${version}.${admin.toString('base64url')}.${mac}`,
    `${version}.${body}.`,
    `v2.${body}.${mac}`,
  ]
  for (const token of forged) {
    const sent = token === undefined ? {} : { [headers.principal]: token }
    const response = await fetch(new URL('/v1/x', url), { headers: sent })
    expect([token, response.status]).toEqual([token, 401])
    expect(await response.json()).toMatchObject({ error: { code: 'unauthenticated' } })
  }
  expect(calls).toBe(0)
  const right = await fetch(new URL('/v1/x', url), { headers: { [headers.principal]: sign({}) } })
  expect(await right.text()).toBe('served')
  const elsewhere = { [headers.principal]: sign({ service: 'query' }) }
  expect((await fetch(new URL('/v1/x', url), { headers: elsewhere })).status).toBe(503)
  expect((await upstream(inside('/v1/x'), contextOf())).status).toBe(200)
  expect((await fetch(new URL('/readyz', url))).status).toBe(200)
})

test('a peer that is down is unavailable, whether a write has reached it is said, and it comes back', async () => {
  const { url, upstream, stop } = await openPeer(() => new Response('here'))
  await stop()
  const down = { code: 'unavailable', effect: 'none', details: { retryAfterSeconds: 1 } }
  await expect(upstream(inside('/a'), contextOf())).rejects.toMatchObject(down)
  const write = inside('/a', { method: 'POST', body: 'x' })
  await expect(upstream(write, contextOf())).rejects.toMatchObject(down)
  const values = limits.parse({})
  open.push(
    await listen({
      ...values,
      host: '127.0.0.1',
      port: Number(url.port),
      logger: createLogger('silent'),
      onRequest: async () => new Response('back'),
    }),
  )
  expect(await (await upstream(inside('/a'), contextOf())).text()).toBe('back')
})

test('a connection that breaks in a write leaves its effect unknown', async () => {
  const { upstream } = await openPeer((request) => {
    void request.body?.cancel()
    throw new HyperMeshError('unavailable', 'ends')
  })
  expect((await upstream(inside('/a', { method: 'POST', body: 'x' }), contextOf())).status).toBe(
    503,
  )
  const listener = await import('node:net').then(({ createServer }) =>
    createServer((socket) => socket.once('data', () => socket.destroy())),
  )
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as { port: number }
  const url = new URL(`http://127.0.0.1:${port}`)
  const broken = remoteUpstream({ service: 'catalog', url, secret, clock: systemClock })
  const write = broken(inside('/a', { method: 'POST', body: 'x' }), contextOf())
  await expect(write).rejects.toMatchObject({ code: 'unavailable', effect: 'unknown' })
  await expect(broken(inside('/a'), contextOf())).rejects.toMatchObject({ effect: 'none' })
  await new Promise((resolve) => listener.close(resolve))
})

test('bodies stream both ways no faster than they are read', async () => {
  let answered = 0
  let sent = 0
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const { upstream } = await openPeer(async (request) => {
    if (request.method === 'GET') return new Response(chunks(() => void answered++))
    await request.body?.getReader().read()
    await finished
    return new Response('done')
  })
  const response = await upstream(inside('/a'), contextOf())
  const reader = response.body?.getReader()
  await reader?.read()
  const body = chunks(() => void sent++)
  const upload = upstream(
    inside('/b', { method: 'PUT', body, duplex: 'half' } as RequestInit),
    contextOf(),
  )
  // Enough turns for an endless body to grow without bound, had nobody held it back.
  for (let turn = 0; turn < 50; turn += 1) {
    await (await upstream(inside('/c'), contextOf())).body?.cancel()
  }
  // What the sockets between hold: some megabytes at most, of 64 KiB each.
  expect(sent).toBeGreaterThan(1)
  expect(sent).toBeLessThan(400)
  expect(answered).toBeLessThan(400 + 50 * 400)
  await reader?.cancel()
  finish()
  expect(await (await upload).text()).toBe('done')
})

test('whoever goes away, and a deadline, end the work of the peer', async () => {
  const reasons: (string | undefined)[] = []
  let begun = () => {}
  const { upstream } = await openPeer(async (_, context) => {
    const { signal } = context as RequestContext
    const ended = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reasons.push((signal.reason as HyperMeshError).code)
        reject(signal.reason)
      })
    })
    begun()
    return ended
  })
  const client = new AbortController()
  const started = new Promise<void>((resolve) => {
    begun = resolve
  })
  const gone = upstream(inside('/a', { method: 'POST', body: 'x' }), contextOf(client.signal))
  await started
  client.abort(new HyperMeshError('cancelled', 'the client went away'))
  await expect(gone).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(() => reasons).toEqual(['cancelled'])
  const late = await upstream(inside('/a'), {
    ...contextOf(),
    deadlineAtMs: systemClock.monotonicMs() + 50,
  })
  expect([late.status, reasons]).toEqual([504, ['cancelled', 'deadline']])
})
