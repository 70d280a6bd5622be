import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ErrorReply, json, type RequestBody, Server, samples } from './_server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server[Symbol.asyncDispose]())

async function refuse(path: string, init: RequestInit): Promise<{ status: number; code: string }> {
  const response = await server.fetch(path, init)
  const body = await json<ErrorReply>(response)
  expect(response.ok, JSON.stringify(body)).toBe(false)
  return { status: response.status, code: body.error.code }
}

interface Tables {
  readonly tables: readonly { readonly table: string }[]
}

async function tables(): Promise<string[]> {
  const { tables } = await json<Tables>(await server.fetch('/v1/tables'))
  return tables.map((each) => each.table)
}

describe('a file that is not what it should be leaves no table behind', () => {
  test.each([
    ['an empty file', '', 'csv'],
    ['ragged rows', 'a,b\n1,2\n3\n4,5,6\n', 'csv'],
    ['invalid UTF-8', Buffer.from([0x61, 0x0a, 0xff, 0xfe, 0x0a]), 'csv'],
    ['columns of one name', 'a,a\n1,2\n', 'csv'],
    ['JSON cut short', '[{"a":1},{"a"', 'json'],
    ['NDJSON cut short', '{"a":1}\n{"a"', 'ndjson'],
    ['text instead of Parquet', 'not parquet at all', 'parquet'],
  ])('%s', async (_, body, format) => {
    const init = { method: 'PUT', body: body as RequestBody }
    const { status } = await refuse(`/v1/ingest/bad.file?format=${format}`, init)
    expect([400, 415, 422]).toContain(status)
    expect(await tables()).toEqual([])
  })

  test('a Parquet file with flipped bytes', async () => {
    const bytes = Buffer.from(await readFile(join(samples, 'flights-3m.parquet'))).subarray()
    const flipped = Uint8Array.from(bytes)
    for (let at = 1000; at < 2_000_000; at += 997) flipped[at] = (flipped[at] ?? 0) ^ 0xff
    const init = { method: 'PUT', body: flipped }
    const { status } = await refuse('/v1/ingest/bad.file?format=parquet', init)
    expect([400, 422]).toContain(status)
    expect(await tables()).toEqual([])
  })

  test('an upload that breaks off', async () => {
    const { port } = new URL(server.url)
    const headers = { authorization: `Bearer ${server.key}`, 'content-length': '1000000' }
    const path = '/v1/ingest/bad.file?format=csv'
    const upload = request({ host: '127.0.0.1', port, path, method: 'PUT', headers })
    const closed = new Promise((resolve) => upload.on('close', resolve))
    upload.on('error', () => undefined)
    await new Promise((resolve) => upload.write('a,b\n1,2\n', resolve))
    upload.destroy()
    await closed
    expect(await tables()).toEqual([])
  })
})

test.each(['a b', 'x;DROP TABLE y', '"q"', '../up', 'main.a.b', 'main.', '1a', 'ma in.t'])(
  'the table name %j is refused',
  async (name) => {
    const path = `/v1/ingest/${encodeURIComponent(name)}?format=csv`
    expect((await refuse(path, { method: 'PUT', body: 'a\n1\n' })).status).toBe(422)
  },
)

test('a file whose format nothing tells is 415, and so is SQL that is not JSON', async () => {
  const headers = { 'content-type': 'image/png' }
  const image = { method: 'PUT', body: 'x', headers }
  expect((await refuse('/v1/ingest/main.t', image)).code).toBe('unsupported_media')
  const text = { method: 'POST', body: 'SELECT 1', headers: { 'content-type': 'text/plain' } }
  expect((await refuse('/v1/sql', text)).code).toBe('unsupported_media')
})

test('a body that is not JSON, or not of the right form, is 400 and says where', async () => {
  const headers = { 'content-type': 'application/json' }
  const broken = { method: 'POST', body: '{"sql"', headers }
  expect((await refuse('/v1/sql', broken)).code).toBe('invalid')
  const response = await server.fetch('/v1/sql', {
    method: 'POST',
    body: JSON.stringify({ sql: 'SELECT 1', rowsMax: -1 }),
    headers,
  })
  expect(response.status).toBe(400)
  expect((await json<ErrorReply>(response)).error.message).toContain('rowsMax')
})

test('a file of the server that is not shared cannot be read in place', async () => {
  const path = `/v1/ingest/main.passwd?format=csv&source=${encodeURIComponent('/etc/passwd')}`
  expect((await refuse(path, { method: 'PUT' })).status).toBe(403)
})
