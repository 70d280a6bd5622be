import { randomUUID } from 'node:crypto'
import { createLogger, type Fetch, listen } from '@hypermesh/kit'
import { IcebergError, IcebergRestCatalog } from 'iceberg-js'
import { expect, test } from 'vitest'
import { openCatalog, schema, withDirectory } from './_catalog.ts'

/** The catalog on a real port, driven by a client that is not ours. */
async function withIndependentClient(
  body: (client: IcebergRestCatalog, url: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    const principal = { keyId: 'k', name: 'k', role: 'writer' } as const
    const fetch: Fetch = catalog.fetch
    const listener = await listen({
      host: '127.0.0.1',
      port: 0,
      logger: createLogger('silent'),
      connectionsMax: 10,
      headersTimeoutMs: 5000,
      keepAliveMs: 1000,
      shutdownMs: 1000,
      onRequest: async (request, { signal }) =>
        fetch(request, { principal, signal, requestId: 'r' }),
    })
    try {
      const url = `${listener.url}/iceberg`
      await body(new IcebergRestCatalog({ baseUrl: url, auth: { type: 'none' } }), url)
    } finally {
      await listener.stop()
    }
  })
}

const table = { namespace: ['sales'], name: 'orders' }
const request = {
  name: 'orders',
  schema: { type: 'struct' as const, 'schema-id': 0, fields: schema.fields },
} as Parameters<IcebergRestCatalog['createTable']>[1]

