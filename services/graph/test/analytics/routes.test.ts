import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { measures } from '../../src/analytics/measures.ts'
import { type FixtureHyperedge, readFixture } from './_fixtures.ts'

const table = 'lab.medium'
let platform: Platform
let hyperedges: readonly FixtureHyperedge[]
beforeAll(async () => {
  platform = await startPlatform({ config: { limits: { graphAnalyticsSourcesMax: 50 } } })
  const { admin, writer } = platform.clients
  await admin.createGraphDatabase('lab')
  await writer.createGraphTable('lab', { table: 'medium' })
  hyperedges = (await readFixture('medium')).hyperedges
  await writer.insertHyperedges(table, { hyperedges })
})
afterAll(() => platform[Symbol.asyncDispose]())

function get(path: string, init: RequestInit = {}): Promise<Response> {
  const { keys } = platform
  const url = `/v1/graph/lab/tables/medium/analytics${path}`
  return platform.fetch(url, { ...init, key: keys.reader })
}

/** Degrees by the definition. */
function degreesOf(edges: readonly FixtureHyperedge[]): Map<string, number> {
  const degrees = new Map<string, number>()
  for (const { members } of edges) {
    for (const node of members) degrees.set(node, (degrees.get(node) ?? 0) + 1)
  }
  return degrees
}

test('every measure is listed with its source and what it takes', async () => {
  const { measures: listed } = await platform.clients.reader.listGraphMeasures(table)
  const names = [...new Set([...measures.values()].map(({ name }) => name))]
  expect(listed.map(({ measure }) => measure)).toEqual(names)
  expect(names).toHaveLength(25)
  for (const { source, summary, options } of listed) {
    expect(source).toMatch(/\d{4}/)
    expect(summary).not.toBe('')
    expect(options.type).toBe('object')
  }
  const pagerank = listed.find(({ measure }) => measure === 'pagerank')
  expect(Object.keys(Object(pagerank?.options.properties))).toContain('damping')
})

test('a window, the greatest size and a past commit are what is measured', async () => {
  const { reader, writer } = platform.clients
  const whole = await reader.takeGraphMeasure(table, 'degree', { limit: 10_000 })
  expect(new Map(whole.rows as [string, number][])).toEqual(degreesOf(hyperedges))
  expect(whole.row_count).toBe(whole.nodes)
  const part = { from: 2000, to: 9000, size_max: 3, limit: 10_000 }
  const window = await reader.takeGraphMeasure(table, 'node_degree', part)
  const inside = hyperedges.filter(({ at }) => at >= 2000 && at < 9000)
  const small = inside.filter(({ members }) => members.length <= 3)
  expect(new Map(window.rows as [string, number][])).toEqual(degreesOf(small))
  expect(window.left_out).toBe(inside.length - small.length)
  expect(window.hyperedges).toBe(small.length)
  await writer.insertHyperedges(table, { hyperedges: [{ at: 1e9, members: ['late', 'later'] }] })
  const now = await reader.takeGraphMeasure(table, 'degree')
  expect(now.nodes).toBe(whole.nodes + 2)
  const past = await reader.takeGraphMeasure(table, 'degree', { as_of: whole.seq, limit: 10_000 })
  expect(past.rows).toEqual(whole.rows)
  const condition = { to: 1e8, where: { column: 'arity', gte: 5 }, limit: 10_000 }
  const large = await reader.takeGraphMeasure(table, 'degree', condition)
  const wanted = degreesOf(hyperedges.filter(({ members }) => members.length >= 5))
  expect(new Map(large.rows as [string, number][])).toEqual(wanted)
})

test('a query string says the same as a body', async () => {
  const { reader } = platform.clients
  const options = { of: 'nodes', s: 2, source: 'n0', target: 'n1' }
  const posted = await reader.takeGraphMeasure(table, 's_distance', { from: 0, options })
  const response = await get('/s_distance?from=0&of=nodes&s=2&source=n0&target=n1')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ rows: posted.rows, summary: posted.summary })
  const query = { from: 0, of: 'nodes', s: 2, source: 'n0', target: 'n1' }
  const got = await reader.getGraphMeasure(table, 's_distance', query)
  expect(got.options).toEqual(posted.options)
  const activity = await get('/temporal_activity?bucket_ms=1000&to=5000&limit=10')
  const { rows, columns } = (await activity.json()) as { rows: unknown[][]; columns: unknown[] }
  expect(columns[0]).toEqual({ name: 'bucket', type: 'timestamp' })
  expect(rows[0]?.[0]).toMatch(/^1970-01-01T00:00:0\d\.000Z$/)
})

