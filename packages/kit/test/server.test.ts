import { once } from 'node:events'
import { connect } from 'node:net'
import { HyperMeshError } from '@hypermesh/contract'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type Connection,
  createLogger,
  type Listener,
  type ListenOptions,
  listen,
  streamBody,
} from '../src/index.ts'

const listeners: Listener[] = []
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.stop()
})

async function serve(
  onRequest: (request: Request, connection: Connection) => Promise<Response> | Response,
  options: Partial<ListenOptions> = {},
): Promise<Listener> {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    onRequest: async (request, connection) => onRequest(request, connection),
    logger: createLogger('silent'),
    connectionsMax: 100,
    headersTimeoutMs: 10_000,
    keepAliveMs: 60_000,
    shutdownMs: 5_000,
    ...options,
  })
  listeners.push(listener)
  return listener
}

/** A promise and what settles it. */
function signalled<T>() {
  let settle: (value: T) => void = () => undefined
  const promise = new Promise<T>((resolve) => {
    settle = resolve
  })
  return { promise, settle }
}

const aborted = (signal: AbortSignal) =>
  new Promise<unknown>((resolve) =>
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true }),
  )

describe('a listener', () => {
  test('publishes the port that was chosen for 0 and the address of the client', async () => {
    const { url, port } = await serve((_, { remoteAddress }) => Response.json(remoteAddress))
    expect(url).toBe(`http://127.0.0.1:${port}`)
    expect(port).toBeGreaterThan(0)
    expect(await (await fetch(url)).json()).toBe('127.0.0.1')
  })

  test('refuses a port in use and names the setting', async () => {
    const { port } = await serve(() => new Response('x'))
    const error = await serve(() => new Response('y'), { port }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(HyperMeshError)
    const { message } = error as HyperMeshError
    expect(message).toContain(String(port))
    expect(message).toContain('[gateway] port')
    expect(message).toContain('HYPERMESH_GATEWAY__PORT')
    expect(message).toContain('--port')
  })

  test('gives a short body its length and streams a long one', async () => {
    const { url } = await serve((request) =>
      request.url.endsWith('/short')
        ? Response.json({ a: 1 })
        : new Response(
            new ReadableStream({
              start(controller) {
                for (let part = 0; part < 100; part++) controller.enqueue(new Uint8Array(100_000))
                controller.close()
              },
            }),
          ),
    )
    expect((await fetch(`${url}/short`)).headers.get('content-length')).toBe('7')
    expect((await (await fetch(`${url}/long`)).arrayBuffer()).byteLength).toBe(10_000_000)
  })

  test('answers an unreadable request with 400', async () => {
    const { port } = await serve(() => new Response('x'))
    const socket = connect(port, '127.0.0.1')
    socket.end('GET /a\\b HTTP/1.1\r\nHost: bad host\r\nConnection: close\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(text).toContain('HTTP/1.1 400')
  })

  test('closes a connection that does not finish its headers', async () => {
    const { port } = await serve(() => new Response('x'), { headersTimeoutMs: 100 })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ')
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(text).toContain('408')
  })

  test('answers before a large upload has been read', async () => {
    const { url } = await serve(() => Response.json({ no: true }, { status: 401 }))
    const body = new Uint8Array(20_000_000)
    const response = await fetch(url, { method: 'PUT', body })
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({ no: true })
  })
})

describe('the signal of a request aborts when the client goes away', () => {
  test('while the answer is awaited', async () => {
    const started = signalled<void>()
    const reason = signalled<unknown>()
    const { url } = await serve(async (_, { signal }) => {
      started.settle()
      reason.settle(await aborted(signal))
      return new Response('late')
    })
    const controller = new AbortController()
    const call = fetch(url, { signal: controller.signal }).catch(() => undefined)
    await started.promise
    controller.abort()
    await call
    expect(await reason.promise).toMatchObject({ code: 'cancelled' })
  })

  test('while a response streams, and the body is cancelled', async () => {
    const reason = signalled<unknown>()
    const cancelled = signalled<boolean>()
    const { url } = await serve((_, { signal }) => {
      void aborted(signal).then(reason.settle)
      return new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
          cancel: () => cancelled.settle(true),
        }),
      )
    })
    const controller = new AbortController()
    const response = await fetch(url, { signal: controller.signal })
    await response.body?.getReader().read()
    controller.abort()
    expect(await reason.promise).toMatchObject({ code: 'cancelled' })
    expect(await cancelled.promise).toBe(true)
  })

  test('while an upload is read, and the reading ends', async () => {
    const reason = signalled<unknown>()
    const failure = signalled<unknown>()
    const started = signalled<void>()
    const { port } = await serve(async (request, { signal }) => {
      void aborted(signal).then(reason.settle)
      try {
        const options = { bytesMax: 1e9, limit: 'x', signal }
        for await (const _ of streamBody(request, options)) started.settle()
      } catch (error) {
        failure.settle(error)
      }
      return new Response('late')
    })
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc')
    await started.promise
    socket.destroy()
    expect(await failure.promise).toMatchObject({ code: 'cancelled' })
    expect(await reason.promise).toMatchObject({ code: 'cancelled' })
  })
})

describe('a body', () => {
  test('that fails breaks the connection instead of ending short', async () => {
    const { url } = await serve(() => {
      let parts = 0
      return new Response(
        new ReadableStream({
          pull(controller) {
            parts++
            if (parts < 5) controller.enqueue(new Uint8Array(1000))
            else controller.error(new Error('broken'))
          },
        }),
      )
    })
    await expect(fetch(url).then((response) => response.arrayBuffer())).rejects.toThrow()
  })

  test('that fails at once shows nothing of the error', async () => {
    const { url } = await serve(
      () => new Response(new ReadableStream({ pull: (c) => c.error(new Error('a password')) })),
    )
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow()
  })
})

describe('a stop', () => {
  test('lets an open request end, refuses new ones, closes idle connections', async () => {
    const started = signalled<void>()
    const release = signalled<void>()
    const listener = await serve(async (request) => {
      if (request.url.endsWith('/slow')) {
        started.settle()
        await release.promise
      }
      return new Response('done')
    })
    await (await fetch(`${listener.url}/idle`)).text()
    const slow = fetch(`${listener.url}/slow`)
    await started.promise
    const stopped = listener.stop()
    await expect(fetch(`${listener.url}/new`)).rejects.toThrow()
    release.settle()
    const response = await slow
    expect(await response.text()).toBe('done')
    expect(response.headers.get('connection')).toBe('close')
    await stopped
  })

  test('cuts what does not end within its time, telling it first', async () => {
    const started = signalled<void>()
    const listener = await serve(
      async (_, { signal }) => {
        started.settle()
        const reason = (await aborted(signal)) as HyperMeshError
        return Response.json(reason.code, { status: reason.status })
      },
      { shutdownMs: 20 },
    )
    const slow = fetch(listener.url)
    await started.promise
    await listener.stop()
    expect(await (await slow).json()).toBe('unavailable')
  })
})
