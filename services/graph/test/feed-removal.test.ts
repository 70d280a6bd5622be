import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limits } from '@hypermesh/contract'
import { Database } from '@hypermesh/engine'
import { systemClock } from '@hypermesh/kit'
import { expect, test } from 'vitest'
import { feedState } from '../src/feed/feed-state.ts'
import { type FeedSyncOptions, syncFeed } from '../src/feed/feed-sync.ts'
import { ServiceRows } from '../src/service-rows.ts'

/** More than go in one commit. */
const ownCount = 10_001

const state = feedState.parse({
  source: { table: 'main.empty', tableUuid: 'u', columns: [] },
  query: null,
  mapping: { time: 't', time_unit: 'us', members: [{ column: 'm' }], key: 'id', properties: {} },
  mode: 'manual',
  onBadRows: 'fail',
  ...{ snapshotId: null, partial: null, read: null, rows: 0, repeatedKeys: 0, syncedAt: null },
  badRows: { count: 0, samples: [] },
})

test('a removal of hyperedges of its own that ends midway goes on where the table has had no rows', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hypermesh-feed-'))
  try {
    await using engine = await Database.open(join(directory, 'graph.db'))
    const table = await engine.createTable('e')
    const own = Array.from({ length: ownCount }, (_, at) => ({ at, members: [at], key: `${at}` }))
    await table.insertMany(own)
    const rows = new ServiceRows(engine, 'hm_feeds', feedState)
    await rows.prepare()
    await engine.transaction((put) => rows.put(put, 'e', { before: undefined, state }))
    let commits = 0
    const options = {
      ...{ engine, rows, limits: limits.parse({}), table: 'e', timeUnit: 'ms', clock: systemClock },
      // All that is asked of a table without a snapshot.
      peers: { catalog: { loadTable: async () => ({ metadata: {} }) } } as never,
      ...{ signal: new AbortController().signal, isForced: false },
      wrote: () => {
        commits += 1
        if (commits === 1) throw new Error('the process ends here')
      },
    } satisfies FeedSyncOptions
    await expect(syncFeed(options)).rejects.toThrow('ends here')
    expect(await table.count()).toBeLessThan(ownCount)
    await syncFeed(options)
    expect([await table.count(), rows.get('e')?.state.syncedAt]).toEqual([0, expect.any(String)])
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
