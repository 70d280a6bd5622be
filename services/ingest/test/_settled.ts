import { join, relative } from 'node:path'
import { reachableFiles, Warehouse } from '@hypermesh/iceberg'
import { DiskStore } from '@hypermesh/object-store'
import { expect } from 'vitest'
import type { Platform } from './_platform.ts'

/** The table's rows by its metadata; every file there is must be one that it names. */
export async function settledRows(platform: Platform): Promise<number> {
  const { tables } = await platform.client.listTables()
  expect(await platform.warehouseFiles()).toEqual(tables.length === 0 ? [] : await named(platform))
  expect(await platform.leftovers()).toEqual([])
  return tables[0]?.rows ?? 0
}

/** What the table names, data and metadata, as paths below the warehouse. */
async function named({ root, client }: Platform): Promise<string[]> {
  const store = new DiskStore({ root, temporary: join(root, 'tmp') })
  const { defaults } = await client.icebergConfig()
  const warehouse = new Warehouse(store, defaults.warehouse ?? '')
  const table = await client.loadTable('crash.t')
  const uris = await reachableFiles({ warehouse }, table.metadata)
  const keys = [...uris, table['metadata-location'] ?? ''].map((uri) => warehouse.toKey(uri))
  return keys.map((key) => relative('warehouse', key)).sort()
}
