import { IcebergRestCatalog } from 'iceberg-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { json, Server } from './_server.ts'

// iceberg-js is not ours: an independent client of the Iceberg REST protocol.
let server: Server
let catalog: IcebergRestCatalog
beforeAll(async () => {
  server = await Server.start()
  catalog = new IcebergRestCatalog({
    baseUrl: `${server.url}/iceberg`,
    auth: { type: 'bearer', token: server.key },
  })
})
afterAll(() => server[Symbol.asyncDispose]())

test('namespaces are created, described, changed, listed and dropped', async () => {
  await catalog.createNamespace({ namespace: ['lake'] }, { properties: { owner: 'ann' } })
  expect(await catalog.listNamespaces()).toContainEqual({ namespace: ['lake'] })
  expect(await catalog.loadNamespaceMetadata({ namespace: ['lake'] })).toMatchObject({
    properties: { owner: 'ann' },
  })
  expect(await catalog.namespaceExists({ namespace: ['lake'] })).toBe(true)
  const response = await server.fetch('/iceberg/v1/namespaces/lake/properties', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ updates: { owner: 'bo' }, removals: ['absent'] }),
  })
  expect(await json(response)).toEqual({ updated: ['owner'], removed: [], missing: ['absent'] })
  await catalog.dropNamespace({ namespace: ['lake'] })
  expect(await catalog.namespaceExists({ namespace: ['lake'] })).toBe(false)
})

test('a table is created, loaded, changed, listed and dropped', async () => {
  await catalog.createNamespace({ namespace: ['shop'] })
  const id = { namespace: ['shop'], name: 'items' }
  const created = await catalog.createTable(
    { namespace: ['shop'] },
    {
      name: 'items',
      schema: {
        type: 'struct',
        'schema-id': 0,
        fields: [{ id: 1, name: 'sku', type: 'string', required: false }],
      },
    },
  )
  expect(created.schemas[0]?.fields[0]?.name).toBe('sku')
  expect(await catalog.tableExists(id)).toBe(true)
  expect(await catalog.listTables({ namespace: ['shop'] })).toEqual([id])

  // The commit of iceberg-js is not the protocol's, so this one is sent as the specification says.
  const commit = {
    requirements: [{ type: 'assert-table-uuid', uuid: created['table-uuid'] }],
    updates: [{ action: 'set-properties', updates: { comment: 'what we sell' } }],
  }
  const response = await server.fetch('/iceberg/v1/namespaces/shop/tables/items', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(commit),
  })
  expect(response.status).toBe(200)
  const loaded = await catalog.loadTable(id)
  expect(loaded.properties).toMatchObject({ comment: 'what we sell' })

  await server.load('shop.items', 'sku\nA1\n')
  expect((await server.sql('FROM shop.items')).rows).toEqual([['A1']])
  await catalog.dropTable(id)
  expect(await catalog.tableExists(id)).toBe(false)
})

test('a commit on a state that is gone is 409 in the form that Iceberg clients know', async () => {
  const commit = {
    requirements: [{ type: 'assert-table-uuid', uuid: '00000000-0000-4000-8000-000000000000' }],
    updates: [{ action: 'set-properties', updates: { a: 'b' } }],
  }
  await server.load('main.contested', 'a\n1\n')
  const response = await server.fetch('/iceberg/v1/namespaces/main/tables/contested', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(commit),
  })
  expect(response.status).toBe(409)
  expect(await json(response)).toMatchObject({
    error: { code: 409, type: 'CommitFailedException' },
  })
})

test('the catalog says which endpoints it serves', async () => {
  const config = await json(await server.fetch('/iceberg/v1/config'))
  expect(config.endpoints).toContain('GET /v1/{prefix}/namespaces/{namespace}/tables/{table}')
})

test('what ingest wrote is a table for every Iceberg client', async () => {
  await server.load('main.cars', 'name,hp\nmini,50\n')
  const table = await catalog.loadTable({ namespace: ['main'], name: 'cars' })
  expect(table['format-version']).toBe(2)
  expect(table.schemas.at(-1)?.fields.map((field) => [field.name, field.type])).toEqual([
    ['name', 'string'],
    ['hp', 'long'],
  ])
})

