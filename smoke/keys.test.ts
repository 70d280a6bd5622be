import { afterAll, beforeAll, expect, test } from 'vitest'
import { json, Server } from './_server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
  await server.load('main.t', 'a\n1\n')
})
afterAll(() => server[Symbol.asyncDispose]())

async function mint(body: Record<string, unknown>): Promise<{ id: string; secret: string }> {
  const response = await server.fetch('/v1/keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(201)
  return json(response)
}

const statusWith = async (secret: string, path: string, init: RequestInit = {}) =>
  (await fetch(`${server.url}${path}`, { ...init, headers: { 'x-api-key': secret } })).status

const write = { method: 'PUT', body: 'a\n2\n' }

test('without a key, or with a wrong one, nothing but the open pages answers', async () => {
  for (const path of ['/v1/tables', '/v1/keys', '/iceberg/v1/config', '/v1/objects']) {
    const response = await fetch(`${server.url}${path}`)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(await statusWith('hm_wrong', path)).toBe(401)
  }
})

test('each role may do what it should, and no more', async () => {
  const reader = await mint({ name: 'reads', role: 'reader' })
  const writer = await mint({ name: 'writes', role: 'writer' })
  expect(await statusWith(reader.secret, '/v1/tables')).toBe(200)
  expect(await statusWith(reader.secret, '/v1/ingest/main.u?format=csv', write)).toBe(403)
  expect(await statusWith(writer.secret, '/v1/ingest/main.u?format=csv', write)).toBe(200)
  expect(await statusWith(writer.secret, '/v1/keys')).toBe(403)
  expect(await statusWith(server.key, '/v1/keys')).toBe(200)
})

test('a revoked key opens nothing from then on', async () => {
  const key = await mint({ name: 'leaving', role: 'reader' })
  expect(await statusWith(key.secret, '/v1/tables')).toBe(200)
  const revoked = await server.fetch(`/v1/keys/${key.id}`, { method: 'DELETE' })
  expect(await json(revoked)).toMatchObject({ id: key.id, revokedAt: expect.any(String) })
  expect(await statusWith(key.secret, '/v1/tables')).toBe(401)
})

test('a key bound to addresses works from there only', async () => {
  const here = await mint({ name: 'here', role: 'reader', cidrs: ['127.0.0.0/8'] })
  const elsewhere = await mint({ name: 'elsewhere', role: 'reader', cidrs: ['192.0.2.0/24'] })
  expect(await statusWith(here.secret, '/v1/tables')).toBe(200)
  expect([401, 403]).toContain(await statusWith(elsewhere.secret, '/v1/tables'))
})

test('the list of keys holds no secret', async () => {
  const key = await mint({ name: 'hidden', role: 'reader' })
  const text = await (await server.fetch('/v1/keys')).text()
  expect(text).toContain(key.id)
  expect(text).not.toContain(key.secret)
})

test('a principal that a client makes up counts for nothing', async () => {
  const principal = JSON.stringify({ keyId: 'x', name: 'x', role: 'admin' })
  const headers = { 'x-hypermesh-principal': principal }
  expect((await fetch(`${server.url}/v1/tables`, { headers })).status).toBe(401)
})
