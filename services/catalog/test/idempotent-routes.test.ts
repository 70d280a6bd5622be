import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type RouteId, routes } from '@hypermesh/contract'
import { expect, test } from 'vitest'
import { type OpenCatalog, openCatalog, schema, withDirectory } from './_catalog.ts'

const view = (sql: string) => ({
  'version-id': 1,
  'schema-id': 0,
  'timestamp-ms': 1,
  summary: {},
  representations: [{ type: 'sql', sql, dialect: 'duckdb' }],
  'default-namespace': ['n'],
})
const id = (name: string) => ({ namespace: ['n'], name })
const set = (v: string) => ({ action: 'set-properties', updates: { v } })

interface Call {
  readonly path: string
  readonly body?: object
}

/** For each route a call that changes the catalog. `locations` are of metadata files that are free. */
const calls: Partial<Record<RouteId, (locations: readonly string[]) => Call>> = {
  createNamespace: () => ({ path: '/namespaces', body: { namespace: ['m'] } }),
  updateNamespaceProperties: () => ({
    path: '/namespaces/n/properties',
    body: { updates: { a: '1' } },
  }),
  dropNamespace: () => ({ path: '/namespaces/empty' }),
  createTable: () => ({ path: '/namespaces/n/tables', body: { name: 'new', schema } }),
  commitTable: () => ({
    path: '/namespaces/n/tables/t',
    body: { requirements: [], updates: [set('1')] },
  }),
  commitTransaction: () => ({
    path: '/transactions/commit',
    body: { 'table-changes': [{ identifier: id('t'), requirements: [], updates: [set('2')] }] },
  }),
  renameTable: () => ({
    path: '/tables/rename',
    body: { source: id('old'), destination: id('renamed') },
  }),
  registerTable: ([table = '']) => ({
    path: '/namespaces/n/register',
    body: { name: 'taken_in', 'metadata-location': table },
  }),
  dropTable: () => ({ path: '/namespaces/n/tables/gone' }),
  createView: () => ({
    path: '/namespaces/n/views',
    body: { name: 'new_view', schema, 'view-version': view('SELECT 1') },
  }),
  replaceView: () => ({
    path: '/namespaces/n/views/v',
    body: {
      requirements: [],
      updates: [
        { action: 'add-view-version', 'view-version': view('SELECT 2') },
        { action: 'set-current-view-version', 'view-version-id': -1 },
      ],
    },
  }),
  renameView: () => ({
    path: '/views/rename',
    body: { source: id('old_view'), destination: id('renamed_view') },
  }),
  registerView: ([, view = '']) => ({
    path: '/namespaces/n/register-view',
    body: { name: 'view_taken_in', 'metadata-location': view },
  }),
  dropView: () => ({ path: '/namespaces/n/views/gone_view' }),
}

async function prepare(catalog: OpenCatalog): Promise<readonly string[]> {
  const made = async (path: string, body: object) => {
    const reply = await catalog.send('POST', path, body)
    expect(reply.status, reply.text).toBe(200)
    return String(reply.body['metadata-location'])
  }
  for (const name of ['n', 'empty']) await made('/namespaces', { namespace: [name] })
  for (const name of ['t', 'old', 'gone']) await made('/namespaces/n/tables', { name, schema })
  const views = ['v', 'old_view', 'gone_view', 'free_view']
  const places = new Map<string, string>()
  for (const name of views) {
    const body = { name, schema, 'view-version': view('SELECT 1') }
    places.set(name, await made('/namespaces/n/views', body))
  }
  places.set('free', await made('/namespaces/n/tables', { name: 'free', schema }))
  await catalog.send('DELETE', '/namespaces/n/tables/free')
  await catalog.send('DELETE', '/namespaces/n/views/free_view')
  return ['free', 'free_view'].map((name) => places.get(name) ?? '')
}

test('every route that changes the catalog carries a key out once, also for the next process', () =>
  withDirectory(async (root) => {
    // What is no change of the catalog: a token, and a report that is only counted.
    const mutating = (Object.keys(routes) as RouteId[]).filter((route) => {
      const { method, path } = routes[route]
      const isChange = method === 'POST' || method === 'DELETE' || method === 'PUT'
      return isChange && path.startsWith('/iceberg/v1/') && !/tokens|metrics/.test(path)
    })
    expect(Object.keys(calls).sort()).toEqual(mutating.sort())
    const logLength = async () => (await readdir(join(root, 'catalog/log'))).length
    const sent: { send: (catalog: OpenCatalog) => Promise<unknown>; status: number }[] = []
    {
      await using catalog = await openCatalog(root)
      const locations = await prepare(catalog)
      for (const [index, route] of mutating.entries()) {
        const { path, body } = calls[route]?.(locations) ?? { path: '' }
        const key = `017f22e2-79b0-7cc3-98c4-${index.toString(16).padStart(12, '0')}`
        const send = (to: OpenCatalog) =>
          to.send(routes[route].method, path, body, { 'idempotency-key': key })
        const before = await logLength()
        const first = await send(catalog)
        expect([route, first.status < 300, first.text]).toEqual([route, true, first.text])
        const again = await send(catalog)
        expect([route, again.status, again.body]).toEqual([route, first.status, first.body])
        expect([route, await logLength()]).toEqual([route, before + 1])
        sent.push({ send, status: first.status })
      }
    }
    await using next = await openCatalog(root)
    const length = await logLength()
    for (const { send, status } of sent) expect(await send(next)).toMatchObject({ status })
    expect(await logLength()).toBe(length)
  }))
