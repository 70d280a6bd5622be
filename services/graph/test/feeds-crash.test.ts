import { basename, join } from 'node:path'
import { copyLiving, startPlatform, temporaryDirectory } from '@hypermesh/testing'
import { expect, test } from 'vitest'

const rowCount = 22_000

test('copied amid a reading, as a crash leaves it, a feed goes on to each row once', {
  timeout: 120_000,
}, async () => {
  await using platform = await startPlatform()
  await using copies = await temporaryDirectory()
  const { admin, writer } = platform.clients
  const rows = Array.from({ length: rowCount }, (_, id) => `${id},${1_700_000_000_000 + id}`)
  await writer.ingest('main.t', { body: `id,t\n${rows.join('\n')}\n`, format: 'csv' })
  await admin.createGraphDatabase('g')
  await writer.createGraphTable('g', { table: 'e' })
  const members = [{ column: 'id' }]
  await writer.putGraphFeed('g.e', { table: 'main.t', time: 't', members, mode: 'manual' })
  const syncing = writer.syncGraphFeed('g.e')
  await expect
    .poll(async () => (await writer.getGraphFeed('g.e')).rows, { interval: 5 })
    .not.toBe(0)
  const copy = join(copies.path, 'data')
  copyLiving(platform.directory, copy, (path) => basename(path) !== 'tmp')
  await syncing
  await using again = await startPlatform({ directory: copy })
  const before = await again.clients.reader.getGraphFeed('g.e')
  const count = async () =>
    (await again.clients.reader.aggregateHyperedges('g.e', { measures: { n: 'count' } })).groups
  // What is said to be in is in.
  expect(await count()).toEqual([{ n: before.rows }])
  await again.clients.writer.syncGraphFeed('g.e')
  const sql = `SELECT count(*), count(DISTINCT node) FROM members('g.e')`
  expect((await again.clients.reader.sql(sql)).rows).toEqual([[rowCount, rowCount]])
})
