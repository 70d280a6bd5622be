import { createClient } from '@hypermesh/client'
import { expect, test } from 'vitest'
import { openGateway } from './_gateway.ts'

const path = '/iceberg/v1/oauth/tokens'
const form = (fields: Record<string, string>, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  body: String(new URLSearchParams(fields)),
})
const grant = { grant_type: 'client_credentials' }

test('the token for an API key, however it is presented, is a key that every route takes', async () => {
  await using opened = await openGateway()
  const { secret: key } = await opened.createKey('reader')
  const [, id = '', secret = ''] = /^hm_([0-9a-f]+)_(.+)$/.exec(key) ?? []
  const basic = (text: string) => ({
    authorization: `Basic ${Buffer.from(text).toString('base64')}`,
  })
  const requests = [
    form({ ...grant, client_secret: key, scope: 'catalog' }),
    form({ ...grant, client_id: 'me', client_secret: key }),
    form({ ...grant, client_id: id, client_secret: secret }),
    form(grant, basic(`${id}:${secret}`)),
    form(grant, basic(`anyone:${encodeURIComponent(key)}`)),
  ]
  for (const request of requests) {
    const response = await opened.send(path, request)
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const { access_token: token, ...rest } = (await response.json()) as Record<string, string>
    expect(rest).toMatchObject({ token_type: 'bearer' })
    expect((await opened.send('/v1/tables', { key: token ?? '' })).status).toBe(200)
    expect((await opened.send('/v1/keys', { key: token ?? '' })).status).toBe(403)
  }
  const client = createClient({ fetch: (request) => opened.gateway.serve(request, connection) })
  const { access_token: token } = await client.icebergToken({ ...grant, client_secret: key })
  expect(token).toBe(key)
  await expect(client.icebergToken({ ...grant, client_secret: 'x' })).rejects.toMatchObject({
    code: 'unauthenticated',
  })
})
const connection = { remoteAddress: '127.0.0.1', signal: new AbortController().signal }

test('what is no key gets no token, in the words of OAuth', async () => {
  await using opened = await openGateway({ limits: { authFailuresBurst: 6 } })
  const { id, secret: key } = await opened.createKey('reader')
  await opened.send(`/v1/keys/${id}`, { method: 'DELETE', key: opened.admin })
  const { secret: near } = await opened.createKey('reader', ['10.0.0.0/8'])
  const exchange = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: opened.admin,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  }
  const cases: [RequestInit, number, string][] = [
    [form(exchange), 400, 'unsupported_grant_type'],
    [form({ client_secret: opened.admin }), 400, 'invalid_request'],
    [
      { ...form(grant), body: `${String(new URLSearchParams(grant))}&scope=a&scope=b` },
      400,
      'invalid_request',
    ],
    [{ ...form(grant), headers: { 'content-type': 'application/json' } }, 415, 'invalid_request'],
    [form({ ...grant, client_secret: 'x'.repeat(17_000) }), 413, 'invalid_request'],
    [form(grant), 401, 'invalid_client'],
    [form({ ...grant, client_secret: 'nonsense' }), 401, 'invalid_client'],
    [form({ ...grant, client_secret: 'a b\nc' }), 401, 'invalid_client'],
    [form({ ...grant, client_secret: key }), 401, 'invalid_client'],
    [form({ ...grant, client_secret: near }), 403, 'invalid_client'],
  ]
  for (const [request, status, error] of cases) {
    const response = await opened.send(path, request)
    const body = (await response.json()) as Record<string, unknown>
    expect([response.status, body.error]).toEqual([status, error])
    expect(body.error_description).toEqual(expect.any(String))
  }
  // Wrong keys count against the address, as everywhere.
  const many = Array.from({ length: 8 }, () => form({ ...grant, client_secret: 'wrong' }))
  const statuses = []
  for (const request of many) statuses.push((await opened.send(path, request)).status)
  expect(statuses.at(-1)).toBe(429)
  expect(JSON.stringify(opened.lines)).not.toContain(opened.admin)
})

test('without authentication a token is given that stands for nobody, on loopback names only', async () => {
  await using opened = await openGateway({ auth: { enabled: false } })
  const response = await opened.send(path, form({ ...grant, client_secret: 'whatever' }))
  const { access_token: token } = (await response.json()) as { access_token: string }
  expect(token).toBe('no-auth')
  expect((await opened.send('/v1/tables', { key: token })).status).toBe(200)
  const foreign = form({ ...grant, client_secret: 'x' }, { origin: 'https://evil.example' })
  expect((await opened.send(path, foreign)).status).toBe(403)
})
