import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { measures } from '../../src/analytics/measures.ts'
import { readFixture } from './_fixtures.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
  const { admin, writer } = platform.clients
  await admin.createGraphDatabase('lab')
  await writer.createGraphTable('lab', { table: 'Medium' })
  const { hyperedges } = await readFixture('medium')
  await writer.insertHyperedges('lab.Medium', { hyperedges })
})
afterAll(() => platform[Symbol.asyncDispose]())

async function rows(query: string): Promise<readonly (readonly unknown[])[]> {
  return (await platform.clients.reader.queryGraph('lab', { query })).rows
}

const needed: Readonly<Record<string, Readonly<Record<string, string | number>>>> = {
  temporal_motifs: { within_ms: 500 },
  s_distance: { source: 'n0', target: 'n1' },
}

test('CALL answers each measure with what HTTP says, by each of its names', async () => {
  const { reader } = platform.clients
  for (const [known, { name, columns }] of measures) {
    const options = needed[name] ?? {}
    const given = Object.entries(options).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    const found = await rows(`CALL ${known}('Medium', {${given.join(', ')}})`)
    const posted = await reader.takeGraphMeasure('lab.Medium', name, { options })
    expect(found, known).toEqual(posted.rows)
    expect(posted.columns).toEqual(columns)
  }
})

test('RETURN selects from a measure of a window, its options and the dual', async () => {
  const { reader } = platform.clients
  const window = { from: '1970-01-01T00:00:02Z', to: '1970-01-01T00:00:06Z' }
  const bounds = "from: '1970-01-01T00:00:02Z', to: '1970-01-01T00:00:06Z'"
  const options = { of: 'hyperedges', s: 2 }
  const found = await rows(
    `CALL s_closeness('Medium', {${bounds}, of: 'hyperedges', s: 2}) RETURN hyperedge_id, closeness LIMIT 5`,
  )
  const posted = await reader.takeGraphMeasure('lab.Medium', 's_closeness', { ...window, options })
  expect(found).toEqual(posted.rows.slice(0, 5))
  const weighted = await rows(
    "CALL degree('Medium', {weighted: true}) RETURN degree, node ORDER BY degree DESC LIMIT 1",
  )
  const heaviest = await reader.takeGraphMeasure('lab.Medium', 'degree', {
    options: { weighted: true },
    limit: 1,
  })
  expect(weighted).toEqual(heaviest.rows.map(([node, degree]) => [degree, node]))
})

test.each([
  ["CALL pagerank('Medium', {dampling: 1})", 'invalid', /dampling/],
  ["CALL pagerank('Medium', 7)", 'invalid', /CALL pagerank/],
  ['CALL pagerank()', 'invalid', /table/],
  ["CALL pagerank('Nothing')", 'not_found', /Nothing/],
  ["CALL pagerank('hm_tables')", 'invalid_name', /reserved/],
  ["CALL pagerank('E; DELETE FROM api_keys; --')", 'invalid_name', /./],
  ["CALL pagerank('Medium', {limit: -1})", 'invalid', /limit/],
])('%s is %s', async (query, code, message) => {
  const failure = rows(query)
  await expect(failure).rejects.toMatchObject({ code })
  await expect(failure).rejects.toThrow(message)
})
