import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { crashStates, type Platform, startPlatform } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { ForeignWriter, positionIds } from './_foreign-writer.ts'
import { readByIcebird } from './_icebird.ts'

const table = 'moved.t'

async function create({ clients, directory }: Platform): Promise<ForeignWriter> {
  await clients.writer.createNamespace({ namespace: ['moved'] })
  const fields = [{ id: 1, name: 'id', type: 'long', required: false }]
  await clients.writer.createTable('moved', { name: 't', schema: { type: 'struct', fields } })
  return ForeignWriter.open(clients.writer, directory, table)
}

const data = (from: number, to: number) =>
  ({
    content: 0,
    query: `SELECT i::BIGINT AS id FROM range(${from}, ${to}) t(i)`,
    fieldIds: '{id: 1}',
  }) as const
const positions = (...named: readonly (readonly [string, number])[]) => {
  const values = named.map(([path, at]) => `('${path}', ${at}::BIGINT)`)
  return {
    content: 1,
    query: `SELECT * FROM (VALUES ${values.join(', ')}) t(file_path, pos)`,
    fieldIds: positionIds,
  } as const
}

/** Two data files; delete files that name both, one by its reference and bounds, one in another spelling. */
async function fill(writer: ForeignWriter): Promise<number[]> {
  const [a = ''] = await writer.commit(data(0, 5))
  const [b = ''] = await writer.commit(data(5, 10))
  await writer.commit(positions([a, 1], ['file:///gone.parquet', 7], [b, 0]))
  const bounds = new Map([[2_147_483_546, Buffer.from(b)]])
  await writer.commit({
    ...positions([b, 4]),
    referencedFile: b,
    over: { lowerBounds: bounds, upperBounds: bounds },
  })
  const { fieldIds: _, ...byName } = positions([a.replace('file:///', 'file:/'), 0])
  await writer.commit(byName)
  return [2, 3, 4, 6, 7, 8]
}

const idsOf = async ({ clients }: Platform, suffix = '') =>
  (await clients.reader.sql(`SELECT id FROM ${table} ${suffix} ORDER BY id`)).rows.flat()

const uriOf = async ({ clients }: Platform) =>
  (await clients.admin.icebergConfig()).defaults.warehouse ?? ''

/** What the delete files that the newest snapshot names hold. */
async function namesIn(platform: Platform): Promise<string[]> {
  const { dataDirectory, files } = await dataFilesOf(platform)
  const deletes = files.filter((name) => name.endsWith('-deletes.parquet'))
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  const paths = deletes.map((name) => `'${join(dataDirectory, name)}'`).join(', ')
  const sql = `SELECT DISTINCT file_path FROM read_parquet([${paths}]) ORDER BY 1`
  const rows = (await duckdb.runAndReadAll(sql)).getRows()
  duckdb.disconnectSync()
  return rows.map(([name]) => String(name))
}

async function dataFilesOf({ directory }: { readonly directory: string }) {
  const dataDirectory = join(directory, 'warehouse/moved/t/data')
  return { dataDirectory, files: await readdir(dataDirectory) }
}

test('a table with deletes by position is relocated, for us and for an engine that knows the URIs alone', async () => {
  const base = await mkdtemp(join(tmpdir(), 'hypermesh-moved-'))
  try {
    const [old, moved] = [join(base, 'old'), join(base, 'new')]
    let expected: number[]
    let snapshots: unknown
    {
      await using platform = await startPlatform({ directory: old })
      expected = await fill(await create(platform))
      expect(await idsOf(platform)).toEqual(expected)
      snapshots = (await platform.clients.reader.tableHistory(table)).snapshots
    }
    await rename(old, moved)
    await using platform = await startPlatform({ directory: moved })
    expect(await idsOf(platform)).toEqual(expected)
    const request = { from: await uriOf(platform), to: `file://${moved}/warehouse` }
    const before = await dataFilesOf(platform)
    const planned = await platform.clients.admin.relocateWarehouse(request)
    const figures = { blockers: [], positionDeleteFiles: 3, dataFiles: 5 }
    expect(planned).toMatchObject({ applied: false, ...figures })
    expect(await dataFilesOf(platform)).toEqual(before)
    const done = await platform.clients.admin.relocateWarehouse({ ...request, apply: true })
    expect(done).toMatchObject({ applied: true, ...figures })
    expect(await idsOf(platform)).toEqual(expected)
    const theirs = (await readByIcebird(platform, table)).map(({ id }) => Number(id))
    expect(theirs.sort((x, y) => x - y)).toEqual(expected)
    expect((await platform.clients.reader.tableHistory(table)).snapshots).toEqual(snapshots)
    const root = fileURLToPath(request.to)
    const names = await namesIn(platform)
    expect(names).toHaveLength(3)
    expect(names.filter((name) => name !== 'file:///gone.parquet')).toEqual(
      [1, 2].map(() => expect.stringContaining(`file://${root}/moved/t/data/`)),
    )
    // It goes on from there: more deletes, and a second move.
    const writer = await ForeignWriter.open(platform.clients.writer, moved, table)
    const [c = ''] = await writer.commit(data(20, 23))
    await writer.commit(positions([c, 1]))
    const again = { from: request.to, to: 'file:///elsewhere/warehouse', apply: true }
    expect(await platform.clients.admin.relocateWarehouse(again)).toMatchObject({
      applied: true,
      positionDeleteFiles: 4,
    })
    expect(await idsOf(platform)).toEqual([...expected, 20, 22])
  } finally {
    await rm(base, { recursive: true, force: true })
  }
})

