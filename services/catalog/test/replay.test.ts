import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type OpenCatalog, openCatalog, schema, withDirectory } from './_catalog.ts'

let counter = 0
/** A UUID of version 7, another one each time. */
function newKey(): string {
  counter += 1
  return `017f22e2-79b0-7cc3-98c4-${counter.toString(16).padStart(12, '0')}`
}

const withCatalog = (body: (catalog: OpenCatalog) => Promise<void>) => () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    await catalog.send('POST', '/namespaces', { namespace: ['n'] })
    await body(catalog)
  })

const table = '/namespaces/n/tables/t'
const create = (catalog: OpenCatalog, key = newKey()) =>
  catalog.send('POST', '/namespaces/n/tables', { name: 't', schema }, { 'idempotency-key': key })
const set = (catalog: OpenCatalog, value: string, key: string, requirements: object[] = []) =>
  catalog.send(
    'POST',
    table,
    { requirements, updates: [{ action: 'set-properties', updates: { v: value } }] },
    { 'idempotency-key': key },
  )
const logLength = async ({ root }: OpenCatalog) => (await readdir(join(root, 'catalog/log'))).length

test(
  'a commit that is sent again under its key is answered and not carried out again',
  withCatalog(async (catalog) => {
    const creation = newKey()
    const created = await create(catalog, creation)
    expect(created.status).toBe(200)
    const again = await create(catalog, creation)
    expect([again.status, again.body.metadata['table-uuid']]).toEqual([
      200,
      created.body.metadata['table-uuid'],
    ])
    const key = newKey()
    const first = await set(catalog, '1', key, [
      { type: 'assert-current-schema-id', 'current-schema-id': 0 },
    ])
    const length = await logLength(catalog)
    expect(first.status).toBe(200)
    await set(catalog, '2', newKey())
    const replayed = await set(catalog, '1', key.toUpperCase(), [
      { type: 'assert-current-schema-id', 'current-schema-id': 0 },
    ])
    // The table as it stands by now: the specification allows it, and v is not 1 again.
    expect([replayed.status, replayed.body.metadata.properties.v]).toEqual([200, '2'])
    expect(await logLength(catalog)).toBe(length + 1)
  }),
)

test(
  'a refusal is final too: what would succeed by now is still refused under its key',
  withCatalog(async (catalog) => {
    const { metadata } = (await create(catalog)).body
    const keys = { conflict: newKey(), missing: newKey(), bad: newKey() }
    const requirement = [{ type: 'assert-current-schema-id', 'current-schema-id': 1 }]
    const lost = await set(catalog, '1', keys.conflict, requirement)
    expect([lost.status, lost.body.error.type]).toEqual([409, 'CommitFailedException'])
    const drop = () =>
      catalog.send('DELETE', '/namespaces/n/tables/later', undefined, {
        'idempotency-key': keys.missing,
      })
    const absent = await drop()
    expect([absent.status, absent.body.error.type]).toEqual([404, 'NoSuchTableException'])
    const bad = () =>
      catalog.send(
        'POST',
        table,
        { requirements: [{ type: 'odd' }], updates: [] },
        {
          'idempotency-key': keys.bad,
        },
      )
    expect((await bad()).status).toBe(400)
    const column = { id: 3, name: 'c', type: 'long', required: false }
    await catalog.send('POST', table, {
      requirements: [{ type: 'assert-table-uuid', uuid: metadata['table-uuid'] }],
      updates: [
        { action: 'add-schema', schema: { ...schema, fields: [...schema.fields, column] } },
        { action: 'set-current-schema', 'schema-id': -1 },
      ],
    })
    await catalog.send('POST', '/namespaces/n/tables', { name: 'later', schema })
    expect(await set(catalog, '1', keys.conflict, requirement)).toMatchObject({
      status: 409,
      body: lost.body,
    })
    expect((await drop()).status).toBe(404)
    expect((await bad()).status).toBe(400)
    expect((await catalog.send('HEAD', '/namespaces/n/tables/later')).status).toBe(204)
    expect((await set(catalog, '1', newKey(), requirement)).status).toBe(200)
  }),
)

test(
  'one key is for one request of one caller, and has the form that the specification asks for',
  withCatalog(async (catalog) => {
    await create(catalog)
    const key = newKey()
    expect((await set(catalog, '1', key)).status).toBe(200)
    const other = await set(catalog, '2', key)
    expect([other.status, other.body.error.type]).toEqual([400, 'BadRequestException'])
    const elsewhere = await catalog.send('DELETE', table, undefined, { 'idempotency-key': key })
    expect(elsewhere.status).toBe(400)
    await expect(
      catalog
        .as('admin')
        .commitTable('n.t', { requirements: [], updates: [] }, { idempotencyKey: key }),
    ).rejects.toMatchObject({ code: 'invalid' })
    for (const wrong of ['x', '017f22e2-79b0-4cc3-98c4-000000000000', `${key}0`]) {
      expect([wrong, (await set(catalog, '1', wrong)).status]).toEqual([wrong, 400])
    }
    const config = await catalog.send('GET', '/config')
    expect(config.body['idempotency-key-lifetime']).toBe('PT24H')
  }),
)

test('of many same requests under one key at once, in two processes, one is carried out', () =>
  withDirectory(async (root) => {
    await using first = await openCatalog(root)
    await using second = await openCatalog(root)
    await first.send('POST', '/namespaces', { namespace: ['n'] })
    const key = newKey()
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, index) => create(index % 2 ? first : second, key)),
    )
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    const uuids = replies.map(({ body }) => body.metadata['table-uuid'])
    expect(new Set(uuids).size).toBe(1)
    const files = await readdir(join(root, 'warehouse/n/t/metadata'))
    expect(files).toHaveLength(1)
  }))

