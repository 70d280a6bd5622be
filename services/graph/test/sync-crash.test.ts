import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { HyperMeshClient } from '@hypermesh/client'
import { type Platform, runChild, startPlatform, temporaryDirectory } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

// Each starts several processes, which a busy machine is slow at.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

const child = new URL('./_sync-child.ts', import.meta.url)

/** Three pages of a feed, which are three commits. */
const sourceRows = 12_000
const keyedRows = 6000
const publishedRows = 2000

/** Made once: each process dies on a copy of it. */
let prepared: Awaited<ReturnType<typeof temporaryDirectory>>

beforeAll(async () => {
  prepared = await temporaryDirectory()
  await using platform = await startPlatform({ directory: join(prepared.path, 'data') })
  const { admin, writer } = platform.clients
  await admin.createGraphDatabase('g')
  for (const table of ['appended', 'keyed', 'published']) {
    await writer.createGraphTable('g', { table, properties: { amount: 'int64' } })
  }
  const load = (table: string, rows: number, from: number) => {
    const lines = Array.from({ length: rows }, (_, at) => `${from + at},${1e12 + at},${from}`)
    const body = `id,t,amount\n${lines.join('\n')}\n`
    return writer.ingest(table, { body, format: 'csv', mode: from === 0 ? 'append' : 'overwrite' })
  }
  const mapping = {
    ...{ time: 't', members: [{ column: 'id' }], properties: { amount: 'amount' } },
    mode: 'manual',
  } as const
  await load('main.source', sourceRows, 0)
  await writer.putGraphFeed('g.appended', { ...mapping, table: 'main.source' })
  // Of the second load some keys are known, some are new, and some of before are gone.
  await load('main.keyed_source', keyedRows, 0)
  await writer.putGraphFeed('g.keyed', { ...mapping, table: 'main.keyed_source', key: 'id' })
  await writer.syncGraphFeed('g.keyed')
  await load('main.keyed_source', keyedRows, 1000)
  await insert(writer, 0)
  const published = { table: 'main.published', nodes: 'number', mode: 'manual' } as const
  await writer.putGraphPublication('g.published', published)
  await insert(writer, publishedRows)
})

afterAll(() => prepared[Symbol.asyncDispose]())

function insert(writer: HyperMeshClient, from: number) {
  const hyperedges = Array.from({ length: publishedRows }, (_, at) => ({
    ...{ at: from + at, members: [from + at, 1_000_000], key: `k${from + at}` },
    props: { amount: at },
  }))
  return writer.insertHyperedges('g.published', { hyperedges })
}

/**
 * A process brings a copy of what is prepared up to date and dies at a point, or at none; a platform
 * that starts on what it has left is looked at. Returns the points that it came to.
 */
async function dieAt(
  step: string,
  point: string,
  look: (platform: Platform) => Promise<void>,
): Promise<string[]> {
  await using copies = await temporaryDirectory()
  const directory = join(copies.path, 'data')
  await cp(join(prepared.path, 'data'), directory, { recursive: true })
  const { killed, printed } = await runChild(child, [directory, step, point])
  const points = printed.trim().split('\n')
  expect({ killed, last: points.at(-1) }).toEqual(
    point === '' ? { killed: false, last: 'acknowledged' } : { killed: true, last: point },
  )
  await using platform = await startPlatform({ directory })
  await look(platform)
  return points
}

/** How many rows only the one has, how many only the other, as often as they are there, and all of one. */
async function compare({ clients }: Platform, one: string, other: string): Promise<unknown> {
  const sql = `SELECT (SELECT count(*) FROM (${one} EXCEPT ALL ${other})),
    (SELECT count(*) FROM (${other} EXCEPT ALL ${one})), (SELECT count(*) FROM (${one}))`
  return (await clients.reader.sql(sql)).rows[0]
}

const feeds = [
  ['appended', 'main.source', sourceRows, ['commit:before#2', 'commit:amid#2', 'commit:after#3']],
  ['keyed', 'main.keyed_source', keyedRows, ['commit:after#1', 'commit:before#3']],
] as const

test.concurrent.each(feeds)(
  'killed in the sync of a feed (%s), it has each row once after the next',
  async (step, source, rows, points) => {
    const theirs = `SELECT id, epoch_ms(t)::TIMESTAMPTZ, amount FROM ${source}`
    const ours = `SELECT node, event_ts, amount FROM members('g.${step}')`
    for (const point of points) {
      await dieAt(step, point, async (platform) => {
        const { writer, reader } = platform.clients
        if (step === 'appended') {
          // What is said to be in is in.
          const said = await reader.getGraphFeed('g.appended')
          const found = await reader.sql(`SELECT count(*), count(DISTINCT node) FROM (${ours})`)
          expect(found.rows).toEqual([[said.rows, said.rows]])
        }
        const synced = await writer.syncGraphFeed(`g.${step}`)
        expect(synced).toMatchObject({ state: 'current', rows, partial: null })
        expect(await compare(platform, ours, theirs)).toEqual([0, 0, rows])
      })
    }
  },
)

test.concurrent('killed in the sync of a publication, the table has each hyperedge once after the next', async () => {
  const theirs = `SELECT id, event_ts, members, key, amount FROM main.published`
  const ours = `SELECT id, event_ts, members, key, amount FROM hyperedges('g.published')`
  const outcomes: string[] = []
  const writes: unknown[] = []
  const look = async (platform: Platform) => {
    const { writer, reader } = platform.clients
    const { rows } = await reader.sql(`SELECT count(*) FROM main.published`)
    outcomes.push(rows[0]?.[0] === publishedRows ? 'not' : 'done')
    const synced = await writer.syncGraphPublication('g.published')
    expect(synced).toMatchObject({ state: 'current' })
    writes.push(synced.last_write)
    expect(await compare(platform, ours, theirs)).toEqual([0, 0, 2 * publishedRows])
    // One append more than what was prepared, or all anew beside it, and none again.
    const again = await writer.syncGraphPublication('g.published')
    const { metadata } = await reader.loadTable('main.published')
    expect(metadata.snapshots).toHaveLength(synced.last_write === 'append' ? 2 : 3)
    expect(again.snapshot_id).toBe(synced.snapshot_id)
  }
  const passed = await dieAt('publication', '', look)
  // The last file that is linked into place is the record of the catalog's log.
  const record = passed.findLast((point) => point.startsWith('link:before')) ?? 'none'
  const noted = 'commit:after#1'
  for (const point of [noted, record, 'commit:before#2']) {
    await dieAt('publication', point, look)
  }
  expect(outcomes).toEqual(['done', 'not', 'not', 'done'])
  // Written, but not noted: whose rows there are more is not known then.
  expect(writes).toEqual(['append', 'append', 'append', 'overwrite'])
})
