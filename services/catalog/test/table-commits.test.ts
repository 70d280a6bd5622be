import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringifyJson } from '@hypermesh/contract'
import { encodeManifestList } from '@hypermesh/iceberg'
import { expect, test } from 'vitest'
import { type OpenCatalog, openCatalog, schema, withDirectory } from './_catalog.ts'

const withCatalog = (body: (catalog: OpenCatalog) => Promise<void>) => () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    await catalog.send('POST', '/namespaces', { namespace: ['n'] })
    await body(catalog)
  })

const create = (catalog: OpenCatalog, name: string, more: object = {}) =>
  catalog.send('POST', '/namespaces/n/tables', { name, schema, ...more })
const commit = (catalog: OpenCatalog, name: string, requirements: object[], updates: object[]) =>
  catalog.send('POST', `/namespaces/n/tables/${name}`, { requirements, updates })
const load = (catalog: OpenCatalog, name: string) =>
  catalog.send('GET', `/namespaces/n/tables/${name}`)
const set = (name: string, value: string) => ({
  action: 'set-properties',
  updates: { [name]: value },
})
const logLength = async ({ root }: OpenCatalog) => (await readdir(join(root, 'catalog/log'))).length

/** What Java's client sends to commit a staged table. */
const stagedUpdates = (metadata: Record<string, unknown>) => [
  { action: 'assign-uuid', uuid: metadata['table-uuid'] },
  { action: 'upgrade-format-version', 'format-version': 2 },
  { action: 'add-schema', schema, 'last-column-id': 2 },
  { action: 'set-current-schema', 'schema-id': -1 },
  {
    action: 'add-spec',
    spec: { fields: [{ 'source-id': 1, name: 'b', transform: 'bucket[4]', 'field-id': 1000 }] },
  },
  { action: 'set-default-spec', 'spec-id': -1 },
  {
    action: 'add-sort-order',
    'sort-order': {
      'order-id': 1,
      fields: [
        { 'source-id': 2, transform: 'identity', direction: 'asc', 'null-order': 'nulls-first' },
      ],
    },
  },
  { action: 'set-default-sort-order', 'sort-order-id': -1 },
  { action: 'set-location', location: metadata.location },
  { action: 'set-properties', updates: { made: 'staged' } },
]

test(
  'a staged table is nowhere until the commit that asserts its creation',
  withCatalog(async (catalog) => {
    const before = await logLength(catalog)
    const staged = await create(catalog, 'ctas', { 'stage-create': true })
    expect(staged.status).toBe(200)
    expect(staged.body).not.toHaveProperty('metadata-location')
    expect((await load(catalog, 'ctas')).status).toBe(404)
    expect(await logLength(catalog)).toBe(before)
    expect(await readdir(catalog.root)).not.toContain('warehouse')
    const { metadata } = staged.body
    const made = await commit(catalog, 'ctas', [{ type: 'assert-create' }], stagedUpdates(metadata))
    expect([made.status, made.body?.error]).toEqual([200, undefined])
    const loaded = (await load(catalog, 'ctas')).body.metadata
    expect(loaded).toMatchObject({
      'table-uuid': metadata['table-uuid'],
      location: metadata.location,
      'default-spec-id': 0,
      'partition-specs': [{ fields: [{ transform: 'bucket[4]', 'field-id': 1000 }] }],
      'default-sort-order-id': 1,
      properties: { made: 'staged' },
    })
    const second = await commit(catalog, 'ctas', [{ type: 'assert-create' }], [])
    expect([second.status, second.body.error.type]).toEqual([409, 'CommitFailedException'])
    const nowhere = await catalog.send('POST', '/namespaces/absent/tables/x', {
      requirements: [{ type: 'assert-create' }],
      updates: stagedUpdates(metadata),
    })
    expect([nowhere.status, nowhere.body.error.type]).toEqual([404, 'NoSuchNamespaceException'])
    const plain = await commit(catalog, 'absent', [], [set('a', 'b')])
    expect([plain.status, plain.body.error.type]).toEqual([404, 'NoSuchTableException'])
  }),
)

test(
  'of two commits of one staged table one makes it, the other is 409',
  withCatalog(async (catalog) => {
    const staged = await Promise.all(
      [1, 2].map(() => create(catalog, 'race', { 'stage-create': true })),
    )
    const made = await Promise.all(
      staged.map(({ body }) =>
        commit(catalog, 'race', [{ type: 'assert-create' }], stagedUpdates(body.metadata)),
      ),
    )
    expect(made.map(({ status }) => status).sort()).toEqual([200, 409])
  }),
)

