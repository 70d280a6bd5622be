import { HyperMeshError } from '@hypermesh/contract'
import { ManualClock } from '@hypermesh/testing'
import { describe, expect, test } from 'vitest'
import { codeOf, openGateway } from './_gateway.ts'

const never = () => new Promise<Response>(() => undefined)

describe('a deadline', () => {
  test('ends a request whose upstream heeds it', async () => {
    await using opened = await openGateway({
      upstream: (_, context) =>
        new Promise((_, reject) => {
          context?.signal.addEventListener('abort', () => reject(context.signal.reason))
        }),
    })
    const init = { key: opened.admin, headers: { 'x-hypermesh-timeout-ms': '20' } }
    expect(await codeOf(await opened.send('/v1/tables', init))).toEqual([504, 'deadline'])
  })

  test('ends a request whose upstream ignores it', async () => {
    await using opened = await openGateway({ upstream: never, limits: { requestTimeoutMs: 20 } })
    const response = await opened.send('/v1/tables', { key: opened.admin })
    expect(await codeOf(response)).toEqual([504, 'deadline'])
  })

  test('takes what the upstream knows of the outcome, told just after', async () => {
    await using opened = await openGateway({
      upstream: (_, context) =>
        new Promise((resolve) => {
          context?.signal.addEventListener('abort', () => resolve(Response.json({ late: true })))
        }),
      limits: { requestTimeoutMs: 20 },
    })
    const response = await opened.send('/v1/tables', { key: opened.admin })
    expect(await response.json()).toEqual({ late: true })
  })

  test('breaks a body that is still streaming', async () => {
    await using opened = await openGateway({
      upstream: () =>
        new Response(
          new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(3)) }),
        ),
      limits: { requestTimeoutMs: 30 },
    })
    const response = await opened.send('/v1/tables', { key: opened.admin })
    expect(response.status).toBe(200)
    await expect(response.arrayBuffer()).rejects.toMatchObject({ code: 'deadline' })
    expect(opened.lines.at(-1)).toMatchObject({ route: '/v1/tables', bytes: 3 })
    expect(opened.lines.at(-1)?.cut).toContain('deadline')
  })

  test('longer than allowed is shortened, one that is no number is refused', async () => {
    await using opened = await openGateway({
      upstream: never,
      limits: { requestTimeoutMsMax: 20, requestTimeoutMs: 10 },
    })
    const ask = (text: string) =>
      opened.send('/v1/tables', { key: opened.admin, headers: { 'x-hypermesh-timeout-ms': text } })
    expect((await ask('600000')).status).toBe(504)
    for (const text of ['0', '-1', '1e3', 'soon']) expect((await ask(text)).status).toBe(400)
  })

  test('comes early when the client goes away', async () => {
    const reasons: unknown[] = []
    await using opened = await openGateway({
      upstream: (_, context) => {
        context?.signal.addEventListener('abort', () => reasons.push(context.signal.reason))
        return never()
      },
    })
    const controller = new AbortController()
    const call = opened.send('/v1/tables', { key: opened.admin, signal: controller.signal })
    setImmediate(() => controller.abort())
    expect(await codeOf(await call)).toEqual([499, 'cancelled'])
    expect(reasons.every((reason) => reason instanceof HyperMeshError)).toBe(true)
  })
})