test('lines tell how far it is, then the result', async () => {
  const heard: string[] = []
  const { reader } = platform.clients
  const plain = await reader.takeGraphMeasure(table, 'pagerank')
  const told = await reader.takeGraphMeasure(
    table,
    'pagerank',
    {},
    {
      onProgress: ({ phase, fraction }) => {
        expect(fraction).toBeGreaterThanOrEqual(0)
        expect(fraction).toBeLessThanOrEqual(1)
        heard.push(phase)
      },
    },
  )
  expect(told.rows).toEqual(plain.rows)
  expect(heard.length).toBeGreaterThan(0)
  const failing = reader.takeGraphMeasure(table, 's_closeness', {}, { onProgress: () => {} })
  await expect(failing).rejects.toMatchObject({
    code: 'too_large',
    details: { limit: 'graph_analytics_sources_max' },
  })
})

test.each([
  ['/pagerang', 404, 'not_found', /did you mean pagerank/],
  ['/pagerank?damping=2', 400, 'invalid', /damping/],
  ['/pagerank?dampling=0.5', 400, 'invalid', /dampling/],
  ['/pagerank?limit=-1', 400, 'invalid', /limit/],
  ['/pagerank?limit=10001', 400, 'invalid', /10000/],
  ['/pagerank?from=yesterday', 400, 'invalid', /from/],
  ['/pagerank?as_of=999999', 404, 'not_found', /999999/],
  ['/temporal_motifs', 400, 'invalid', /within_ms/],
  ['/s_distance?source=n0&target=nobody', 404, 'not_found', /nobody/],
  ['/s_closeness', 413, 'too_large', /sources/],
  ['/temporal_activity?bucket_ms=0.001', 413, 'too_large', /bucket_ms/],
] as const)('GET …%s is %i %s', async (path, status, code, message) => {
  const response = await get(path)
  const { error } = (await response.json()) as { error: { code: string; message: string } }
  expect([response.status, error.code], error.message).toEqual([status, code])
  expect(error.message).toMatch(message)
})

test('a measure that takes too long ends at its deadline, and the next one is served', async () => {
  const { reader } = platform.clients
  const options = { iterations: 10_000, tolerance: 0 }
  const late = reader.takeGraphMeasure(table, 'pagerank', { options }, { timeoutMs: 1 })
  await expect(late).rejects.toMatchObject({ code: 'deadline' })
  const { summary } = await reader.takeGraphMeasure(table, 'pagerank')
  expect(summary.converged).toBe(true)
})

test('a node in several roles is one member, and large integers stay what they are', async () => {
  const { reader, writer } = platform.clients
  await writer.createGraphTable('lab', { table: 'mixed' })
  const large = { int: '18446744073709551615' }
  const members = { caller: ['ann', 7], callee: ['ann', '7', large] }
  await writer.insertHyperedges('lab.mixed', { hyperedges: [{ at: 0, members, weight: 2.5 }] })
  const sizes = await reader.takeGraphMeasure('lab.mixed', 'edge_size')
  expect(sizes.rows.map(([, size]) => size)).toEqual([4])
  const degrees = await reader.takeGraphMeasure('lab.mixed', 'degree', {
    options: { weighted: true },
  })
  expect(degrees.rows).toHaveLength(4)
  expect(degrees.rows).toEqual(
    expect.arrayContaining([
      ['ann', 2.5],
      [7, 2.5],
      ['7', 2.5],
      [large, 2.5],
    ]),
  )
  const options = { source: large, target: '7' }
  const distance = await reader.takeGraphMeasure('lab.mixed', 's_distance', { options })
  expect(distance.summary.distance).toBe(1)
  expect(distance.rows.map(([, node]) => node)).toEqual([large, '7'])
  const got = await reader.getGraphMeasure('lab.mixed', 's_distance', { source: 7, target: '"7"' })
  expect(got.rows.map(([, node]) => node)).toEqual([7, '7'])
})

test('a table that there is not, and one of the service itself, are refused', async () => {
  const { reader } = platform.clients
  await expect(reader.takeGraphMeasure('lab.nothing', 'degree')).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(reader.takeGraphMeasure('lab.hm_tables', 'degree')).rejects.toMatchObject({
    code: 'invalid_name',
  })
  const injected = "E'; DELETE FROM api_keys; --"
  await expect(
    reader.takeGraphMeasure({ database: 'lab', table: injected }, 'degree'),
  ).rejects.toMatchObject({ code: 'invalid_name' })
})