async function failure(promise: Promise<unknown>): Promise<IcebergError> {
  const error = await promise.then(
    () => expect.unreachable('it succeeded'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(IcebergError)
  return error as IcebergError
}

test('an independent client creates, lists, alters and drops namespaces', () =>
  withIndependentClient(async (client) => {
    await client.createNamespace({ namespace: ['sales'] }, { properties: { owner: 'ann' } })
    expect(await client.listNamespaces()).toEqual([{ namespace: ['sales'] }])
    expect(await client.loadNamespaceMetadata({ namespace: ['sales'] })).toEqual({
      properties: { owner: 'ann' },
    })
    expect(await client.namespaceExists({ namespace: ['nobody'] })).toBe(false)
    const twice = await failure(client.createNamespace({ namespace: ['SALES'] }))
    expect(twice).toMatchObject({ status: 409, icebergType: 'AlreadyExistsException' })
    await client.dropNamespace({ namespace: ['sales'] })
    expect(await client.listNamespaces()).toEqual([])
    const gone = await failure(client.loadNamespaceMetadata({ namespace: ['sales'] }))
    expect(gone).toMatchObject({ status: 404, icebergType: 'NoSuchNamespaceException' })
  }))

test('an independent client creates, loads, commits to and drops a table', () =>
  withIndependentClient(async (client) => {
    await client.createNamespace({ namespace: ['sales'] })
    const created = await client.createTable({ namespace: ['sales'] }, request)
    expect(created['current-schema-id']).toBe(0)
    expect(await client.listTables({ namespace: ['sales'] })).toEqual([table])
    // The client types this body in a form of its own, but sends what it is given.
    const commit = {
      requirements: [{ type: 'assert-table-uuid', uuid: created['table-uuid'] }],
      updates: [{ action: 'set-properties', updates: { 'read.split.target-size': '134217728' } }],
    }
    await client.updateTable(table, commit as never)
    const loaded = await client.loadTable(table)
    expect(loaded.properties?.['read.split.target-size']).toBe('134217728')
    const full = await failure(client.dropNamespace({ namespace: ['sales'] }))
    expect(full).toMatchObject({ status: 409, icebergType: 'NamespaceNotEmptyException' })
    const twice = await failure(client.createTable({ namespace: ['sales'] }, request))
    expect(twice).toMatchObject({ status: 409, icebergType: 'AlreadyExistsException' })
    await client.dropTable(table, { purge: true })
    expect(await client.tableExists(table)).toBe(false)
    const gone = await failure(client.loadTable(table))
    expect(gone).toMatchObject({ status: 404, icebergType: 'NoSuchTableException' })
  }))

test('a failed requirement is 409, an unknown kind of one 400, and nothing changes', () =>
  withIndependentClient(async (client, url) => {
    await client.createNamespace({ namespace: ['sales'] })
    const created = await client.createTable({ namespace: ['sales'] }, request)
    const post = (body: unknown) =>
      fetch(`${url}/v1/namespaces/sales/tables/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const updates = [{ action: 'set-properties', updates: { a: '1' } }]
    const wrong = { type: 'assert-table-uuid', uuid: '00000000-0000-4000-8000-000000000000' }
    const lost = await post({ requirements: [wrong], updates })
    expect([lost.status, await lost.json()]).toMatchObject([
      409,
      { error: { type: 'CommitFailedException', code: 409 } },
    ])
    expect((await client.loadTable(table)).properties).not.toHaveProperty('a')
    // null says that the ref must not exist: two writers of a first snapshot cannot both win.
    const noRef = { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': null }
    expect((await post({ requirements: [noRef], updates })).status).toBe(200)
    const first = await fetch(
      `${url.replace('/iceberg', '')}/v1/tables/sales.orders/append-files`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          commitId: randomUUID(),
          mode: 'append',
          files: [],
          base: { tableUuid: created['table-uuid'], schemaId: 0 },
        }),
      },
    )
    expect(first.status).toBe(200)
    const late = [{ action: 'set-properties', updates: { a: '2' } }]
    expect((await post({ requirements: [noRef], updates: late })).status).toBe(409)
    expect((await client.loadTable(table)).properties).toMatchObject({ a: '1' })
    const unknown = await post({ requirements: [{ type: 'assert-moon-phase' }], updates })
    expect([unknown.status, await unknown.json()]).toMatchObject([
      400,
      { error: { type: 'BadRequestException' } },
    ])
    const unknownUpdate = await post({ requirements: [], updates: [{ action: 'paint-it-red' }] })
    expect(unknownUpdate.status).toBe(400)
    const column = { id: 3, name: 'added', type: 'string', required: false }
    const evolved = await post({
      requirements: [{ type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 2 }],
      updates: [
        {
          action: 'add-schema',
          schema: { type: 'struct', fields: [...(created.schemas[0]?.fields ?? []), column] },
        },
        { action: 'set-current-schema', 'schema-id': -1 },
      ],
    })
    expect(evolved.status).toBe(200)
    const loaded = await client.loadTable(table)
    expect([loaded['last-column-id'], loaded['current-schema-id']]).toEqual([3, 1])
  }))

test('of many commits under one requirement exactly one wins, the others are 409', () =>
  withIndependentClient(async (client, url) => {
    await client.createNamespace({ namespace: ['sales'] })
    await client.createTable({ namespace: ['sales'] }, request)
    const body = (index: number) =>
      JSON.stringify({
        requirements: [{ type: 'assert-current-schema-id', 'current-schema-id': 0 }],
        updates: [
          {
            action: 'add-schema',
            schema: {
              type: 'struct',
              fields: [
                ...schema.fields,
                { id: 3, name: `c${index}`, type: 'string', required: false },
              ],
            },
          },
          { action: 'set-current-schema', 'schema-id': -1 },
        ],
      })
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const response = await fetch(`${url}/v1/namespaces/sales/tables/orders`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: body(index),
        })
        return response.status
      }),
    )
    expect(statuses.sort()).toEqual([200, 409, 409, 409, 409, 409, 409, 409])
  }))

test('what is served is advertised, and a name that is no identifier is refused', () =>
  withIndependentClient(async (client, url) => {
    const config = (await (await fetch(`${url}/v1/config`)).json()) as { endpoints: string[] }
    expect(config.endpoints).toContain('POST /v1/{prefix}/namespaces/{namespace}/tables/{table}')
    expect(config.endpoints).toHaveLength(24)
    for (const name of ['a.b', '../x', 'a b', "x'; DROP TABLE y", 'é', '1a', 'a'.repeat(65)]) {
      const refused = await failure(client.createNamespace({ namespace: [name] }))
      expect([name, refused.status]).toEqual([name, 422])
    }
    const deep = await failure(client.createNamespace({ namespace: ['a', 'b'] }))
    expect(deep.status).toBe(422)
    expect(await client.listNamespaces()).toEqual([])
  }))
