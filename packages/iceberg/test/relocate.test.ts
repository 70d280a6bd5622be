import { icebergRead } from 'icebird'
import { expect, test } from 'vitest'
import { applyUpdates, currentSchema, relocateTable, Warehouse } from '../src/index.ts'
import { readManifest, readManifestList } from '../src/manifest-reader.ts'
import { copyFile, openDuckDb } from './_duckdb.ts'
import { serveFiles } from './_file-server.ts'
import { openLake, plainEntry, type TestLake } from './_lake.ts'

const schema = {
  type: 'struct' as const,
  fields: [
    { id: 1, name: 'id', type: 'long', required: false },
    { id: 2, name: 'name', type: 'string', required: false },
  ],
}

function relocate(
  lake: TestLake,
  metadata: Parameters<typeof relocateTable>[0]['metadata'],
  uri: string,
) {
  const target = new Warehouse(lake.warehouse.store, uri)
  const written: string[] = []
  const moved = relocateTable({
    warehouse: lake.warehouse,
    target,
    metadata,
    token: 'moved',
    nowMs: lake.nowMs,
    rewritePositions: async ({ from }) => {
      throw new Error(`${from} is not expected`)
    },
    put: async (to, body) => {
      written.push(to)
      await target.store.put(target.toKey(to), body, { ifNoneMatch: '*' })
    },
  })
  return { target, written, moved }
}

test('an engine that goes by the URIs alone reads a relocated table, today and as it was', async () => {
  await using lake = await openLake()
  await using server = await serveFiles(lake.root)
  const duckdb = await openDuckDb()
  const partition = { fields: [{ 'source-id': 1, name: 'b', transform: 'truncate[10]' }] }
  let metadata = lake.create({ schema, 'partition-spec': partition })
  const first = currentSchema(metadata)
  for (const [name, from] of [
    ['a', 0],
    ['b', 10],
    ['c', 20],
  ] as const) {
    const uri = `${metadata.location}/data/${name}.parquet`
    const query = `SELECT i AS id, 'n' || i AS name FROM range(${from}, ${from + 10}) t(i)`
    const entry = await copyFile(duckdb, { lake, schema: first, uri, query })
    metadata = (await lake.commit(metadata, 'append', [entry])).metadata
  }
  const before = structuredClone(metadata)
  const { moved, target, written } = relocate(lake, metadata, `${server.url}/warehouse`)
  const { metadata: next, ...figures } = await moved
  expect(metadata).toEqual(before)
  expect(figures).toMatchObject({ manifests: 3, manifestLists: 3 })
  expect([figures.dataFiles.size, written.length]).toEqual([3, 6])
  expect(JSON.stringify(next)).not.toContain('file://')
  const rows = await icebergRead({ tableUrl: next.location, metadata: next as never })
  expect(rows.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 30 }, (_, index) => index),
  )
  for (const [index, snapshot] of (next.snapshots ?? []).entries()) {
    const old = { warehouse: lake.warehouse }
    const was = await readManifestList(old, metadata.snapshots?.[index] ?? snapshot)
    const is = await readManifestList({ warehouse: target }, snapshot)
    expect(is.map(({ path, bytes, ...rest }) => rest)).toEqual(
      was.map(({ path, bytes, ...rest }) => rest),
    )
    for (const [at, manifest] of is.entries()) {
      const entries = await readManifest({ warehouse: target }, manifest)
      const held = await readManifest(old, was[at] ?? manifest)
      const plain = (all: typeof held) =>
        all.map(({ file: { path, ...file }, ...rest }) => ({ ...rest, file }))
      expect(plain(entries)).toEqual(plain(held))
    }
  }
})

test('a table that names a file outside of the warehouse is refused', async () => {
  await using lake = await openLake()
  const created = lake.create({ schema })
  const { metadata } = await lake.commit(created, 'append', [
    plainEntry(`${created.location}/data/a.parquet`),
  ])
  const strange = applyUpdates(
    metadata,
    [
      {
        action: 'set-statistics',
        statistics: {
          'snapshot-id': metadata['current-snapshot-id'] ?? 0,
          'statistics-path': 's3://elsewhere/x.puffin',
          'file-size-in-bytes': 1,
          'file-footer-size-in-bytes': 1,
          'blob-metadata': [],
        },
      },
    ],
    { nowMs: lake.nowMs },
  )
  await expect(relocate(lake, strange, 'file:///x').moved).rejects.toMatchObject({
    code: 'invalid',
  })
})
