import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { GraphSimilarRequest } from '@hypermesh/contract'
import { type Platform, startPlatform, topologies } from '@hypermesh/testing'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const edge = (index: number) => ({
  at: new Date(Date.UTC(2024, 0, 1, 0, 0, 0, index)).toISOString().replace('Z', '001Z'),
  members: [{ node: `n${index}`, role: 'who' }, 7],
  label: index % 2 === 0 ? 'even' : null,
  key: `k${index}`,
  props: { amount: index, big: { int: '9007199254740993' }, seen: '2024-05-06T07:08:09.123456Z' },
})

describe.each(topologies)('%s', (topology) => {
  let platform: Platform

  beforeAll(async () => {
    platform = await startPlatform({
      topology,
      network: topology === 'split',
      config: { graph: { followMs: 20 } },
    })
    await platform.clients.admin.createGraphDatabase('g')
    const properties = { amount: 'int64', big: 'int64', seen: 'timestamp', key: 'string' } as const
    for (const table of ['e1', 'e2', 'e3', 'e4', 'e5']) {
      await platform.clients.writer.createGraphTable('g', { table, properties })
    }
  })

  afterAll(async () => {
    await platform[Symbol.asyncDispose]()
  })

  const keysOf = async (table: string) => {
    const { rows } = await platform.clients.reader.sql(`SELECT key FROM ${table} ORDER BY id`)
    return rows.map(([key]) => key)
  }
  const insert = (table: string, from: number, to: number) => {
    const hyperedges = Array.from({ length: to - from }, (_, at) => edge(from + at))
    return platform.clients.writer.insertHyperedges(`g.${table}`, { hyperedges })
  }

  test('a hyperedge table is read as an Iceberg table, by us and by others', async () => {
    const { writer } = platform.clients
    await insert('e1', 0, 3)
    const published = await writer.putGraphPublication('g.e1', { table: 'main.p1' })
    expect(published).toMatchObject({ state: 'current', last_write: 'overwrite', table: 'main.p1' })
    const { rows, columns } = await writer.sql('SELECT * FROM main.p1 ORDER BY id')
    expect(columns).toEqual([
      { name: 'id', type: 'BIGINT' },
      { name: 'event_ts', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'until', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'members', type: 'VARCHAR[]' },
      { name: 'roles', type: 'VARCHAR[]' },
      { name: 'weight', type: 'DOUBLE' },
      { name: 'label', type: 'VARCHAR' },
      { name: 'key', type: 'VARCHAR' },
      { name: 'commit_seq', type: 'BIGINT' },
      { name: 'amount', type: 'BIGINT' },
      { name: 'big', type: 'BIGINT' },
      { name: 'seen', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'props.key', type: 'VARCHAR' },
    ])
    expect(rows[1]?.slice(1, 8)).toEqual([
      ...['2024-01-01T00:00:00.001001Z', null, ['n1', '7'], ['who', null], 1, null, 'k1'],
    ])
    expect(rows[1]?.slice(9)).toEqual([1, '9007199254740993', '2024-05-06T07:08:09.123456Z', null])
    const data = join(platform.directory, 'warehouse', 'main', 'p1', 'data')
    const [name = ''] = (await readdir(data)).filter((file) => file.endsWith('.parquet'))
    const read = await parquetReadObjects({
      file: await asyncBufferFromFile(join(data, name)),
      compressors,
    })
    expect(read.map(({ key, members, big }) => [key, members, big])).toEqual(
      [0, 1, 2].map((at) => [`k${at}`, [`n${at}`, '7'], 9007199254740993n]),
    )
  })

  test('what is new is appended; what changed or went writes all anew; nothing writes nothing', async () => {
    const { writer } = platform.clients
    await insert('e2', 0, 3)
    await writer.putGraphPublication('g.e2', { table: 'main.p2', mode: 'manual' })
    await insert('e2', 3, 5)
    expect(await writer.getGraphPublication('g.e2')).toMatchObject({ state: 'behind' })
    const appended = await writer.syncGraphPublication('g.e2')
    expect(appended).toMatchObject({ state: 'current', last_write: 'append' })
    expect(await keysOf('main.p2')).toEqual(['k0', 'k1', 'k2', 'k3', 'k4'])
    const again = await writer.syncGraphPublication('g.e2')
    expect(again.snapshot_id).toBe(appended.snapshot_id)
    const { hyperedges } = await writer.listHyperedges('g.e2', { key: 'k1' })
    const id = hyperedges[0]?.id ?? 0
    await writer.updateHyperedges('g.e2', { changes: [{ id, label: 'changed' }] })
    expect(await writer.syncGraphPublication('g.e2')).toMatchObject({ last_write: 'overwrite' })
    const { rows } = await writer.sql(`SELECT label FROM main.p2 WHERE key = 'k1'`)
    expect(rows).toEqual([['changed']])
    await writer.deleteHyperedges('g.e2', { ids: [id] })
    await writer.syncGraphPublication('g.e2')
    expect(await keysOf('main.p2')).toEqual(['k0', 'k2', 'k3', 'k4'])
    await writer.deleteGraphPublication('g.e2')
    await expect(writer.getGraphPublication('g.e2')).rejects.toMatchObject({ code: 'not_found' })
    expect(await keysOf('main.p2')).toHaveLength(4)
  })

  test('a compaction brings it up to date, and an empty table is one', async () => {
    const { writer } = platform.clients
    await writer.putGraphPublication('g.e3', { table: 'main.p3' })
    expect(await keysOf('main.p3')).toEqual([])
    await insert('e3', 0, 2)
    await writer.compactGraphDatabase('g')
    await expect.poll(() => keysOf('main.p3')).toEqual(['k0', 'k1'])
    const { hyperedges } = await writer.listHyperedges('g.e3')
    await writer.deleteHyperedges('g.e3', { ids: hyperedges.map(({ id }) => id ?? 0) })
    await writer.syncGraphPublication('g.e3')
    expect(await keysOf('main.p3')).toEqual([])
  })

  test('what is there is not written over unasked, and texts are no numbers', async () => {
    const { writer } = platform.clients
    await writer.ingest('main.taken', { body: 'a\n1\n', format: 'csv' })
    await insert('e4', 0, 1)
    const request = { table: 'main.taken' }
    await expect(writer.putGraphPublication('g.e4', request)).rejects.toMatchObject({
      code: 'exists',
    })
    const numbers = { table: 'main.p4', nodes: 'number' } as const
    await expect(writer.putGraphPublication('g.e4', numbers)).rejects.toMatchObject({
      ...{ code: 'type_mismatch', details: { reason: 'text-node' } },
    })
    await expect(writer.putGraphPublication('g.e4', { table: '../x' })).rejects.toMatchObject({
      code: 'invalid_name',
    })
    await expect(writer.putGraphPublication('g.none', numbers)).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  test('a table made anew under the name is published to again once that is said', async () => {
    const { writer } = platform.clients
    await insert('e5', 0, 1)
    const request = { table: 'main.p5', mode: 'manual' } as const
    await writer.putGraphPublication('g.e5', request)
    await writer.dropTable('main.p5')
    await writer.ingest('main.p5', { body: 'key\nmine\n', format: 'csv' })
    await expect(writer.syncGraphPublication('g.e5')).rejects.toMatchObject({
      details: { reason: 'table-replaced' },
    })
    await expect(writer.putGraphPublication('g.e5', request)).rejects.toMatchObject({
      code: 'exists',
    })
    const { rows } = await writer.sql('SELECT key FROM main.p5')
    expect(rows).toEqual([['mine']])
    const again = await writer.putGraphPublication('g.e5', { ...request, replace: true })
    expect(again).toMatchObject({ state: 'current', last_write: 'overwrite' })
    expect(await keysOf('main.p5')).toEqual(['k0'])
    await writer.dropTable('main.p5')
    await writer.putGraphPublication('g.e5', request)
    expect(await keysOf('main.p5')).toEqual(['k0'])
  })

  test('nodes near a text or a node, and what is reached from them, in one call', async () => {
    const { writer, reader } = platform.clients
    await writer.createGraphTable('g', { table: 'meets' })
    const meets = [
      { at: '2024-01-01', members: ['cat', 'milk'] },
      { at: '2024-01-02', members: ['milk', 'cow'] },
      { at: '2024-01-03', members: ['car', 'road'] },
    ]
    await writer.insertHyperedges('g.meets', { hyperedges: meets })
    await writer.createVectorIndex('things', { dimension: 2, metric: 'l2' })
    const points = [
      { id: 'cat', vector: [1, 0] },
      { id: 'kitten', vector: [0.9, 0.1] },
      { id: 'car', vector: [-1, 0] },
    ]
    await writer.writePoints('things', { points })
    const near = { index: 'things', k: 2 }
    const found = await reader.similarNodes('g', {
      ...{ ...near, vector: [1, 0], expand: { table: 'meets', hops: 2 } },
    })
    expect(found.similar.map(({ node }) => node)).toEqual(['cat', 'kitten'])
    expect(found.reached).toEqual([
      {
        ...{ node: 'milk', hop: 1, event_ts: '2024-01-01T00:00:00.000Z', from: 'cat', seed: 'cat' },
        hyperedge: expect.any(Number),
      },
      {
        ...{ node: 'cow', hop: 2, event_ts: '2024-01-02T00:00:00.000Z', from: 'milk', seed: 'cat' },
        hyperedge: expect.any(Number),
      },
    ])
    const others = await reader.similarNodes('g', { ...near, k: 1, node: 'cat' })
    expect(others.similar.map(({ node }) => node)).toEqual(['kitten'])
    expect(others.reached).toBeUndefined()
    const wrong: [GraphSimilarRequest, string][] = [
      [{ ...near, node: 'nobody' }, 'not_found'],
      [near, 'invalid'],
      [{ ...near, vector: [1, 0], text: 'x' }, 'invalid'],
      [{ ...near, vector: [1, 0], expand: { table: 'nowhere' } }, 'not_found'],
      [{ ...near, vector: [1, 0], expand: { table: 'hm_tables' } }, 'invalid_name'],
      [{ ...near, k: 100_000, vector: [1, 0] }, 'too_large'],
      [{ index: 'nowhere', vector: [1, 0] }, 'not_found'],
    ]
    for (const [request, code] of wrong) {
      await expect(reader.similarNodes('g', request)).rejects.toMatchObject({ code })
    }
  })
})
