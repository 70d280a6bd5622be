import { headers, type RouteContract, type RouteId, routePath, routes } from '@hypermesh/contract'
import { describe, expect, test } from 'vitest'
import { openGateway } from './_gateway.ts'

const parameters = {
  view: 'v',
  key: 'a/b',
  table: 'a.b',
  namespace: 'n',
  id: 'i',
  commitId: 'c',
  jobId: 'j',
  name: 'n',
  index: 'x',
  snapshot: 's',
  database: 'd',
  backup: 'b',
  queryId: 'q',
  node: 'n',
  measure: 'm',
}
const all = Object.entries<RouteContract>(routes).map(([id, route]) => ({
  ...route,
  // The entries of `routes` are its ids.
  url: routePath(id as RouteId, parameters),
}))
const guarded = [
  ...all.filter((route) => route.access !== 'open'),
  ...[
    '/',
    '/v1',
    '/v1/nothing',
    '/healthz/',
    '/HEALTHZ',
    '/healthz%2f',
    '//healthz',
    '/iceberg/v1/x',
  ].map((url) => ({ method: 'GET', url })),
  { method: 'POST', url: '/healthz' },
  { method: 'OPTIONS', url: '/v1/sql' },
]

async function sweep(
  send: (path: string, init: RequestInit) => Promise<Response>,
  init: RequestInit,
): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {}
  for (const { method, url } of guarded) {
    const response = await send(url, { ...init, method })
    await response.arrayBuffer()
    statuses[`${method} ${url}`] = response.status
  }
  return statuses
}

const everywhere = (status: number) =>
  Object.fromEntries(guarded.map(({ method, url }) => [`${method} ${url}`, status]))

describe('every route that is not open, and every unknown path, is refused', () => {
  test('without a key', async () => {
    await using opened = await openGateway()
    expect(await sweep(opened.send, {})).toEqual(everywhere(401))
  })

  test('with a key that is wrong in any part', async () => {
    await using opened = await openGateway()
    const { admin, send } = opened
    const wrong = [
      'nonsense',
      'hm_0123456789abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      `${admin.slice(0, -1)}${admin.endsWith('A') ? 'E' : 'A'}`,
      `${admin}A`,
      admin.toUpperCase(),
    ]
    for (const key of wrong) {
      expect(await sweep(send, { headers: { authorization: `Bearer ${key}` } })).toEqual(
        everywhere(401),
      )
    }
    expect(await sweep(send, { headers: { 'x-api-key': 'nonsense' } })).toEqual(everywhere(401))
  })

  test('with another scheme, or with two keys that differ', async () => {
    await using opened = await openGateway()
    const { admin, send, createKey } = opened
    const other = await createKey('admin')
    const basic = `Basic ${Buffer.from(`x:${admin}`).toString('base64')}`
    expect(await sweep(send, { headers: { authorization: basic } })).toEqual(everywhere(401))
    const both = { authorization: `Bearer ${admin}`, 'x-api-key': other.secret }
    expect(await sweep(send, { headers: both })).toEqual(everywhere(401))
    const same = { authorization: `Bearer ${admin}`, 'x-api-key': admin }
    expect((await send('/v1/keys', { headers: same })).status).toBe(200)
  })

  test('with a revoked key', async () => {
    await using opened = await openGateway()
    const { admin, send, createKey } = opened
    const { id, secret } = await createKey('admin')
    expect((await send('/v1/keys', { key: secret })).status).toBe(200)
    await send(`/v1/keys/${id}`, { method: 'DELETE', key: admin })
    expect(await sweep(send, { headers: { 'x-api-key': secret } })).toEqual(everywhere(401))
  })

  test('with a forged principal', async () => {
    await using opened = await openGateway()
    const forged = { [headers.principal]: '{"keyId":"x","name":"x","role":"admin"}' }
    expect(await sweep(opened.send, { headers: forged })).toEqual(everywhere(401))
  })
})

describe('a key', () => {
  test('of a role too low is refused by each route, one high enough passes', async () => {
    await using opened = await openGateway()
    const { admin, send, createKey } = opened
    const reader = (await createKey('reader')).secret
    const writer = (await createKey('writer')).secret
    const keys = { reader, writer, admin }
    const order = ['reader', 'writer', 'admin'] as const
    for (const { method, url, access } of all) {
      if (access === 'open') continue
      const needed = order.indexOf(access === 'metrics' ? 'reader' : access)
      for (const role of order) {
        const response = await send(url, { method, key: keys[role] })
        const allowed = order.indexOf(role) >= needed
        expect([method, url, role, response.status === 403]).toEqual([method, url, role, !allowed])
      }
    }
  })

  test('is enough to be told that a path or a method does not exist', async () => {
    await using opened = await openGateway()
    const { admin, send } = opened
    expect((await send('/v1/nothing', { key: admin })).status).toBe(404)
    const wrong = await send('/v1/sql', { key: admin })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
    const keys = await send('/v1/keys', { key: admin, method: 'PUT' })
    expect(keys.headers.get('allow')).toBe('GET, HEAD, POST')
  })

  test('makes the principal; one sent by the client never reaches a service', async () => {
    const seen: (string | null)[] = []
    await using opened = await openGateway({
      upstream: (request, context) => {
        seen.push(request.headers.get(headers.principal))
        return Response.json(context?.principal)
      },
    })
    const { id, secret } = await opened.createKey('reader')
    const forged = { [headers.principal]: '{"role":"admin"}' }
    const response = await opened.send('/v1/tables', { key: secret, headers: forged })
    expect(await response.json()).toEqual({ keyId: id, name: 'reader', role: 'reader' })
    expect(seen).toEqual([null])
  })
})

test('the open routes answer without a key, /metrics only where it is configured', async () => {
  await using closed = await openGateway()
  for (const path of ['/healthz', '/readyz', '/openapi.json']) {
    expect((await closed.send(path)).status).toBe(200)
    const head = await closed.send(path, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  }
  await using open = await openGateway({ gateway: { metricsOpen: true } })
  const text = await (await open.send('/metrics')).text()
  expect(text).toContain('hypermesh_http_requests_total')
})
