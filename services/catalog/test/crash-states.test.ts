import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { reachableFiles, Warehouse } from '@hypermesh/iceberg'
import { DiskStore } from '@hypermesh/object-store'
import { crashStates } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { type OpenCatalog, openCatalog, schema, withDirectory } from './_catalog.ts'

const names = ['a', 'b']
const id = (name: string) => ({ namespace: ['n'], name })

async function prepare(
  root: string,
  options: { readonly checkpointEvery?: number; readonly groupsOf?: number } = {},
): Promise<OpenCatalog> {
  const catalog = await openCatalog(root, options)
  for (const name of names) {
    const files = [await catalog.dataFile(`n.${name}`, 'first', 10)]
    const commit = { commitId: randomUUID(), mode: 'append' as const, files, base: null, schema }
    await catalog.client.appendFiles(`n.${name}`, commit)
  }
  return catalog
}

/** What a table is, to compare: nothing here depends on where the directory is. */
async function tablesOf(catalog: OpenCatalog) {
  const { tables } = await catalog.client.listTables()
  return Promise.all(
    tables.map(async ({ table, rows }) => {
      const { metadata } = await catalog.client.loadTable(table)
      return { table, rows, uuid: metadata['table-uuid'], v: metadata.properties?.v }
    }),
  )
}

/** Files in metadata directories that no table names: what a commit that did not land has left. */
async function strangers(root: string, catalog: OpenCatalog): Promise<string[]> {
  const uri = (await catalog.client.icebergConfig()).defaults.warehouse ?? ''
  const warehouse = new Warehouse(new DiskStore({ root, temporary: join(root, 'tmp') }), uri)
  const named = new Set<string>()
  const { tables } = await catalog.client.listTables()
  for (const { table } of tables) {
    const reply = await catalog.client.loadTable(table)
    for (const file of await reachableFiles({ warehouse }, reply.metadata)) {
      named.add(warehouse.toKey(file))
    }
    named.add(warehouse.toKey(reply['metadata-location']))
  }
  const found: string[] = []
  for (const name of names) {
    const directory = `warehouse/n/${name}/metadata`
    const files = await readdir(join(root, directory)).catch(() => [])
    found.push(...files.map((file) => `${directory}/${file}`).filter((key) => !named.has(key)))
  }
  return found
}

interface Sweep {
  readonly work: (catalog: OpenCatalog) => Promise<unknown>
  /** Whether files that no table names may be there once the work has landed. */
  readonly leavesOld?: boolean
  readonly pointsMin: number
  readonly checkpointEvery?: number
  /** So many appends land together. */
  readonly groupsOf?: number
}

/** Dies at each point of the work: the next process finds all of it or nothing, and no leavings. */
async function sweep({
  work,
  leavesOld = false,
  pointsMin,
  checkpointEvery = 100,
  groupsOf = 1,
}: Sweep): Promise<void> {
  await withDirectory(async (root) => {
    await using catalog = await prepare(root, { checkpointEvery, groupsOf })
    const before = await tablesOf(catalog)
    const startUri = (await catalog.client.icebergConfig()).defaults.warehouse
    await using crashes = await crashStates(root, async () => {
      await work(catalog)
    })
    const after = await tablesOf(catalog)
    const afterUri = (await catalog.client.icebergConfig()).defaults.warehouse
    expect([after, afterUri]).not.toEqual([before, startUri])
    expect(crashes.points.length).toBeGreaterThan(pointsMin)
    let landedOnce = false
    for (const [at, state] of crashes.states.entries()) {
      await using next = await openCatalog(state)
      const uri = (await next.client.icebergConfig()).defaults.warehouse
      const now = await tablesOf(next)
      const landed = JSON.stringify([now, uri]) === JSON.stringify([after, afterUri])
      if (!landed)
        expect([at, crashes.points[at], now, uri]).toEqual([
          at,
          crashes.points[at],
          before,
          startUri,
        ])
      // Once it has landed it stays, and what was acknowledged has.
      if (landedOnce || crashes.points[at] === 'acknowledged')
        expect([at, landed]).toEqual([at, true])
      landedOnce ||= landed
      if (!landed || !leavesOld) expect([at, await strangers(state, next)]).toEqual([at, []])
      expect(await readdir(join(state, 'tmp'))).toHaveLength(1)
      // The catalog goes on from there.
      await next.client.createNamespace({ namespace: ['later'] })
    }
    expect(landedOnce).toBe(true)
  })
}

