import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'
import { startPlatform } from '@hypermesh/testing'
import { expect, test } from 'vitest'

const internalSecret = 'thirty-two characters, and then some'

async function refusal(config: Record<string, Record<string, unknown>>): Promise<string> {
  const error = await startPlatform({ config }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(HyperMeshError)
  expect((error as HyperMeshError).code).toBe('invalid')
  return (error as HyperMeshError).message
}

test('a part without a secret, or without the address of a peer, does not start', async () => {
  const lakehouse = { target: ['query'] }
  const bare = await refusal({ lakehouse })
  expect(bare).toContain('[auth] internal_secret')
  expect(bare).toContain('[services] catalog_url')
  const services = { catalogUrl: 'http://127.0.0.1:1' }
  expect(await refusal({ lakehouse, services })).toContain('[auth] internal_secret')
  expect(await refusal({ lakehouse, auth: { internalSecret } })).toContain('catalog_url')
  const short = { internalSecret: 'too short' }
  expect(await refusal({ lakehouse, services, auth: short })).toContain('32 characters')
  expect(await refusal({ lakehouse: { target: ['nothing'] } })).toContain('target')
})

test('a peer that is down is 503 with Retry-After, readiness tells, and all recovers by itself', async () => {
  await using platform = await startPlatform({ topology: 'split', network: true })
  const { writer, reader } = platform.clients
  await writer.ingest('n.t', { body: 'a\n1\n', format: 'csv' })
  expect(await reader.readiness()).toMatchObject({
    status: 'ready',
    services: { ingest: 'ready', query: 'ready' },
  })
  await platform.peers.query.stop()
  const ask = () =>
    platform.fetch('/v1/sql', {
      method: 'POST',
      key: platform.keys.reader,
      body: JSON.stringify({ sql: 'SELECT count(*) FROM n.t' }),
      headers: { 'content-type': 'application/json' },
    })
  const down = await ask()
  expect([down.status, down.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await down.json()).toMatchObject({
    error: { code: 'unavailable', retryable: true, details: { service: 'query' } },
  })
  const ready = await platform.fetch('/readyz')
  expect(ready.status).toBe(503)
  expect(await ready.json()).toMatchObject({
    status: 'degraded',
    services: { ingest: 'ready', query: 'unreachable' },
  })
  // The others serve on.
  await writer.ingest('n.t', { body: 'a\n2\n', format: 'csv' })
  await platform.peers.query.start()
  expect(await (await ask()).json()).toMatchObject({ rows: [[2]] })
  expect((await platform.fetch('/readyz')).status).toBe(200)
})

test('each peer that is down is 503 with Retry-After at every door that needs it, and recovers', async () => {
  await using platform = await startPlatform({ topology: 'split', network: true })
  const { writer } = platform.clients
  const key = platform.keys.writer
  await writer.ingest('n.t', { body: 'a\n1\n', format: 'csv' })
  const csv = { method: 'PUT', key, body: 'a\n2\n', headers: { 'content-type': 'text/csv' } }
  const post = (body: object) => ({
    ...{ method: 'POST', key, body: JSON.stringify(body) },
    headers: { 'content-type': 'application/json' },
  })
  const select = post({ sql: 'SELECT sum(a) FROM n.t' })
  const doors = {
    // Straight, and through those that ask the catalog for somebody else.
    catalog: [
      ['/iceberg/v1/namespaces', { key }],
      ['/v1/tables', { key }],
      ['/v1/sql', select],
      ['/v1/ingest/n.t?again=true', csv],
    ],
    ingest: [['/v1/ingest/n.t?again=true', csv]],
    query: [['/v1/sql', select]],
    vector: [['/v1/vectors', { key }]],
    graph: [['/v1/graph', { key }]],
  } as const
  for (const name of ['catalog', 'ingest', 'query', 'vector', 'graph'] as const) {
    await platform.peers[name].stop()
    for (const [path, init] of doors[name]) {
      const reply = await platform.fetch(path, init)
      const body = (await reply.json()) as { error: { code: string | number } }
      expect([name, path, reply.status, body.error.code]).toEqual([
        ...[name, path, 503],
        path.startsWith('/iceberg') ? 503 : 'unavailable',
      ])
      expect([path, reply.headers.get('retry-after')]).toEqual([path, '1'])
    }
    await platform.peers[name].start()
    for (const [path, init] of doors[name]) {
      const reply = await platform.fetch(path, init)
      expect([name, path, reply.ok]).toEqual([name, path, true])
    }
  }
  // Refused loads have left nothing: the first, and one for each time that loading was possible.
  expect((await writer.sql('SELECT count(*), sum(a) FROM n.t')).rows).toEqual([[3, 5]])
}, 120_000)

test('nobody is served by a part without the gateway', async () => {
  await using platform = await startPlatform({ topology: 'split' })
  const { url } = platform.peers.query
  const body = JSON.stringify({ sql: 'SELECT 1' })
  const headers = { 'content-type': 'application/json' }
  for (const extra of [
    {},
    { authorization: `Bearer ${platform.keys.admin}` },
    { 'x-hypermesh-principal': '{"keyId":"k","name":"n","role":"admin"}' },
  ]) {
    const response = await fetch(`${url}/v1/sql`, {
      method: 'POST',
      body,
      headers: { ...headers, ...extra },
    })
    expect(response.status).toBe(401)
  }
})

test('a part that starts anew sweeps nothing of a load that another part runs', async () => {
  await using platform = await startPlatform({ topology: 'split' })
  const { writer, reader } = platform.clients
  const upload = new AbortController()
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from('a\n1\n')),
  })
  const load = writer.ingest('n.t', { body, format: 'csv' }, { signal: upload.signal })
  const directories = async () => {
    const instances = await readdir(join(platform.directory, 'tmp'))
    const inside = instances.map((name) => readdir(join(platform.directory, 'tmp', name)))
    return (await Promise.all(inside)).flat().filter((name) => /^ingest-[0-9a-f]{8}-/.test(name))
  }
  await expect.poll(directories).toHaveLength(1)
  // The query service starts anew beside a running load.
  await platform.peers.query.stop()
  await platform.peers.query.start()
  expect(await directories()).toHaveLength(1)
  upload.abort()
  await expect(load).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(directories).toEqual([])
  expect((await reader.listTables()).tables).toEqual([])
})

test('a result that nobody reads on ends its statement in the other process', async () => {
  await using platform = await startPlatform({ topology: 'split', network: true })
  const { reader } = platform.clients
  const sql = `SELECT i, repeat('x', 1000) FROM range(10000000) t(i)`
  const stream = await reader.sqlStream(sql, { format: 'ndjson' })
  const rows = stream.body.getReader()
  await rows.read()
  expect((await reader.listQueries()).queries).toHaveLength(1)
  await rows.cancel()
  await expect.poll(async () => (await reader.listQueries()).queries).toEqual([])
})