describe('rates', () => {
  test('of one key are limited, and say when to come again', async () => {
    const clock = new ManualClock()
    await using opened = await openGateway({ clock, limits: { ratePerSecond: 2, rateBurst: 3 } })
    const reader = (await opened.createKey('reader')).secret
    const ask = async () => {
      const response = await opened.send('/v1/tables', { key: reader })
      return [response.status, response.headers.get('retry-after')]
    }
    for (let n = 0; n < 3; n++) expect(await ask()).toEqual([200, null])
    expect(await ask()).toEqual([429, '1'])
    clock.advance(500)
    expect(await ask()).toEqual([200, null])
    expect(await ask()).toEqual([429, '1'])
    expect((await opened.send('/v1/tables', { key: opened.admin })).status).toBe(200)
  })

  test('of wrong keys are limited by address; right ones are served all the same', async () => {
    const clock = new ManualClock()
    const limits = { authFailuresPerSecond: 1, authFailuresBurst: 2 }
    await using opened = await openGateway({ clock, limits })
    const ask = async (from: string) => (await opened.send('/v1/tables', { key: 'x', from })).status
    expect([await ask('10.0.0.1'), await ask('10.0.0.1'), await ask('10.0.0.1')]).toEqual([
      401, 401, 429,
    ])
    expect(await ask('::ffff:10.0.0.1')).toBe(429)
    expect(await ask('10.0.0.2')).toBe(401)
    const right = await opened.send('/v1/tables', { key: opened.admin, from: '10.0.0.1' })
    expect(right.status).toBe(200)
  })

  test('above the requests in flight are refused, while probes are answered', async () => {
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    await using opened = await openGateway({
      upstream: async () => {
        await released
        return Response.json({})
      },
      limits: { requestsInFlightMax: 1 },
    })
    const first = opened.send('/v1/tables', { key: opened.admin })
    // Its key is read from disk; the second one comes in behind it.
    const second = await opened.send('/v1/tables', { key: opened.admin })
    expect(await codeOf(second)).toEqual([503, 'unavailable'])
    expect((await opened.send('/healthz')).status).toBe(200)
    release()
    await (await first).text()
    expect((await opened.send('/v1/tables', { key: opened.admin })).status).toBe(200)
  })
})

describe('addresses', () => {
  test('outside the global list are refused, but for probes', async () => {
    await using opened = await openGateway({ gateway: { cidrs: ['10.0.0.0/8', 'fd00::/8'] } })
    const from = async (address: string, path = '/v1/tables') =>
      (await opened.send(path, { key: opened.admin, from: address })).status
    expect(await from('10.1.2.3')).toBe(200)
    expect(await from('::ffff:10.1.2.3')).toBe(200)
    expect(await from('fd00::1')).toBe(200)
    expect(await from('11.0.0.1')).toBe(403)
    expect(await from('::1')).toBe(403)
    expect(await from('11.0.0.1', '/openapi.json')).toBe(403)
    expect(await from('11.0.0.1', '/healthz')).toBe(200)
  })

  test('outside the list of a key are refused for that key', async () => {
    await using opened = await openGateway()
    const key = (await opened.createKey('reader', ['10.0.0.0/8', '192.168.1.7'])).secret
    const from = async (address: string) =>
      (await opened.send('/v1/tables', { key, from: address })).status
    expect([await from('10.9.9.9'), await from('192.168.1.7')]).toEqual([200, 200])
    expect([await from('192.168.1.8'), await from('127.0.0.1')]).toEqual([403, 403])
  })

  test('come from the socket; a forwarded one counts behind a trusted proxy only', async () => {
    const cidrs = ['10.0.0.0/8']
    await using plain = await openGateway({ gateway: { cidrs } })
    const headers = { 'x-forwarded-for': '10.0.0.1' }
    expect((await plain.send('/v1/tables', { key: plain.admin, headers })).status).toBe(403)
    await using proxied = await openGateway({ gateway: { cidrs, trustedProxies: ['127.0.0.1'] } })
    const ask = async (forwarded: string) => {
      const init = { key: proxied.admin, headers: { 'x-forwarded-for': forwarded } }
      return (await proxied.send('/v1/tables', init)).status
    }
    expect(await ask('10.0.0.1')).toBe(200)
    expect(await ask('10.0.0.1, 11.0.0.1')).toBe(403)
    expect(await ask('11.0.0.1, 10.0.0.1, 127.0.0.1')).toBe(200)
  })
})

