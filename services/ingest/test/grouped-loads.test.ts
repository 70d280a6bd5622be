import { expect, test } from 'vitest'
import { openPlatform, withDirectory } from './_platform.ts'

const csv = (rows: readonly number[]) =>
  ({ body: `a\n${rows.map((row) => `${row}\n`).join('')}`, format: 'csv' }) as const

test('small loads at once land as one commit, each with its own receipt', () =>
  withDirectory(async (root) => {
    await using platform = await openPlatform(root, { groupsOf: 6 })
    const { client } = platform
    await client.ingest('n.t', csv([0]))
    const loads = Array.from({ length: 12 }, (_, load) =>
      Array.from({ length: load + 1 }, (_unused, row) => load * 100 + row + 1),
    )
    const receipts = await Promise.all(loads.map((rows) => client.ingest('n.t', csv(rows))))
    expect(receipts.map(({ rows }) => rows)).toEqual(loads.map((rows) => rows.length))
    expect(receipts.every(({ files, result }) => files === 1 && result === 'committed')).toBe(true)
    const { snapshots } = await client.tableHistory('n.t')
    expect(snapshots.map((snapshot) => snapshot.filesAdded)).toEqual([6, 6, 1])
    const ids = new Set(receipts.map(({ snapshotId }) => snapshotId))
    expect(ids).toEqual(new Set(snapshots.slice(0, 2).map((snapshot) => snapshot.snapshotId)))
    expect((await client.listTables()).tables).toMatchObject([{ rows: 79, files: 13 }])
    expect(await platform.leftovers()).toEqual([])
  }))

test('in a group the same bytes land once, and a load that cannot be read fails alone', () =>
  withDirectory(async (root) => {
    await using platform = await openPlatform(root, { groupsOf: 3 })
    const { client } = platform
    await client.ingest('n.t', csv([0]))
    const key = { idempotencyKey: 'k' }
    const results = await Promise.allSettled([
      client.ingest('n.t', csv([1])),
      client.ingest('n.t', csv([1])),
      client.ingest('n.t', csv([2]), key),
      client.ingest('n.t', { body: '{"a":', format: 'ndjson' }),
    ])
    const outcomes = results.map((each) =>
      each.status === 'fulfilled' ? each.value.result : each.reason.code,
    )
    expect(outcomes.slice(0, 2).sort()).toEqual(['already-loaded', 'committed'])
    expect(outcomes.slice(2)).toEqual(['committed', 'invalid'])
    expect(await client.ingest('n.t', csv([1]))).toMatchObject({ result: 'already-loaded' })
    const again = await client.ingest('n.t', csv([2]), key)
    const first = results[2]?.status === 'fulfilled' ? results[2].value : undefined
    expect({ ...again, elapsedMs: 0 }).toEqual({ ...first, elapsedMs: 0 })
    const { tables } = await client.listTables()
    expect(tables).toMatchObject([{ rows: 3, files: 3 }])
    const data = (await platform.warehouseFiles()).filter((path) => path.endsWith('.parquet'))
    expect(data).toHaveLength(3)
  }))
