import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringifyJson } from '@hypermesh/contract'
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
/** Commits a staged table. */
const makeStaged = (catalog: OpenCatalog, name: string, uuid: string) =>
  catalog.send('POST', `/namespaces/n/tables/${name}`, {
    requirements: [{ type: 'assert-create' }],
    updates: [
      { action: 'assign-uuid', uuid },
      { action: 'add-schema', schema, 'last-column-id': 2 },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })

test(
  'a creation under the name of a view, or with the uuid of another table, is a conflict',
  withCatalog(async (catalog) => {
    const { metadata } = (await create(catalog, 'held')).body
    const version = {
      'version-id': 1,
      'schema-id': 0,
      'timestamp-ms': 1,
      summary: {},
      representations: [{ type: 'sql', sql: 'SELECT 1', dialect: 'duckdb' }],
      'default-namespace': ['n'],
    }
    const view = { name: 'v', schema, 'view-version': version }
    expect((await catalog.send('POST', '/namespaces/n/views', view)).status).toBe(200)
    const staged = (await create(catalog, 'c', { 'stage-create': true })).body.metadata
    const onView = await makeStaged(catalog, 'v', staged['table-uuid'])
    expect([onView.status, onView.body.error.type]).toEqual([409, 'AlreadyExistsException'])
    const twin = await makeStaged(catalog, 'c', metadata['table-uuid'].toUpperCase())
    expect(twin.status).toBe(409)
    expect((await catalog.send('HEAD', '/namespaces/n/tables/c')).status).toBe(404)
    expect((await makeStaged(catalog, 'c', staged['table-uuid'])).status).toBe(200)
  }),
)

test(
  'metadata that names what it does not hold is not taken in',
  withCatalog(async (catalog) => {
    const { metadata } = (await create(catalog, 't')).body
    const location = `${metadata.location}/metadata/taken.metadata.json`
    const path = join(catalog.root, 'warehouse/n/t/metadata/taken.metadata.json')
    await catalog.send('DELETE', '/namespaces/n/tables/t')
    const register = async (changes: object) => {
      await writeFile(path, stringifyJson({ ...metadata, ...changes }))
      const body = { name: 'taken', 'metadata-location': location }
      return catalog.send('POST', '/namespaces/n/register', body)
    }
    for (const changes of [
      { 'current-snapshot-id': 7 },
      { refs: { main: { type: 'branch', 'snapshot-id': 7 } } },
      { 'current-schema-id': 7 },
      { 'default-spec-id': 7 },
    ]) {
      const refused = await register(changes)
      expect([changes, refused.status, refused.body.error.type]).toEqual([
        changes,
        400,
        'BadRequestException',
      ])
    }
    expect((await register({})).status).toBe(200)
  }),
)

test(
  'a location is taken with a slash at its end, and refused outside of the warehouse',
  withCatalog(async (catalog) => {
    const { metadata } = (await create(catalog, 't')).body
    const move = (location: string) =>
      catalog.send('POST', '/namespaces/n/tables/t', {
        requirements: [],
        updates: [{ action: 'set-location', location }],
      })
    const moved = await move(`${metadata.location}-b//`)
    expect([moved.status, moved.body.metadata.location]).toEqual([200, `${metadata.location}-b`])
    const warehouse = metadata.location.replace('/n/t', '')
    for (const outside of [`${warehouse}/`, `${warehouse}/../x`, 'file:///etc', 'x']) {
      expect([outside, (await move(outside)).status]).toEqual([outside, 400])
    }
  }),
)
