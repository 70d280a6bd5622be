import { randomUUID } from 'node:crypto'
import { readdir, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { reachableFiles, Warehouse } from '@hypermesh/iceberg'
import { DiskStore } from '@hypermesh/object-store'
import { expect, test } from 'vitest'
import { type OpenCatalog, openCatalog, schema, withDirectory } from './_catalog.ts'

async function append(catalog: OpenCatalog, table: string, name: string) {
  const known = await catalog.client.loadTable(table).catch(() => undefined)
  const base = known && {
    tableUuid: known.metadata['table-uuid'],
    schemaId: known.metadata['current-schema-id'],
  }
  return catalog.client.appendFiles(table, {
    commitId: randomUUID(),
    mode: 'append',
    files: [await catalog.dataFile(table, name, 10)],
    base: base ?? null,
    ...(base ? {} : { schema }),
  })
}

const warehouseOf = async ({ client }: OpenCatalog) =>
  (await client.icebergConfig()).defaults.warehouse ?? ''

/** Every URI of a table, found as an engine would that knows only where the warehouse is. */
async function urisOf(catalog: OpenCatalog, root: string, table: string): Promise<string[]> {
  const store = new DiskStore({ root, temporary: join(root, 'tmp') })
  const warehouse = new Warehouse(store, await warehouseOf(catalog))
  const { metadata, 'metadata-location': location } = await catalog.client.loadTable(table)
  const files = await reachableFiles({ warehouse }, metadata)
  for (const uri of files) expect(await store.head(warehouse.toKey(uri)), uri).toBeDefined()
  return [location, metadata.location, ...files]
}

test('after a move every table and view is under the new URIs, with its snapshots and files', () =>
  withDirectory(async (directory) => {
    const [old, moved] = [join(directory, 'old'), join(directory, 'new')]
    let before: unknown
    {
      await using catalog = await openCatalog(old)
      await append(catalog, 'n.t', 'a')
      await append(catalog, 'n.t', 'b')
      await append(catalog, 'm.u', 'c')
      await catalog.send('POST', '/namespaces/n/views', {
        name: 'v',
        schema,
        'view-version': {
          'version-id': 1,
          'schema-id': 0,
          'timestamp-ms': 1,
          summary: {},
          representations: [{ type: 'sql', sql: 'SELECT 1', dialect: 'duckdb' }],
          'default-namespace': ['n'],
        },
      })
      before = await catalog.client.tableHistory('n.t')
    }
    await rename(old, moved)
    await using catalog = await openCatalog(moved)
    const admin = catalog.as('admin')
    const request = { from: `file://${old}`, to: `file://${moved}` }
    const log = () => readdir(join(moved, 'catalog/log'))
    const length = (await log()).length
    const told = await admin.relocateWarehouse(request)
    const figures = { tables: 2, views: 1, manifests: 3, manifestLists: 3, dataFiles: 3 }
    expect(told).toMatchObject({ applied: false, blockers: [], ...figures })
    expect([await log(), await warehouseOf(catalog)]).toHaveProperty('0.length', length)
    expect(await warehouseOf(catalog)).toBe(`file://${old}/warehouse`)
    const done = await admin.relocateWarehouse({ ...request, apply: true })
    expect(done).toMatchObject({ applied: true, to: `file://${moved}/warehouse`, ...figures })
    expect(await log()).toHaveLength(length + 1)
    for (const table of ['n.t', 'm.u']) {
      for (const uri of await urisOf(catalog, moved, table)) {
        expect(uri.startsWith(`file://${moved}/warehouse/`), uri).toBe(true)
      }
    }
    expect(await catalog.client.tableHistory('n.t')).toEqual(before)
    const view = await catalog.client.loadView('n.v')
    expect(view.metadata.location).toBe(`file://${moved}/warehouse/n/v`)
    // What goes on, in this process and in the next one, goes by the new URIs.
    await append(catalog, 'n.t', 'd')
    await catalog.client.createTable('n', { name: 'fresh', schema })
    const fresh = await catalog.client.loadTable('n.fresh')
    expect(fresh.metadata.location).toBe(`file://${moved}/warehouse/n/fresh`)
    await using other = await openCatalog(moved, { checkpointEvery: 1 })
    await append(other, 'n.t', 'e')
    expect((await other.client.tableHistory('n.t')).snapshots).toHaveLength(4)
    expect((await urisOf(other, moved, 'n.t')).every((uri) => uri.includes(moved))).toBe(true)
  }))

test('a process that was there before learns the new URI, and takes files named by the old one', () =>
  withDirectory(async (root) => {
    await using first = await openCatalog(root, { checkpointEvery: 1 })
    await using second = await openCatalog(root)
    await append(first, 'n.t', 'a')
    const from = await warehouseOf(first)
    const late = await second.dataFile('n.t', 'late', 10)
    const { metadata } = await second.client.loadTable('n.t')
    // Another name of the directory, so that the URI is one that can be read.
    const alias = `${root}-alias`
    await symlink(root, alias)
    try {
      const to = `file://${alias}/warehouse`
      await first.as('admin').relocateWarehouse({ from, to, apply: true })
      const base = { tableUuid: metadata['table-uuid'], schemaId: metadata['current-schema-id'] }
      const commit = { commitId: randomUUID(), mode: 'append' as const, files: [late], base }
      await second.client.appendFiles('n.t', commit)
      expect(await warehouseOf(second)).toBe(to)
      expect((await urisOf(second, root, 'n.t')).every((uri) => uri.startsWith(to))).toBe(true)
      await using third = await openCatalog(root)
      expect(await warehouseOf(third)).toBe(to)
      expect((await third.client.listTables()).tables).toMatchObject([{ rows: 20, files: 2 }])
    } finally {
      await rm(alias, { force: true })
    }
  }))

test('what cannot be relocated is told beforehand, and then nothing changes', () =>
  withDirectory(async (root) => {
    await using catalog = await openCatalog(root)
    await append(catalog, 'n.t', 'a')
    const from = await warehouseOf(catalog)
    const admin = catalog.as('admin')
    await expect(
      catalog.client.relocateWarehouse({ from, to: 'file:///x', apply: true }),
    ).rejects.toMatchObject({ code: 'forbidden' })
    const wrong = [
      { from: 'file:///nowhere', to: 'file:///x' },
      { from: `${from}/n`, to: 'file:///x' },
      { from, to: 'x' },
      { from, to: 'file:///a/../b' },
      { from, to: from },
      { from: from.slice(0, -1), to: 'file:///x' },
    ]
    for (const request of wrong) {
      await expect(admin.relocateWarehouse(request)).rejects.toMatchObject({ code: 'invalid' })
    }
    const { metadata } = await catalog.client.loadTable('n.t')
    const files = await readdir(join(root, 'warehouse/n/t/metadata'))
    await rm(join(root, 'warehouse/n/t/data/a.parquet'))
    const told = await admin.relocateWarehouse({ from, to: 'file:///x' })
    expect(told.blockers).toMatchObject([
      { name: 'n.t', reason: expect.stringContaining('a.parquet is not there') },
    ])
    await expect(
      admin.relocateWarehouse({ from, to: 'file:///x', apply: true }),
    ).rejects.toMatchObject({ code: 'conflict' })
    expect((await catalog.client.loadTable('n.t')).metadata).toEqual(metadata)
    expect(await readdir(join(root, 'warehouse/n/t/metadata'))).toEqual(files)
    expect(await warehouseOf(catalog)).toBe(from)
  }))
