import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChild, startPlatform } from '@hypermesh/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'

const loads = 200
const child = new URL('_append-child.ts', import.meta.url)
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hypermesh-race-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function loadInProcess(name: string): Promise<{ result: string; snapshotId: number }[]> {
  const { printed } = await runChild(child, [directory, name, loads])
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('two processes that append to one table 200 times each lose nothing', async () => {
  // Each process opens the directory while the other may be creating it.
  const receipts = (await Promise.all([loadInProcess('ann'), loadInProcess('ben')])).flat()
  expect(receipts).toHaveLength(2 * loads)
  expect(new Set(receipts.map((receipt) => receipt.result))).toEqual(new Set(['committed']))

  await using platform = await startPlatform({ directory })
  const { snapshots } = await platform.clients.reader.tableHistory('race.rows')
  expect(snapshots).toHaveLength(2 * loads)
  // Newest first: each names the next one as its parent, down to the first, which has none.
  expect(snapshots.map((entry) => entry.parentId)).toEqual([
    ...snapshots.slice(1).map((entry) => entry.snapshotId),
    null,
  ])
  expect(snapshots.map((entry) => entry.rowsTotal)).toEqual(
    snapshots.map((_, index) => 2 * loads - index),
  )
  expect(new Set(snapshots.map((entry) => entry.snapshotId))).toEqual(
    new Set(receipts.map((receipt) => receipt.snapshotId)),
  )
  const { rows } = await platform.clients.reader.sql(
    'SELECT who, count(*), count(DISTINCT load), min(load), max(load) FROM race.rows GROUP BY who ORDER BY who',
  )
  expect(rows).toEqual([
    ['ann', loads, loads, 0, loads - 1],
    ['ben', loads, loads, 0, loads - 1],
  ])
  const files = await readdir(join(directory, 'warehouse/race/rows/data'))
  expect(files).toHaveLength(2 * loads)
}, 300_000)
