import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type OpenCatalog, openCatalog, schema, withDirectory } from './_catalog.ts'

const withCatalog = (body: (catalog: OpenCatalog) => Promise<void>) => () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    for (const name of ['n', 'other'])
      await catalog.send('POST', '/namespaces', { namespace: [name] })
    await body(catalog)
  })

const version = (sql: string, more: object = {}) => ({
  'version-id': 1,
  'schema-id': 0,
  'timestamp-ms': 1_700_000_000_000,
  summary: { 'engine-name': 'test' },
  representations: [{ type: 'sql', sql, dialect: 'duckdb' }],
  'default-namespace': ['n'],
  ...more,
})
const create = (catalog: OpenCatalog, name = 'v', more: object = {}) =>
  catalog.send('POST', '/namespaces/n/views', {
    name,
    schema,
    'view-version': version('SELECT 1'),
    properties: {},
    ...more,
  })
const load = (catalog: OpenCatalog, path = '/namespaces/n/views/v') => catalog.send('GET', path)
const replace = (catalog: OpenCatalog, sql: string, more: object = {}, requirements?: object[]) =>
  catalog.send('POST', '/namespaces/n/views/v', {
    ...(requirements ? { requirements } : {}),
    updates: [
      { action: 'add-view-version', 'view-version': version(sql, more) },
      { action: 'set-current-view-version', 'view-version-id': -1 },
    ],
  })

test(
  'a view is created, listed, loaded, replaced, renamed and dropped, in the log of the tables',
  withCatalog(async (catalog) => {
    const created = await create(catalog)
    expect(created.body.metadata).toMatchObject({
      'format-version': 1,
      'current-version-id': 1,
      versions: [{ 'version-id': 1, 'schema-id': 0 }],
      'version-log': [{ 'version-id': 1 }],
      schemas: [{ 'schema-id': 0 }],
    })
    const uuid = created.body.metadata['view-uuid']
    const wrong = [{ type: 'assert-view-uuid', uuid: '00000000-0000-4000-8000-000000000000' }]
    const lost = await replace(catalog, 'SELECT 2', {}, wrong)
    expect([lost.status, lost.body.error.type]).toEqual([409, 'CommitFailedException'])
    const right = [{ type: 'assert-view-uuid', uuid }]
    expect((await replace(catalog, 'SELECT 2', { 'version-id': 1 }, right)).status).toBe(200)
    const { body, headers } = await load(catalog)
    expect(body.metadata).toMatchObject({
      'current-version-id': 2,
      versions: [{ 'version-id': 1 }, { 'version-id': 2 }],
    })
    const etag = headers.get('etag') ?? ''
    const same = await catalog.send('GET', '/namespaces/n/views/v', undefined, {
      'if-none-match': etag,
    })
    expect(same.status).toBe(304)
    // The first text again is the first version again.
    expect((await replace(catalog, 'SELECT 1')).body.metadata['current-version-id']).toBe(1)
    const listed = await catalog.send('GET', '/namespaces/n/views?pageSize=1')
    expect(listed.body).toEqual({
      identifiers: [{ namespace: ['n'], name: 'v' }],
      'next-page-token': null,
    })
    const rename = {
      source: { namespace: ['n'], name: 'V' },
      destination: { namespace: ['other'], name: 'w' },
    }
    expect((await catalog.send('POST', '/views/rename', rename)).status).toBe(204)
    expect((await catalog.send('HEAD', '/namespaces/n/views/v')).status).toBe(404)
    expect((await load(catalog, '/namespaces/other/views/W')).body.metadata['view-uuid']).toBe(uuid)
    const full = await catalog.send('DELETE', '/namespaces/other')
    expect([full.status, full.body.error.type]).toEqual([409, 'NamespaceNotEmptyException'])
    expect((await catalog.send('DELETE', '/namespaces/other/views/w')).status).toBe(204)
    const gone = await load(catalog, '/namespaces/other/views/w')
    expect([gone.status, gone.body.error.type]).toEqual([404, 'NoSuchViewException'])
    const back = await catalog.send('POST', '/namespaces/n/register-view', {
      name: 'again',
      'metadata-location': body['metadata-location'],
    })
    expect(back.body.metadata['current-version-id']).toBe(2)
    expect((await catalog.client.listTables()).tables).toEqual([])
  }),
)

test(
  'a name is a table or a view, never both',
  withCatalog(async (catalog) => {
    await create(catalog)
    const table = await catalog.send('POST', '/namespaces/n/tables', { name: 'V', schema })
    expect([table.status, table.body.error.type]).toEqual([409, 'AlreadyExistsException'])
    await catalog.send('POST', '/namespaces/n/tables', { name: 't', schema })
    expect((await create(catalog, 'T')).status).toBe(409)
    expect((await create(catalog)).status).toBe(409)
    const onto = {
      source: { namespace: ['n'], name: 't' },
      destination: { namespace: ['n'], name: 'v' },
    }
    expect((await catalog.send('POST', '/tables/rename', onto)).status).toBe(409)
    const asTable = await catalog.send('GET', '/namespaces/n/tables/v')
    expect([asTable.status, asTable.body.error.type]).toEqual([404, 'NoSuchTableException'])
    const file = await catalog.dataFile('n.v', 'x', 1)
    await expect(
      catalog.client.appendFiles('n.v', {
        commitId: '5f4f7c0e-3c5a-4f0f-8f37-6a6f4f7f1c11',
        mode: 'append',
        files: [file],
        base: null,
        schema,
      }),
    ).rejects.toMatchObject({ code: 'exists' })
  }),
)