test(
  'each requirement that does not hold is 409, and nothing of the commit is there',
  withCatalog(async (catalog) => {
    const { metadata } = (await create(catalog, 't')).body
    const holds = [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'].toUpperCase() },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': null },
      { type: 'assert-ref-snapshot-id', ref: 'audit' },
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 2 },
      { type: 'assert-current-schema-id', 'current-schema-id': 0 },
      { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 999 },
      { type: 'assert-default-spec-id', 'default-spec-id': 0 },
      { type: 'assert-default-sort-order-id', 'default-sort-order-id': 0 },
    ]
    const fails = [
      { type: 'assert-create' },
      { type: 'assert-table-uuid', uuid: '00000000-0000-4000-8000-000000000000' },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 5 },
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 3 },
      { type: 'assert-current-schema-id', 'current-schema-id': 1 },
      { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 1000 },
      { type: 'assert-default-spec-id', 'default-spec-id': 1 },
      { type: 'assert-default-sort-order-id', 'default-sort-order-id': 1 },
    ]
    for (const requirement of fails) {
      const lost = await commit(catalog, 't', [...holds, requirement], [set('x', '1')])
      expect([requirement.type, lost.status, lost.body.error.type]).toEqual([
        requirement.type,
        409,
        'CommitFailedException',
      ])
    }
    expect((await load(catalog, 't')).body.metadata.properties).not.toHaveProperty('x')
    expect((await commit(catalog, 't', holds, [set('x', '1')])).status).toBe(200)
    const unknown = await commit(catalog, 't', [{ type: 'assert-weather' }], [])
    expect([unknown.status, unknown.body.error.type]).toEqual([400, 'BadRequestException'])
    const odd = await commit(catalog, 't', [], [set('y', '1'), { action: 'paint' }])
    expect([odd.status, odd.body.error.type]).toEqual([400, 'BadRequestException'])
    expect((await load(catalog, 't')).body.metadata.properties).not.toHaveProperty('y')
  }),
)

test(
  'a commit to several tables is one record, or nothing at all',
  withCatalog(async (catalog) => {
    const [a, b] = await Promise.all(['a', 'b'].map((name) => create(catalog, name)))
    const change = (name: string, uuid: string, value: string) => ({
      identifier: { namespace: ['n'], name },
      requirements: [{ type: 'assert-table-uuid', uuid }],
      updates: [set('v', value)],
    })
    const uuids = [a, b].map((reply) => reply?.body.metadata['table-uuid'])
    const staged = (await create(catalog, 'c', { 'stage-create': true })).body.metadata
    const before = await logLength(catalog)
    const changes = [change('a', uuids[0], '1'), change('b', uuids[1], '1')]
    const made = await catalog.send('POST', '/transactions/commit', {
      'table-changes': [
        ...changes,
        {
          identifier: { namespace: ['n'], name: 'c' },
          requirements: [{ type: 'assert-create' }],
          updates: stagedUpdates(staged),
        },
      ],
    })
    expect([made.status, made.text]).toEqual([204, ''])
    expect(await logLength(catalog)).toBe(before + 1)
    const values = async () =>
      Promise.all(
        ['a', 'b'].map(async (name) => (await load(catalog, name)).body.metadata.properties.v),
      )
    expect(await values()).toEqual(['1', '1'])
    expect((await load(catalog, 'c')).status).toBe(200)
    const files = async () => (await readdir(join(catalog.root, 'warehouse/n/a/metadata'))).sort()
    const there = await files()
    const lost = await catalog.send('POST', '/transactions/commit', {
      'table-changes': [
        change('a', uuids[0], '2'),
        change('b', '00000000-0000-4000-8000-000000000000', '2'),
      ],
    })
    expect([lost.status, lost.body.error.type]).toEqual([409, 'CommitFailedException'])
    expect(await values()).toEqual(['1', '1'])
    expect(await files()).toEqual(there)
    const twice = await catalog.send('POST', '/transactions/commit', {
      'table-changes': [change('a', uuids[0], '3'), change('A', uuids[0], '4')],
    })
    expect(twice.status).toBe(400)
    const nameless = await catalog.send('POST', '/transactions/commit', {
      'table-changes': [{ requirements: [], updates: [] }],
    })
    expect(nameless.status).toBe(400)
  }),
)