test('answers outlive the process and a checkpoint; the oldest are forgotten at the limit', () =>
  withDirectory(async (root) => {
    const limits = { idempotencyKeysMax: 3 }
    const keys = Array.from({ length: 5 }, newKey)
    const make = (catalog: OpenCatalog, index: number) =>
      catalog.send(
        'POST',
        '/namespaces',
        { namespace: [`n${index}`] },
        { 'idempotency-key': keys[index] ?? '' },
      )
    {
      await using catalog = await openCatalog(root, { checkpointEvery: 2, limits })
      for (let index = 0; index < 5; index++) {
        expect((await make(catalog, index)).status).toBe(200)
      }
    }
    await using catalog = await openCatalog(root, { checkpointEvery: 2, limits })
    expect(await make(catalog, 4)).toMatchObject({
      status: 200,
      body: { namespace: ['n4'], properties: {} },
    })
    const forgotten = await make(catalog, 0)
    expect([forgotten.status, forgotten.body.error.type]).toEqual([409, 'AlreadyExistsException'])
  }))

test(
  'a commit of a transaction has no body to replay, of one table neither',
  withCatalog(async (catalog) => {
    await create(catalog)
    const key = newKey()
    const change = {
      identifier: { namespace: ['n'], name: 't' },
      requirements: [],
      updates: [{ action: 'set-properties', updates: { v: '1' } }],
    }
    const send = () =>
      catalog.send(
        'POST',
        '/transactions/commit',
        { 'table-changes': [change] },
        { 'idempotency-key': key },
      )
    const [first, again] = [await send(), await send()]
    expect([first.status, first.text, again.status, again.text]).toEqual([204, '', 204, ''])
  }),
)

test(
  'a refusal for want of rights is not final: the same key may try again',
  withCatalog(async (catalog) => {
    await create(catalog)
    const key = newKey()
    const request = new Request('http://catalog/iceberg/v1/namespaces/n/tables/t', {
      method: 'DELETE',
      headers: { 'idempotency-key': key },
    })
    const principal = { keyId: 'k', name: 'k', role: 'reader' } as const
    const refused = await catalog.fetch(request, {
      principal,
      signal: new AbortController().signal,
      requestId: 'r',
    })
    expect(refused.status).toBe(403)
    const dropped = await catalog.send('DELETE', table, undefined, { 'idempotency-key': key })
    expect([dropped.status, dropped.text]).toEqual([204, ''])
    const replayed = await catalog.send('DELETE', table, undefined, { 'idempotency-key': key })
    expect([replayed.status, replayed.text]).toEqual([204, ''])
  }),
)

test(
  'a table that has not changed is 304, each way of showing it under a tag of its own',
  withCatalog(async (catalog) => {
    const created = await create(catalog)
    const tag = created.headers.get('etag') ?? ''
    expect(tag).toMatch(/^"[\w-]{27}"$/)
    const loaded = await catalog.send('GET', table)
    expect(loaded.headers.get('etag')).toBe(tag)
    const refs = await catalog.send('GET', `${table}?snapshots=refs`)
    expect(refs.headers.get('etag')).not.toBe(tag)
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const same = await catalog.send('GET', table, undefined, { 'if-none-match': header })
      expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', tag])
    }
    const changed = await set(catalog, '1', newKey())
    const fresh = await catalog.send('GET', table, undefined, { 'if-none-match': tag })
    expect([fresh.status, fresh.headers.get('etag')]).toEqual([200, changed.headers.get('etag')])
    expect((await catalog.send('GET', `${table}?snapshots=some`)).status).toBe(400)
  }),
)

test(
  'names come in pages of any list, each once, and a parent that does not exist is 404',
  withCatalog(async (catalog) => {
    const names = ['b', 'A', 'd', 'C', 'e']
    for (const name of names) {
      await catalog.send('POST', '/namespaces/n/tables', { name, schema })
      await catalog.send('POST', '/namespaces', { namespace: [`n_${name}`] })
    }
    const pages = async (path: string, of: (body: never) => string[]) => {
      const seen: string[][] = []
      for (let token: string | null = ''; token !== null; ) {
        const sent: string = encodeURIComponent(token)
        const { body } = await catalog.send('GET', `${path}?pageSize=2&pageToken=${sent}`)
        seen.push(of(body as never))
        token = body['next-page-token'] ?? null
      }
      return seen
    }
    const tables = await pages('/namespaces/n/tables', (body: never) =>
      (body as { identifiers: { name: string }[] }).identifiers.map(({ name }) => name),
    )
    expect(tables).toEqual([['A', 'b'], ['C', 'd'], ['e']])
    const namespaces = await pages('/namespaces', (body: never) =>
      (body as { namespaces: string[][] }).namespaces.map(([name]) => name ?? ''),
    )
    expect(namespaces).toEqual([
      ['n', 'n_A'],
      ['n_b', 'n_C'],
      ['n_d', 'n_e'],
    ])
    const all = await catalog.send('GET', '/namespaces/n/tables')
    expect(all.body.identifiers).toHaveLength(5)
    expect((await catalog.send('GET', '/namespaces?parent=ghost')).status).toBe(404)
    expect((await catalog.send('GET', '/namespaces?parent=n')).body.namespaces).toEqual([])
    expect((await catalog.send('GET', '/namespaces?pageToken=!')).status).toBe(400)
  }),
)