test(
  'a view that would be none is refused, and nothing is written',
  withCatalog(async (catalog) => {
    const bad = [
      { 'view-version': version('SELECT 1', { representations: [] }) },
      { 'view-version': version('') },
      {
        'view-version': version('', {
          representations: [
            { type: 'sql', sql: 'SELECT 1', dialect: 'duckdb' },
            { type: 'sql', sql: 'SELECT 2', dialect: 'DuckDB' },
          ],
        }),
      },
      { schema: { type: 'struct', fields: [...schema.fields, ...schema.fields] } },
      { location: 'file:///etc' },
    ]
    for (const more of bad) {
      expect([more, (await create(catalog, 'x', more)).status]).toEqual([more, 400])
    }
    expect((await create(catalog, 'no name')).status).toBe(422)
    expect(await readdir(catalog.root)).not.toContain('warehouse')
    await create(catalog)
    const refuse = async (...updates: object[]) =>
      (await catalog.send('POST', '/namespaces/n/views/v', { updates })).status
    expect(await refuse({ action: 'add-snapshot', snapshot: {} })).toBe(400)
    expect(await refuse({ action: 'set-current-view-version', 'view-version-id': 7 })).toBe(400)
    expect(await refuse({ action: 'assign-uuid', uuid: 'x' })).toBe(400)
    expect(await refuse({ action: 'upgrade-format-version', 'format-version': 2 })).toBe(501)
    const spark = { representations: [{ type: 'sql', sql: 'SELECT 1', dialect: 'spark' }] }
    const dropped = await replace(catalog, '', spark)
    expect([dropped.status, dropped.body.error.message]).toEqual([
      400,
      expect.stringContaining('replace.drop-dialect.allowed'),
    ])
    await catalog.send('POST', '/namespaces/n/views/v', {
      updates: [
        { action: 'set-properties', updates: { 'replace.drop-dialect.allowed': 'true', a: 'b' } },
        { action: 'remove-properties', removals: ['a'] },
      ],
    })
    expect((await replace(catalog, '', spark)).status).toBe(200)
    const files = await readdir(join(catalog.root, 'warehouse/n/v/metadata'))
    expect(files).toHaveLength(3)
  }),
)

test('a view keeps its newest versions, and is the same after a restart from a checkpoint', () =>
  withDirectory(async (root) => {
    const key = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'
    const keyed = async (catalog: OpenCatalog) =>
      catalog.send(
        'POST',
        '/namespaces/n/views',
        { name: 'keyed', schema, 'view-version': version('SELECT 3'), properties: {} },
        { 'idempotency-key': key },
      )
    let before: unknown
    {
      await using catalog = await openCatalog(root, { checkpointEvery: 2 })
      await catalog.send('POST', '/namespaces', { namespace: ['n'] })
      await create(catalog, 'v', { properties: { 'version.history.num-entries': '3' } })
      for (let index = 0; index < 5; index++) await replace(catalog, `SELECT 'v${index}'`)
      before = (await load(catalog)).body
      expect((await keyed(catalog)).status).toBe(200)
    }
    await using catalog = await openCatalog(root, { checkpointEvery: 2 })
    const { body } = await load(catalog)
    expect(body).toEqual(before)
    const { metadata } = body
    expect(metadata.versions.map((kept: never) => kept['version-id'])).toEqual([4, 5, 6])
    expect(metadata['version-log'].map((kept: never) => kept['version-id'])).toEqual([4, 5, 6])
    expect(await keyed(catalog)).toMatchObject({
      status: 200,
      body: { metadata: { 'current-version-id': 1 } },
    })
  }))

test(
  'our client has a method for each route of views',
  withCatalog(async ({ client }) => {
    const request = { name: 'v', schema, 'view-version': version('SELECT 1') }
    const { metadata } = await client.createView('n', request)
    expect((await client.listViews('n')).identifiers).toEqual([{ namespace: ['n'], name: 'v' }])
    const location = (await client.loadView('n.v'))['metadata-location']
    const updates = [{ action: 'set-properties' as const, updates: { a: 'b' } }]
    expect((await client.replaceView('n.v', { updates })).metadata.properties).toEqual({ a: 'b' })
    await client.renameView('n.v', 'other.w')
    expect([await client.viewExists('n.v'), await client.viewExists('other.w')]).toEqual([
      false,
      true,
    ])
    await client.dropView('other.w')
    const back = await client.registerView('n', { name: 'x', 'metadata-location': location })
    expect(back.metadata['view-uuid']).toBe(metadata['view-uuid'])
  }),
)