describe('each answer', () => {
  test('has the request id that was sent if it is sane, else a new one', async () => {
    await using opened = await openGateway()
    const idFor = async (sent: string) =>
      (await opened.send('/healthz', { headers: { 'x-request-id': sent } })).headers.get(
        'x-request-id',
      )
    expect(await idFor('trace-1.2:3')).toBe('trace-1.2:3')
    for (const bad of ['a b', 'x'.repeat(65), '<script>']) {
      expect(await idFor(bad)).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  test('ends in one log line with the pattern of its route, not its path', async () => {
    await using opened = await openGateway()
    const response = await opened.send('/v1/tables/secret.name/history', { key: opened.admin })
    const body = await response.text()
    const lines = opened.lines.filter((line) => line.msg === 'request')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      level: 'info',
      method: 'GET',
      route: '/v1/tables/:table/history',
      status: 200,
      bytes: body.length,
      requestId: response.headers.get('x-request-id'),
    })
    expect(lines[0]?.principal).toBe(JSON.parse(body).keyId)
  })

  test('counts once in the figures, by route and status', async () => {
    await using opened = await openGateway({ gateway: { metricsOpen: true } })
    await (await opened.send('/v1/tables', { key: opened.admin })).text()
    await (await opened.send('/v1/tables')).text()
    const text = await (await opened.send('/metrics')).text()
    const counter = 'hypermesh_http_requests_total'
    expect(text).toContain(`${counter}{method="GET",route="/v1/tables",status="200"} 1`)
    expect(text).toContain(`${counter}{method="GET",route="/v1/tables",status="401"} 1`)
    expect(text).toContain('hypermesh_http_requests_open 1')
  })

  test('to an Iceberg client has the form of its protocol, also when the gateway refuses', async () => {
    await using opened = await openGateway()
    const bodyOf = async (path: string, init = {}) =>
      ((await (await opened.send(path, init)).json()) as { error: object }).error
    expect(await bodyOf('/iceberg/v1/config')).toMatchObject({
      type: 'NotAuthorizedException',
      code: 401,
    })
    const key = (await opened.createKey('reader')).secret
    expect(await bodyOf('/iceberg/v1/namespaces', { method: 'POST', key })).toMatchObject({
      type: 'ForbiddenException',
      code: 403,
    })
    expect(await bodyOf('/iceberg/v1/nothing', { key })).toMatchObject({
      type: 'NotFoundException',
      code: 404,
    })
  })

  test('hides what an upstream throws, and logs it once', async () => {
    await using opened = await openGateway({
      upstream: () => {
        throw new Error('the password is x')
      },
    })
    const response = await opened.send('/v1/tables', { key: opened.admin })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('password')
    expect(opened.lines.filter((line) => line.level === 'error')).toHaveLength(1)
  })

  test('refuses a path that is no UTF-8', async () => {
    await using opened = await openGateway()
    const response = await opened.send('/v1/objects/%FF', { key: opened.admin })
    expect(await codeOf(response)).toEqual([400, 'invalid'])
  })
})

describe('without authentication', () => {
  test('everybody is an administrator, and the log says so', async () => {
    await using opened = await openGateway({ auth: { enabled: false } })
    expect((await opened.send('/v1/keys')).status).toBe(200)
    expect(opened.lines.some((line) => String(line.msg).includes('authentication is off'))).toBe(
      true,
    )
  })

  test('a page of another origin or a name that is not loopback is refused', async () => {
    await using opened = await openGateway({ auth: { enabled: false } })
    const status = async (origin: string) =>
      (await opened.send('/v1/tables', { headers: { origin } })).status
    expect(await status('http://localhost:5173')).toBe(200)
    expect([await status('https://evil.example'), await status('null')]).toEqual([403, 403])
    const rebound = new Request('http://evil.example/v1/tables')
    expect((await opened.gateway.fetch(rebound)).status).toBe(403)
  })
})

test('readiness tells the state and the version', async () => {
  await using opened = await openGateway()
  for (const [state, status] of [
    ['starting', 503],
    ['ready', 200],
    ['stopping', 503],
  ] as const) {
    opened.gateway.setReadiness(state)
    const response = await opened.send('/readyz')
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ status: state, version: '0.0.0' })
  }
})
