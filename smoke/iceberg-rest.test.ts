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
