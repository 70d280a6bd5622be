import { DuckDBInstance } from '@duckdb/node-api'
import type { LoadTableReply } from '@hypermesh/contract'
import {
  currentSnapshot,
  type ManifestEntry,
  readManifest,
  readManifestList,
  Warehouse,
} from '@hypermesh/iceberg'
import { DiskStore } from '@hypermesh/object-store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPlatform, type Platform, type PlatformOptions, withDirectory } from './_platform.ts'

let instance: DuckDBInstance
let sql: (text: string) => Promise<Record<string, unknown>[]>
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  sql = async (text) => (await connection.run(text)).getRowObjectsJS()
})
afterAll(() => instance.closeSync())

function onPlatform(body: (platform: Platform) => Promise<void>, options: PlatformOptions = {}) {
  return () =>
    withDirectory(async (root) => {
      await using platform = await openPlatform(root, options)
      await body(platform)
      expect(await platform.leftovers()).toEqual([])
    })
}

interface Landed {
  readonly table: LoadTableReply
  readonly entries: readonly ManifestEntry[]
  /** Where an entry's file lies. */
  path(entry: ManifestEntry): string
}

/** What the table's manifests say, read as any reader would. */
async function landed(platform: Platform, name: string): Promise<Landed> {
  const table = await platform.client.loadTable(name)
  const { defaults } = await platform.client.icebergConfig()
  const store = new DiskStore({ root: platform.root, temporary: `${platform.root}/tmp` })
  const warehouse = new Warehouse(store, defaults.warehouse ?? '')
  const snapshot = currentSnapshot(table.metadata)
  const lists = snapshot === undefined ? [] : await readManifestList({ warehouse }, snapshot)
  const all = await Promise.all(lists.map((list) => readManifest({ warehouse }, list)))
  return {
    table,
    entries: all.flat().filter(({ status }) => status !== 2),
    path: (entry) => `${platform.root}/${warehouse.toKey(entry.file.path)}`,
  }
}

const rows = `id,region,ts,price
1,eu,2024-01-31 23:30:00,1.50
2,us,2024-02-01 00:10:00,2.25
3,eu,2024-02-01 12:00:00,
4,,1969-12-31 22:00:00,-0.01
5,us,2024-02-01 00:20:00,7
6,eu,2024-01-31 01:00:00,3
`

test(
  'a load creates a partitioned and sorted table, and later loads keep to it',
  onPlatform(async (platform) => {
    const { client } = platform
    const layout = { partitionBy: 'region, day(ts)', sortBy: 'price desc nulls last' }
    const receipt = await client.ingest('n.t', { body: rows, name: 'x.csv', ...layout })
    expect(receipt).toMatchObject({ rows: 6, files: 4, partitions: 4 })
    const first = await landed(platform, 'n.t')
    const { metadata } = first.table
    expect(metadata['partition-specs']).toEqual([
      {
        'spec-id': 0,
        fields: [
          { 'source-id': 2, 'field-id': 1000, name: 'region', transform: 'identity' },
          { 'source-id': 3, 'field-id': 1001, name: 'ts_day', transform: 'day' },
        ],
      },
    ])
    expect(metadata['default-sort-order-id']).toBe(1)
    const tuples = first.entries.map(({ file }) => JSON.stringify([...file.partition.values()]))
    expect(tuples.sort()).toEqual(['["eu",19753]', '["eu",19754]', '["us",19754]', '[null,-1]'])
    expect(first.entries.map(({ file }) => file.sortOrderId)).toEqual(first.entries.map(() => 1))
    for (const entry of first.entries) {
      const found = await sql(`SELECT price FROM read_parquet('${first.path(entry)}')`)
      const prices = found.map(({ price }) => (price === null ? -Infinity : Number(price)))
      expect(prices).toEqual(prices.toSorted((left, right) => right - left))
    }
    const more =
      'id,region,ts,price,extra\n7,eu,2024-01-31 05:00:00,9,x\n8,,2024-03-01 05:00:00,1,y\n'
    const again = await client.ingest('n.t', { body: more, name: 'x.csv' })
    expect(again).toMatchObject({ rows: 2, partitions: 2, schemaChanges: [{ kind: 'add-column' }] })
    const over = { body: 'id,region\n9,asia\n', name: 'x.csv', mode: 'overwrite' } as const
    expect(await client.ingest('n.t', over)).toMatchObject({ rows: 1, partitions: 1 })
    const last = await landed(platform, 'n.t')
    expect(last.entries.map(({ file }) => [...file.partition.values()])).toEqual([['asia', null]])
  }),
)

