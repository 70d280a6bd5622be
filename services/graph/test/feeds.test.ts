import type { GraphFeedRequest, GraphHyperedge } from '@hypermesh/contract'
import { type Platform, startPlatform, topologies } from '@hypermesh/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

interface Row {
  readonly id: number | null
  readonly t: string | null
  readonly who: string | null
  readonly files?: readonly (string | null)[] | null
  readonly lines?: number | null
}

const row = (id: number, lines: number | null = id): Row => ({
  id,
  t: `2024-01-0${1 + (id % 9)}T00:00:00Z`,
  who: `user${id % 3}`,
  files: [`f${id}`, null, `f${id + 1}`, `f${id}`],
  lines,
})
const types = { id: 'BIGINT', t: 'TIMESTAMPTZ', files: 'VARCHAR[]', lines: 'BIGINT' }

describe.each(topologies)('%s', (topology) => {
  let platform: Platform
  let count = 0

  beforeAll(async () => {
    platform = await startPlatform({
      topology,
      network: topology === 'split',
      config: { graph: { followMs: 20 } },
    })
    await platform.clients.admin.createGraphDatabase('g')
  })

  afterAll(async () => {
    await platform[Symbol.asyncDispose]()
  })

  const load = (table: string, rows: readonly Row[], mode: 'append' | 'overwrite' = 'append') => {
    const body = rows.map((each) => JSON.stringify(each)).join('\n')
    return platform.clients.writer.ingest(table, { body, format: 'ndjson', mode, types })
  }

  /** A table of its own with these rows, and an empty hyperedge table. */
  async function setUp(rows: readonly Row[], properties: Record<string, 'int64' | 'string'> = {}) {
    const { writer } = platform.clients
    count += 1
    const [table, name] = [`main.t${count}`, `e${count}`]
    if (rows.length > 0) await load(table, rows)
    await writer.createGraphTable('g', { table: name, properties })
    const request = (more: Partial<GraphFeedRequest> = {}): GraphFeedRequest => ({
      ...{ table, time: 't', properties: { lines: 'lines' }, mode: 'manual' },
      members: [
        { column: 'who', role: 'author' },
        { column: 'files', role: 'file' },
      ],
      ...more,
    })
    return { writer, table, graph: `g.${name}`, request }
  }

  const held = async (graph: string): Promise<GraphHyperedge[]> => {
    const { hyperedges } = await platform.clients.reader.listHyperedges(graph)
    return hyperedges
      .map(({ id: _, ...rest }) => rest)
      .sort((one, other) => Number(one.props?.lines) - Number(other.props?.lines))
  }
  const expected = (rows: readonly Row[], key?: 'id'): GraphHyperedge[] =>
    rows
      .map(({ id, t, who, lines }) => ({
        at: new Date(t ?? 0).toISOString(),
        until: null,
        weight: 1,
        label: null,
        members: [String(who), `f${id}`, `f${Number(id) + 1}`],
        roles: ['author', 'file', 'file'],
        key: key === undefined ? null : String(id),
        props: { lines: lines ?? null },
      }))
      .sort((one, other) => Number(one.props.lines) - Number(other.props.lines))
  const current = (graph: string) => expect.poll(() => platform.clients.reader.getGraphFeed(graph))

  test('rows that are appended become hyperedges, once each, and the lag is told', async () => {
    const rows = [row(1), row(2), row(3)]
    const { writer, table, graph, request } = await setUp(rows)
    await writer.putGraphFeed(graph, request())
    expect(await writer.getGraphFeed(graph)).toMatchObject({
      ...{ state: 'behind', rows: 0, rows_behind: 3, snapshots_behind: 1, snapshot_id: null },
      behind_ms: expect.any(Number),
    })
    const first = await writer.syncGraphFeed(graph)
    expect(first).toMatchObject({ state: 'current', rows: 3, rows_behind: 0, behind_ms: 0 })
    expect(await held(graph)).toEqual(expected(rows))
    await load(table, [row(4)])
    await load(table, [row(5)])
    expect(await writer.getGraphFeed(graph)).toMatchObject({ rows_behind: 2, snapshots_behind: 2 })
    await writer.syncGraphFeed(graph)
    const again = await writer.syncGraphFeed(graph)
    expect(again).toMatchObject({ state: 'current', rows: 5 })
    expect(await held(graph)).toEqual(expected([...rows, row(4), row(5)]))
    expect(await writer.getGraphTable(graph)).toMatchObject({ properties: { lines: 'int64' } })
  })

  test('what a feed writes is compacted where COMPACT_THRESHOLD says so', async () => {
    const { writer, graph, request } = await setUp([row(1), row(2)])
    const { admin } = platform.clients
    await admin.queryGraph('g', { query: 'COMPACT_THRESHOLD 2' })
    await writer.putGraphFeed(graph, request())
    const segmentsOf = async () => (await admin.getGraphTable(graph)).stats.segments
    expect(await segmentsOf()).toBe(0)
    await writer.syncGraphFeed(graph)
    await expect.poll(segmentsOf).toBe(1)
  })

  test('without a key anything but appends is refused, with one it is followed by itself', async () => {
    const { writer, table, graph, request } = await setUp([row(1), row(2)])
    await writer.putGraphFeed(graph, request())
    await writer.syncGraphFeed(graph)
    await load(table, [row(2), row(3)], 'overwrite')
    await expect(writer.syncGraphFeed(graph)).rejects.toMatchObject({
      ...{ code: 'unsupported', details: { reason: 'no-key' } },
    })
    expect(await held(graph)).toEqual(expected([row(1), row(2)]))
    const keyed = await setUp([row(1), row(2), row(3)])
    await writer.putGraphFeed(keyed.graph, keyed.request({ key: 'id', mode: 'follow' }))
    await current(keyed.graph).toMatchObject({ state: 'current', rows: 3 })
    const own = { at: '2020-01-01', members: ['alone'], props: { lines: 0 } }
    await writer.insertHyperedges(keyed.graph, { hyperedges: [own] })
    const ids = await idsOf(keyed.graph)
    const { snapshotId } = await load(keyed.table, [row(2, 20), row(3), row(4)], 'overwrite')
    await current(keyed.graph).toMatchObject({ state: 'current', snapshot_id: snapshotId })
    const [alone, ...rest] = await held(keyed.graph)
    expect(alone?.members).toEqual(['alone'])
    expect(rest).toEqual(expected([row(2, 20), row(3), row(4)], 'id'))
    const after = await idsOf(keyed.graph)
    // Those that changed or stayed are the same hyperedges.
    expect([after.get('2'), after.get('3')]).toEqual([ids.get('2'), ids.get('3')])
    await load(keyed.table, [row(3, 30)])
    await current(keyed.graph).toMatchObject({ state: 'current', repeated_keys: 1 })
    expect((await held(keyed.graph)).slice(1)).toEqual(
      expected([row(2, 20), row(3, 30), row(4)], 'id'),
    )
  })

  const idsOf = async (graph: string) => {
    const { hyperedges } = await platform.clients.reader.listHyperedges(graph)
    return new Map(hyperedges.map(({ key, id }) => [key, id]))
  }

  test('a query is read whole and compared by key', async () => {
    const { writer, table, graph, request } = await setUp([row(1), row(2), row(3)])
    const query = `SELECT who AS k, max(t) AS t, list(id) AS ids, sum(lines)::BIGINT AS n FROM ${table} GROUP BY who -- all`
    const members = [{ column: 'k' }, { column: 'ids', role: 'did' }]
    const feed = { ...request({ members }), table: undefined, properties: { lines: 'n' } }
    await expect(writer.putGraphFeed(graph, { ...feed, query })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('key'),
    })
    await writer.putGraphFeed(graph, { ...feed, query, key: 'k', mode: 'follow' })
    await current(graph).toMatchObject({ state: 'current', rows: 3 })
    await load(table, [row(4)])
    await expect.poll(async () => (await held(graph)).length).toBe(3)
    await current(graph).toMatchObject({ state: 'current' })
    const { rows } = await writer.syncGraphFeed(graph)
    expect(rows).toBe(3)
    const all = await held(graph)
    expect(all.map(({ key, props }) => [key, props?.lines])).toEqual([
      ...[
        ['user2', 2],
        ['user0', 3],
        ['user1', 5],
      ],
    ])
    expect([...(all[2]?.members ?? [])].sort()).toEqual([1, 4, 'user1'])
  })

  test('rows that make no hyperedge stop it, or are left out and counted', async () => {
    const bad: Row[] = [
      { ...row(5), t: null },
      { ...row(6), who: null, files: null },
      { ...row(7), who: null, files: [''] },
    ]
    const { writer, graph, request } = await setUp([row(1), ...bad])
    await writer.putGraphFeed(graph, request())
    await expect(writer.syncGraphFeed(graph)).rejects.toMatchObject({
      ...{ code: 'invalid', details: { reason: 'bad-row' } },
    })
    expect(await held(graph)).toEqual([])
    expect(await writer.getGraphFeed(graph)).toMatchObject({
      ...{ state: 'failed', last_error: { code: 'invalid' } },
    })
    await writer.putGraphFeed(graph, request({ on_bad_rows: 'skip' }))
    const fed = await writer.syncGraphFeed(graph)
    expect(fed).toMatchObject({ state: 'current', rows: 1, bad_rows: { count: 3 } })
    expect(await held(graph)).toEqual(expected([row(1)]))
  })

  test('a feed ends, and what there was stays; another may not be put to it unasked', async () => {
    const { writer, graph, request } = await setUp([row(1)])
    await writer.putGraphFeed(graph, request())
    await writer.syncGraphFeed(graph)
    await writer.deleteGraphFeed(graph)
    await expect(writer.getGraphFeed(graph)).rejects.toMatchObject({ code: 'not_found' })
    expect(await held(graph)).toEqual(expected([row(1)]))
    await expect(writer.putGraphFeed(graph, request())).rejects.toMatchObject({ code: 'exists' })
    await writer.putGraphFeed(graph, request({ key: 'id', replace: true }))
    await writer.syncGraphFeed(graph)
    expect(await held(graph)).toHaveLength(2)
    // A table that is made anew has no feed.
    await writer.dropGraphTable(graph)
    await writer.createGraphTable('g', { table: graph.slice(2) })
    await expect(writer.getGraphFeed(graph)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('hyperedges of its own go also where the table has had no rows yet', async () => {
    const { writer, table, graph, request } = await setUp([row(1)])
    const { schemas } = (await writer.loadTable(table)).metadata
    const name = `empty${count}`
    await writer.createTable('main', { name, schema: schemas[0] as never })
    const own = { at: '2020-01-01', members: ['mine'], key: 'own' }
    await writer.insertHyperedges(graph, { hyperedges: [own] })
    const feed = request({ table: `main.${name}`, key: 'id', replace: true })
    expect(await writer.putGraphFeed(graph, feed)).toMatchObject({ state: 'behind' })
    expect(await writer.syncGraphFeed(graph)).toMatchObject({ state: 'current' })
    expect(await held(graph)).toEqual([])
  })

  test('a feed without key that gets one takes no hyperedge of a user unasked', async () => {
    const { writer, graph, request } = await setUp([row(1)])
    await writer.putGraphFeed(graph, request())
    await writer.syncGraphFeed(graph)
    const own = { at: '2020-01-01', members: ['mine'], key: 'own' }
    await writer.insertHyperedges(graph, { hyperedges: [own] })
    const keyed = request({ key: 'id' })
    await expect(writer.putGraphFeed(graph, keyed)).rejects.toMatchObject({
      ...{ code: 'exists', details: { hyperedges: 2 } },
    })
    await writer.syncGraphFeed(graph)
    expect((await held(graph)).map(({ key }) => key).sort()).toEqual([null, 'own'].sort())
    await writer.putGraphFeed(graph, { ...keyed, replace: true })
    await writer.syncGraphFeed(graph)
    expect((await held(graph)).map(({ key }) => key)).not.toContain('own')
  })

  test.each([
    [{ table: 'main.nowhere' }, 'not_found'],
    [{ table: 'nowhere' }, 'invalid_name'],
    [{ query: 'SELECT 1' }, 'invalid'],
    [{ table: undefined }, 'invalid'],
    [{ table: undefined, key: 'id', query: 'DROP TABLE x' }, 'invalid'],
    [{ table: undefined, key: 'id', query: 'SELECT 1); --' }, 'invalid'],
    [{ time: 'nowhen' }, 'invalid'],
    [{ time: 'files' }, 'type_mismatch'],
    [{ members: [] }, 'invalid'],
    [{ members: [{ column: 't' }] }, 'type_mismatch'],
    [{ weight: 'who' }, 'type_mismatch'],
    [{ label: 'files' }, 'type_mismatch'],
    [{ key: 't' }, 'type_mismatch'],
    [{ properties: { all: 'files' } }, 'type_mismatch'],
    [{ properties: { 'a;b': 'lines' } }, 'invalid'],
  ])('a feed of %j is a typed error, and nothing is fed', async (more, code) => {
    const { writer, graph, request } = await setUp([row(1)])
    const wrong = request(more as Partial<GraphFeedRequest>)
    const { seq } = await writer.getGraphDatabase('g')
    await expect(writer.putGraphFeed(graph, wrong)).rejects.toMatchObject({ code })
    expect((await writer.getGraphDatabase('g')).seq).toBe(seq)
    await expect(writer.getGraphFeed(graph)).rejects.toMatchObject({ code: 'not_found' })
    await expect(writer.putGraphFeed('g.nowhere', wrong)).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})