test('transactions over the same tables in other orders, by two processes, all end', () =>
  withDirectory(async (root) => {
    await using first = await openCatalog(root)
    await using second = await openCatalog(root)
    await first.send('POST', '/namespaces', { namespace: ['n'] })
    await Promise.all(['a', 'b', 'c'].map((name) => create(first, name)))
    const orders = [
      ['a', 'b', 'c'],
      ['c', 'b', 'a'],
      ['b', 'a'],
      ['c', 'a'],
    ]
    const statuses = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        const names = orders[index % orders.length] ?? []
        const reply = await (index % 2 ? first : second).send('POST', '/transactions/commit', {
          'table-changes': names.map((name) => ({
            identifier: { namespace: ['n'], name },
            requirements: [],
            updates: [set(`k${index}`, 'v')],
          })),
        })
        return reply.status
      }),
    )
    expect(new Set(statuses)).toEqual(new Set([204]))
    const { metadata } = (await load(second, 'a')).body
    // Each transaction that names the table has left its property: none was lost.
    const keys = Object.keys(metadata.properties).filter((key) => /^k\d/.test(key))
    expect(keys).toHaveLength(24)
  }))

test(
  'a table is renamed, into another namespace too, with its history and its files',
  withCatalog(async (catalog) => {
    await catalog.send('POST', '/namespaces', { namespace: ['other'] })
    const { metadata } = (await create(catalog, 'old')).body
    await create(catalog, 'taken')
    const id = (namespace: string, name: string) => ({ namespace: [namespace], name })
    const rename = (source: object, destination: object) =>
      catalog.send('POST', '/tables/rename', { source, destination })
    expect((await rename(id('n', 'old'), id('other', 'New'))).status).toBe(204)
    expect((await load(catalog, 'old')).status).toBe(404)
    const moved = await catalog.send('GET', '/namespaces/other/tables/new')
    expect(moved.body.metadata['table-uuid']).toBe(metadata['table-uuid'])
    expect((await catalog.client.listTables()).tables.map(({ table }) => table)).toEqual([
      'n.taken',
      'other.New',
    ])
    // Its directory is still in use, so the next table of the old name gets one of its own.
    const again = (await create(catalog, 'old')).body.metadata
    expect(again.location).not.toBe(metadata.location)
    expect((await rename(id('other', 'new'), id('other', 'NEW'))).status).toBe(204)
    const onto = await rename(id('n', 'taken'), id('other', 'new'))
    expect([onto.status, onto.body.error.type]).toEqual([409, 'AlreadyExistsException'])
    const nowhere = await rename(id('n', 'taken'), id('absent', 'x'))
    expect([nowhere.status, nowhere.body.error.type]).toEqual([404, 'NoSuchNamespaceException'])
    const none = await rename(id('n', 'ghost'), id('n', 'x'))
    expect([none.status, none.body.error.type]).toEqual([404, 'NoSuchTableException'])
    expect((await rename(id('n', 'taken'), id('n', 'a b'))).status).toBe(422)
  }),
)

test(
  'a table that was dropped is taken in again by its metadata file, under one name only',
  withCatalog(async (catalog) => {
    const created = (await create(catalog, 't')).body
    const register = (name: string, more: object = {}) =>
      catalog.send('POST', '/namespaces/n/register', {
        name,
        'metadata-location': created['metadata-location'],
        ...more,
      })
    const held = await register('t')
    expect([held.status, held.body.error.type]).toEqual([409, 'AlreadyExistsException'])
    expect((await register('copy')).status).toBe(409)
    await commit(catalog, 't', [], [set('later', '1')])
    const back = await register('t', { overwrite: true })
    expect(back.status).toBe(200)
    expect((await load(catalog, 't')).body.metadata.properties).not.toHaveProperty('later')
    await catalog.send('DELETE', '/namespaces/n/tables/t')
    const restored = await register('restored')
    expect(restored.body.metadata['table-uuid']).toBe(created.metadata['table-uuid'])
    expect((await commit(catalog, 'restored', [], [set('x', 'y')])).status).toBe(200)
    const at = async (location: string) => {
      const reply = await catalog.send('POST', '/namespaces/n/register', {
        name: 'x',
        'metadata-location': location,
      })
      return [reply.status, reply.body.error.type]
    }
    const { location } = created.metadata
    expect(await at(`${location}/metadata/absent.json`)).toEqual([404, 'NotFoundException'])
    expect(await at('file:///etc/passwd')).toEqual([400, 'BadRequestException'])
    const directory = join(catalog.root, 'warehouse/n/t/metadata')
    await mkdir(directory, { recursive: true })
    await writeFile(join(directory, 'bad.json'), '{"format-version": 2}')
    expect(await at(`${location}/metadata/bad.json`)).toEqual([400, 'BadRequestException'])
    const old = { ...created.metadata, 'format-version': 3, 'table-uuid': 'u' }
    await writeFile(join(directory, 'v3.json'), stringifyJson(old))
    expect(await at(`${location}/metadata/v3.json`)).toEqual([501, 'UnsupportedOperationException'])
  }),
)