test(
  'a table that another engine created by the protocol is written in its partitions and order',
  onPlatform(async (platform) => {
    const { client } = platform
    await client.createNamespace({ namespace: ['n'] })
    const field = (id: number, name: string, type: string) => ({ id, name, type, required: false })
    await client.createTable('n', {
      name: 't',
      schema: {
        type: 'struct',
        fields: [
          field(1, 'id', 'long'),
          {
            ...field(2, 's', 'string'),
            type: { type: 'struct', fields: [field(3, 'zip', 'string')] },
          },
          field(4, 'gone', 'string'),
        ],
      },
      'partition-spec': {
        fields: [
          { 'source-id': 1, name: 'id_b', transform: 'bucket[4]' },
          { 'source-id': 3, name: 'zip_t', transform: 'truncate[2]' },
          { 'source-id': 4, name: 'gone', transform: 'void' },
        ],
      },
      'write-order': {
        'order-id': 1,
        fields: [
          { 'source-id': 1, transform: 'identity', direction: 'desc', 'null-order': 'nulls-last' },
        ],
      },
    } as never)
    const lines = Array.from({ length: 100 }, (_, id) =>
      JSON.stringify({ id, s: { zip: `${String(10 + (id % 3))}999` } }),
    )
    const body = lines.join('\n')
    expect(await client.ingest('n.t', { body, format: 'ndjson' })).toMatchObject({ rows: 100 })
    const { entries, path } = await landed(platform, 'n.t')
    const seen = new Set<string>()
    for (const entry of entries) {
      const tuple = [...entry.file.partition.values()]
      seen.add(JSON.stringify(tuple))
      const found = await sql(
        `SELECT id, left(s.zip, 2) zip FROM read_parquet('${path(entry)}') ORDER BY file_row_number`.replace(
          `')`,
          `', file_row_number = true)`,
        ),
      )
      expect(new Set(found.map(({ zip }) => zip))).toEqual(new Set([tuple[1]]))
      const ids = found.map(({ id }) => Number(id))
      expect(ids).toEqual(ids.toSorted((left, right) => right - left))
      expect(tuple[2]).toBe(null)
    }
    expect(seen.size).toBe(entries.length)
  }),
)

test(
  'a wrong layout is a typed error that leaves nothing',
  onPlatform(
    async (platform) => {
      const { client } = platform
      const refused = async (request: object, code: string, message: RegExp) => {
        const load = client.ingest('n.t', { body: rows, name: 'x.csv', ...request })
        await expect(load).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
      }
      await refused({ partitionBy: 'week(ts)' }, 'invalid', /no transform/)
      await refused({ partitionBy: 'bucket(id)' }, 'invalid', /not understood/)
      await refused({ partitionBy: 'nothing' }, 'invalid', /no column "nothing"/)
      await refused({ partitionBy: 'hour(region)' }, 'invalid', /does not take/)
      await refused({ sortBy: 'nothing' }, 'invalid', /no column/)
      await refused({ partitionBy: 'id' }, 'too_large', /more than 4 partitions/)
      expect(await platform.warehouseFiles()).toEqual([])
      await client.ingest('n.t', { body: rows, name: 'x.csv', partitionBy: 'region' })
      await refused({ partitionBy: 'day(ts)', again: true }, 'invalid', /laid out otherwise/)
      const same = { body: rows, name: 'x.csv', partitionBy: 'identity(Region)', again: true }
      expect(await client.ingest('n.t', same)).toMatchObject({ rows: 6, partitions: 3 })
    },
    { limits: { loadPartitionsMax: 4 } },
  ),
)