test('a move is not disturbed by others who ask meanwhile what it would do', async () => {
  await using platform = await startPlatform()
  const expected = await fill(await create(platform))
  const { admin } = platform.clients
  const request = { from: await uriOf(platform), to: 'file:///elsewhere/warehouse' }
  const ask = () => Promise.allSettled([1, 2, 3].map(() => admin.relocateWarehouse(request)))
  let isMoving = true
  const asking = (async () => {
    while (isMoving) await ask()
  })()
  const moving = admin.relocateWarehouse({ ...request, apply: true })
  const done = await moving.finally(() => {
    isMoving = false
  })
  await asking
  expect(done).toMatchObject({ applied: true, positionDeleteFiles: 3 })
  expect(await idsOf(platform)).toEqual(expected)
})

test.each([
  ['another format', { format: 'AVRO' }, 'position deletes of format avro'],
  ['a deletion vector', { format: 'PUFFIN' }, 'position deletes of format puffin'],
  ['other columns', { query: 'SELECT 1 AS a', fieldIds: '{a: 1}' }, 'no position delete file'],
  ['another number of rows', { over: { recordCount: 9 } }, 'its manifest says 9'],
])('deletes of %s are told beforehand, and then nothing changes', async (_, over, reason) => {
  await using platform = await startPlatform()
  const writer = await create(platform)
  const [a = ''] = await writer.commit(data(0, 5))
  await writer.commit({ ...positions([a, 1]), ...over })
  const request = { from: await uriOf(platform), to: 'file:///elsewhere/warehouse' }
  const { admin } = platform.clients
  const before = await dataFilesOf(platform)
  const { blockers } = await admin.relocateWarehouse(request)
  expect(blockers).toMatchObject([{ name: table, reason: expect.stringContaining(reason) }])
  const applying = admin.relocateWarehouse({ ...request, apply: true })
  await expect(applying).rejects.toMatchObject({ code: 'conflict' })
  expect([await uriOf(platform), await dataFilesOf(platform)]).toEqual([request.from, before])
})

test('a process that dies while deletes are written anew leaves the table as it was, or moved', async () => {
  await using platform = await startPlatform()
  const expected = await fill(await create(platform))
  const start = await uriOf(platform)
  const to = 'file:///elsewhere/warehouse'
  const before = (await dataFilesOf(platform)).files.length
  await using crashes = await crashStates(platform.directory, async () => {
    await platform.clients.admin.relocateWarehouse({ from: start, to, apply: true })
  })
  expect(crashes.points.length).toBeGreaterThan(20)
  const seen = new Set<string>()
  for (const [at, directory] of crashes.states.entries()) {
    // The catalog's own sweep looks at each; here a whole platform reads the rows.
    if (at % 4 !== 0 && at !== crashes.states.length - 1) continue
    await using next = await startPlatform({ directory })
    const uri = await uriOf(next)
    seen.add(uri)
    const { files } = await dataFilesOf(next)
    expect([at, await idsOf(next), files.length]).toEqual([
      at,
      expected,
      uri === to ? before + 3 : before,
    ])
  }
  expect(seen).toEqual(new Set([start, to]))
}, 240_000)
