import type { HyperMeshClient } from '@hypermesh/client'
import { HyperMeshError } from '@hypermesh/contract'
import { Database } from '@hypermesh/engine'
import { systemClock } from '@hypermesh/kit'
import { type Platform, startPlatform, temporaryDirectory } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GraphDatabase } from '../src/graph-database.ts'
import { publicationState } from '../src/publication/publication-state.ts'
import { syncPublication } from '../src/publication/publication-sync.ts'
import { publishedColumns, toIcebergSchema } from '../src/publication/published-columns.ts'
import { ServiceRows } from '../src/service-rows.ts'

type Ingest = HyperMeshClient['ingest']

let platform: Platform
let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let engine: Database
let count = 0

beforeAll(async () => {
  // Receipts are forgotten as soon as another has come.
  platform = await startPlatform({ config: { limits: { idempotencyKeysMax: 1 } } })
  await platform.clients.writer.createNamespace({ namespace: ['main'] })
  directory = await temporaryDirectory()
  engine = await Database.open(`${directory.path}/d`, { create: true, timeUnit: 'ms' })
})

afterAll(async () => {
  await engine.close()
  await directory[Symbol.asyncDispose]()
  await platform[Symbol.asyncDispose]()
})

/** A hyperedge table with `k1`, published as a table of its own. */
async function setUp(historyMs: number | null = null) {
  const { writer } = platform.clients
  count += 1
  const [name, target] = [`e${count}`, `main.p${count}`]
  await engine.createTable(name, { properties: {}, historyMs })
  const schema = toIcebergSchema(publishedColumns(engine.table(name).schema, 'text'))
  await writer.createTable('main', { name: `p${count}`, schema })
  const rows = new ServiceRows(engine, 'hm_publications', publicationState)
  await rows.prepare()
  const tableUuid = (await writer.loadTable(target)).metadata['table-uuid']
  const state = publicationState.parse({
    ...{ database: 'g', table: target, tableUuid, nodes: 'text', mode: 'manual' },
    ...{ seq: null, pending: null, snapshotId: null, lastWrite: null, publishedAt: null },
  })
  await engine.transaction((transaction) => {
    rows.put(transaction, name, { before: undefined, state })
  })
  const insert = (key: string) => engine.table(name).insertMany([{ at: 1, members: ['a'], key }])
  const sync = (ingest: Ingest = writer.ingest, signal = new AbortController().signal) => {
    // What of them a sync uses.
    const database = { name: 'g', engine, table: () => engine.table(name) } as unknown
    const peers = { catalog: writer, query: writer, ingest: { ingest } as HyperMeshClient }
    return syncPublication({
      ...{ database: database as GraphDatabase, table: name, rows, peers, signal },
      ...{ clock: systemClock, timeoutMs: 60_000 },
    })
  }
  const shown = async () => (await writer.sql(`SELECT key FROM ${target} ORDER BY key`)).rows.flat()
  await insert('k1')
  return { writer, target, insert, sync, shown, now: () => rows.get(name)?.state }
}

const down = new HyperMeshError('unavailable', 'no answer')
const answerLost: Ingest = async (...call) => {
  await platform.clients.writer.ingest(...call)
  throw down
}
const neverSent: Ingest = async () => {
  throw down
}

test('what was begun is not sent to another table of that name, nor one made where it went', async () => {
  const { writer, target, sync, shown } = await setUp()
  await expect(sync(neverSent)).rejects.toBe(down)
  await writer.dropTable(target)
  await expect(sync()).rejects.toMatchObject({ code: 'not_found' })
  expect(await writer.tableExists(target)).toBe(false)
  await writer.ingest(target, { body: 'key\nprecious\n', format: 'csv' })
  await expect(sync()).rejects.toMatchObject({ details: { reason: 'table-replaced' } })
  expect(await shown()).toEqual(['precious'])
})

test('an append whose answer was lost is there once, though going on was broken off', async () => {
  const { insert, sync, shown, now } = await setUp()
  await sync()
  await insert('k2')
  await expect(sync(answerLost)).rejects.toBe(down)
  expect(now()).toMatchObject({ pending: { mode: 'append' } })
  const stop = new AbortController()
  const stopping: Ingest = (table, load, options) => {
    stop.abort(down)
    return platform.clients.writer.ingest(table, load, options)
  }
  await expect(sync(stopping, stop.signal)).rejects.toMatchObject({ code: 'cancelled' })
  await sync()
  expect(await shown()).toEqual(['k1', 'k2'])
})

test('an append that is broken off by the stop is gone on with, not forgotten', async () => {
  const { insert, sync, shown, now } = await setUp()
  await sync()
  await insert('k2')
  const stop = new AbortController()
  const stopping: Ingest = (table, load, options) => {
    stop.abort(down)
    return platform.clients.writer.ingest(table, load, options)
  }
  await expect(sync(stopping, stop.signal)).rejects.toMatchObject({ code: 'cancelled' })
  expect(now()?.pending).toMatchObject({ mode: 'append' })
  await sync()
  expect(await shown()).toEqual(['k1', 'k2'])
  expect(now()).toMatchObject({ pending: null, lastWrite: 'append' })
})

test('an append whose answer was lost is there once, though its receipt is forgotten', async () => {
  const { writer, insert, sync, shown } = await setUp()
  await sync()
  await insert('k2')
  await expect(sync(answerLost)).rejects.toBe(down)
  for (const idempotencyKey of ['o1', 'o2', 'o3']) {
    const load = { body: `a\n${idempotencyKey}\n`, format: 'csv' } as const
    await writer.ingest('main.other', load, { idempotencyKey })
  }
  await sync()
  expect(await shown()).toEqual(['k1', 'k2'])
})

test('rows of others in the table do not stay, and what was taken out of it comes again', async () => {
  const { writer, target, insert, sync, shown, now } = await setUp()
  await sync()
  await writer.ingest(target, { body: 'id,key\n999,foreign\n', format: 'csv', mode: 'append' })
  await insert('k2')
  await sync()
  expect(await shown()).toEqual(['k1', 'k2'])
  await writer.ingest(target, { body: 'id,key\n', format: 'csv', mode: 'overwrite' })
  await insert('k3')
  await sync()
  expect(await shown()).toEqual(['k1', 'k2', 'k3'])
  await insert('k4')
  await sync()
  expect(now()).toMatchObject({ lastWrite: 'append' })
  expect(await shown()).toEqual(['k1', 'k2', 'k3', 'k4'])
})

test('a compaction while rows are sent takes nothing of what is being sent', async () => {
  const { writer, insert, sync, shown } = await setUp(0)
  const racing: Ingest = async (table, load, options) => {
    await insert('later')
    await engine.compact()
    return writer.ingest(table, load, options)
  }
  await sync(racing)
  expect(await shown()).toEqual(['k1'])
  await sync()
  expect(await shown()).toEqual(['k1', 'later'])
})