const set = (name: string) => ({
  identifier: id(name),
  requirements: [],
  updates: [{ action: 'set-properties' as const, updates: { v: 'new' } }],
})

test(
  'a process that dies in a commit to several tables has changed all of them or none',
  () =>
    sweep({
      work: async ({ client }) => {
        const staged = await client.createTable('n', { name: 'c', schema, 'stage-create': true })
        await client.commitTransaction({
          'table-changes': [
            set('a'),
            set('b'),
            {
              identifier: id('c'),
              requirements: [{ type: 'assert-create' }],
              updates: [
                { action: 'assign-uuid', uuid: staged.metadata['table-uuid'] },
                { action: 'add-schema', schema },
                { action: 'set-current-schema', 'schema-id': -1 },
              ],
            },
          ],
        })
      },
      pointsMin: 12,
    }),
  60_000,
)

test(
  'a process that dies in a rename leaves the table under one of its names',
  () =>
    sweep({
      work: async ({ client }) => {
        await client.renameTable('n.a', 'n.Renamed')
      },
      pointsMin: 3,
    }),
  60_000,
)

test(
  'a process that dies in a relocation leaves every table under one of the URIs',
  () =>
    sweep({
      work: async (catalog) => {
        const { defaults } = await catalog.client.icebergConfig()
        const { applied } = await catalog.as('admin').relocateWarehouse({
          from: defaults.warehouse ?? '',
          to: 'file:///elsewhere/warehouse',
          apply: true,
        })
        expect(applied).toBe(true)
      },
      leavesOld: true,
      pointsMin: 20,
    }),
  120_000,
)

test.each([
  ['that is due no checkpoint', 100],
  ['that is due a checkpoint', 1],
])(
  'a process that dies in an append %s has made it or not',
  (_, checkpointEvery) =>
    sweep({
      checkpointEvery,
      work: async (catalog) => {
        const { metadata } = await catalog.client.loadTable('n.a')
        const base = { tableUuid: metadata['table-uuid'], schemaId: metadata['current-schema-id'] }
        const files = [await catalog.dataFile('n.a', 'second', 5)]
        const commit = { commitId: randomUUID(), mode: 'append' as const, files, base }
        await catalog.client.appendFiles('n.a', commit)
      },
      pointsMin: 12,
    }),
  60_000,
)

test(
  'a process that dies while a view is replaced leaves one of its versions',
  () =>
    withDirectory(async (root) => {
      await using catalog = await prepare(root)
      const version = (sql: string) => ({
        'version-id': 1,
        'schema-id': 0,
        'timestamp-ms': 1,
        summary: {},
        representations: [{ type: 'sql', sql, dialect: 'duckdb' }],
        'default-namespace': ['n'],
      })
      await catalog.client.createView('n', {
        name: 'v',
        schema,
        'view-version': version('SELECT 1'),
      })
      await using crashes = await crashStates(root, async () => {
        await catalog.client.replaceView('n.v', {
          updates: [
            { action: 'add-view-version', 'view-version': version('SELECT 2') },
            { action: 'set-current-view-version', 'view-version-id': -1 },
          ],
        })
      })
      const seen: number[] = []
      for (const state of crashes.states) {
        await using next = await openCatalog(state)
        const { metadata } = await next.client.loadView('n.v')
        seen.push(metadata['current-version-id'])
        const files = await readdir(join(state, 'warehouse/n/v/metadata'))
        expect(files).toHaveLength(metadata['current-version-id'])
      }
      expect(seen).toEqual(seen.toSorted())
      expect([seen[0], seen.at(-1)]).toEqual([1, 2])
    }),
  60_000,
)

test(
  'a process that dies in a commit of several writers has landed all of them or none',
  () =>
    sweep({
      groupsOf: 3,
      work: async (catalog) => {
        const { metadata } = await catalog.client.loadTable('n.a')
        const base = {
          tableUuid: metadata['table-uuid'],
          schemaId: metadata['current-schema-id'],
        }
        await Promise.all(
          ['x', 'y', 'z'].map(async (name) => {
            const files = [await catalog.dataFile('n.a', name, 10)]
            const commit = { commitId: randomUUID(), mode: 'append' as const, files, base }
            return catalog.client.appendFiles('n.a', { ...commit, contentKey: name })
          }),
        )
      },
      pointsMin: 12,
      checkpointEvery: 1,
    }),
  60_000,
)