test(
  'a purge removes what the table names, a plain drop leaves it; a report is taken with 204',
  withCatalog(async (catalog) => {
    await create(catalog, 'kept')
    await create(catalog, 'purged')
    const report = { 'report-type': 'scan-report', 'table-name': 'n.kept', 'snapshot-id': 1 }
    const sent = await catalog.send('POST', '/namespaces/n/tables/kept/metrics', report)
    expect([sent.status, sent.text]).toEqual([204, ''])
    expect((await catalog.send('POST', '/namespaces/n/tables/kept/metrics', {})).status).toBe(400)
    const ghost = await catalog.send('POST', '/namespaces/n/tables/ghost/metrics', report)
    expect(ghost.status).toBe(404)
    await catalog.send('DELETE', '/namespaces/n/tables/kept?purgeRequested=False')
    await catalog.send('DELETE', '/namespaces/n/tables/purged?purgeRequested=True')
    expect(await readdir(join(catalog.root, 'warehouse/n'))).toEqual(['kept'])
  }),
)

test(
  'ids above 2^53 come back digit by digit, in the metadata and in our own lists',
  withCatalog(async (catalog) => {
    const { metadata } = (await create(catalog, 't')).body
    const id = 9_007_199_254_740_993n
    const parent = 9_223_372_036_854_775_807n
    const snapshot = (snapshotId: bigint, sequence: number, more: object = {}) => ({
      'snapshot-id': snapshotId,
      'sequence-number': sequence,
      'timestamp-ms': metadata['last-updated-ms'],
      'manifest-list': `${metadata.location}/metadata/snap-${sequence}.avro`,
      summary: { operation: 'append' },
      'schema-id': 0,
      ...more,
    })
    const main = (snapshotId: bigint) => ({
      action: 'set-snapshot-ref',
      'ref-name': 'main',
      type: 'branch',
      'snapshot-id': snapshotId,
    })
    await mkdir(`${metadata.location.replace('file://', '')}/metadata`, { recursive: true })
    for (const [snapshotId, sequenceNumber] of [
      [parent, 1],
      [id, 2],
    ] as const) {
      const list = encodeManifestList({ snapshotId, parentId: undefined, sequenceNumber }, [])
      const { 'manifest-list': uri } = snapshot(snapshotId, sequenceNumber)
      await writeFile(uri.replace('file://', ''), list)
    }
    const first = await commit(
      catalog,
      't',
      [],
      [{ action: 'add-snapshot', snapshot: snapshot(parent, 1) }, main(parent)],
    )
    expect([first.status, first.body.error]).toEqual([200, undefined])
    const second = await commit(
      catalog,
      't',
      [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': parent }],
      [
        { action: 'add-snapshot', snapshot: snapshot(id, 2, { 'parent-snapshot-id': parent }) },
        main(id),
      ],
    )
    expect(second.status).toBe(200)
    const near = await commit(
      catalog,
      't',
      [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': id - 1n }],
      [],
    )
    expect(near.status).toBe(409)
    const { text, body } = await load(catalog, 't')
    expect(text).toContain(`"current-snapshot-id":${id}`)
    const file = body['metadata-location'].replace('file://', '')
    expect(await readFile(file, 'utf8')).toContain(`"snapshot-id":${parent}`)
    expect((await catalog.client.listTables()).tables).toMatchObject([{ snapshotId: `${id}` }])
    expect((await catalog.client.tableHistory('n.t')).snapshots).toMatchObject([
      { snapshotId: `${id}`, parentId: `${parent}` },
      { snapshotId: `${parent}`, parentId: null },
    ])
  }),
)