test('a commit of finished files names only what lies in the table, and settling it ends doubt', async () => {
  await server.load('main.direct', 'a\n1\n')
  const { 'table-uuid': tableUuid, 'current-schema-id': schemaId } = await catalog.loadTable({
    namespace: ['main'],
    name: 'direct',
  })
  const commitId = crypto.randomUUID()
  const statistics = { columnBytes: {}, valueCounts: {}, nullCounts: {}, nanCounts: {} }
  const post = (path: string, body: unknown) =>
    server.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const append = await post('/v1/tables/main.direct/append-files', {
    commitId,
    mode: 'append',
    base: { tableUuid, schemaId },
    files: [
      {
        path: 'file:///etc/passwd',
        recordCount: 1,
        fileBytes: 1,
        ...statistics,
        lowerBounds: {},
        upperBounds: {},
      },
    ],
  })
  expect(append.ok).toBe(false)
  expect(append.status).toBeLessThan(500)
  const { seq } = (await json(await server.fetch('/v1/commits'))) as { seq: number }
  const settled = await post(`/v1/commits/${commitId}/settle`, { sinceSeq: seq })
  expect(await json(settled)).toEqual({ outcome: 'abandoned', commit: null })
  expect(await json(await server.fetch(`/v1/commits/${commitId}`))).toMatchObject({
    outcome: 'abandoned',
  })
  expect((await server.sql('FROM main.direct')).rows).toEqual([[1]])
})

const send = async (method: string, path: string, body?: unknown, more: object = {}) => {
  const response = await server.fetch(`/iceberg/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...more },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

test('two tables change in one commit, sent twice under one key; one is renamed and taken in again', async () => {
  await server.load('trade.a', 'x\n1\n')
  await server.load('trade.b', 'x\n2\n')
  const change = (name: string) => ({
    identifier: { namespace: ['trade'], name },
    requirements: [],
    updates: [{ action: 'set-properties', updates: { changed: 'together' } }],
  })
  const key = { 'idempotency-key': '017f22e2-79b0-7cc3-98c4-dc0c0c07398f' }
  for (const _ of ['first', 'again']) {
    const body = { 'table-changes': [change('a'), change('b')] }
    expect((await send('POST', '/transactions/commit', body, key)).status).toBe(204)
  }
  const report = { 'report-type': 'commit-report' }
  expect((await send('POST', '/namespaces/trade/tables/a/metrics', report)).status).toBe(204)
  const rename = {
    source: { namespace: ['trade'], name: 'a' },
    destination: { namespace: ['trade'], name: 'c' },
  }
  expect((await send('POST', '/tables/rename', rename)).status).toBe(204)
  expect((await server.sql('FROM trade.c')).rows).toEqual([[1]])
  const { body } = await send('GET', '/namespaces/trade/tables/b')
  expect(body.metadata.properties.changed).toBe('together')
  await send('DELETE', '/namespaces/trade/tables/b')
  const register = { name: 'back', 'metadata-location': body['metadata-location'] }
  expect((await send('POST', '/namespaces/trade/register', register)).status).toBe(200)
  expect((await server.sql('FROM trade.back')).rows).toEqual([[2]])
})

test('an Iceberg client that asks for an OAuth token is given one that works', async () => {
  const response = await fetch(`${server.url}/iceberg/v1/oauth/tokens`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_secret: server.key }),
  })
  const { access_token: token } = (await response.json()) as { access_token: string }
  const config = await fetch(`${server.url}/iceberg/v1/config`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(config.status).toBe(200)
})

test('a view is created, replaced, listed, renamed, dropped and taken in again', async () => {
  await send('POST', '/namespaces', { namespace: ['gallery'] })
  const text = (sql: string) => ({
    'version-id': 1,
    'schema-id': 0,
    'timestamp-ms': 1_700_000_000_000,
    summary: {},
    representations: [{ type: 'sql', sql, dialect: 'duckdb' }],
    'default-namespace': ['gallery'],
  })
  const fields = [{ id: 1, name: 'x', type: 'int', required: false }]
  const created = await send('POST', '/namespaces/gallery/views', {
    name: 'v',
    schema: { type: 'struct', fields },
    'view-version': text('SELECT 1 AS x'),
    properties: {},
  })
  expect(created.status).toBe(200)
  const replaced = await send('POST', '/namespaces/gallery/views/v', {
    requirements: [{ type: 'assert-view-uuid', uuid: created.body.metadata['view-uuid'] }],
    updates: [
      { action: 'add-view-version', 'view-version': text('SELECT 2 AS x') },
      { action: 'set-current-view-version', 'view-version-id': -1 },
    ],
  })
  expect(replaced.body.metadata['current-version-id']).toBe(2)
  const id = (name: string) => ({ namespace: ['gallery'], name })
  await send('POST', '/views/rename', { source: id('v'), destination: id('w') })
  const listed = await send('GET', '/namespaces/gallery/views')
  expect(listed.body.identifiers).toEqual([id('w')])
  const loaded = await send('GET', '/namespaces/gallery/views/w')
  expect((await send('HEAD', '/namespaces/gallery/views/w')).status).toBe(204)
  expect((await send('DELETE', '/namespaces/gallery/views/w')).status).toBe(204)
  const register = { name: 'x', 'metadata-location': loaded.body['metadata-location'] }
  expect((await send('POST', '/namespaces/gallery/register-view', register)).status).toBe(200)
})
