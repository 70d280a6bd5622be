import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { measures } from '../../src/analytics/measures.ts'
import { AnalyticsBench, byItem, type Fixture, fixtureNames, readFixture } from './_fixtures.ts'

let bench: AnalyticsBench
beforeAll(async () => {
  bench = await AnalyticsBench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

/** Of both the keys, and the values but for rounding. */
function expectClose(found: Record<string, unknown>, expected: unknown): void {
  const wanted = Object(expected) as Record<string, number | null>
  expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort())
  for (const [item, value] of Object.entries(wanted)) {
    if (value === null) expect(found[item], item).toBeNull()
    else expect(found[item], item).toBeCloseTo(value, 9)
  }
}

describe.each(fixtureNames)('of the %s fixture, beside networkx:', (name) => {
  let fixture: Fixture
  let ids: number[]
  /** Hyperedge id → its place in the fixture. */
  let places: Map<number, number>
  beforeAll(async () => {
    fixture = await readFixture(name)
    ids = await bench.fill(name, fixture.hyperedges)
    places = new Map(ids.map((id, place) => [id, place]))
    await bench.fill(`${name}_connected`, fixture.expected.connected_hyperedges)
  })

  function byPlace(found: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(found).map(([id, value]) => [String(places.get(Number(id))), value]),
    )
  }

  test('degrees, sizes and density', async () => {
    const { expected, hyperedges } = fixture
    expectClose(byItem(await bench.take(name, 'degree')), expected.degree)
    const weighted = await bench.take(name, 'degree', { weighted: true })
    expectClose(byItem(weighted), expected.weighted_degree)
    expectClose(byPlace(byItem(await bench.take(name, 'edge_size'))), expected.edge_size)
    const density = await bench.take(name, 'density')
    expect(density.rows[0]?.[0]).toBeCloseTo(Number(expected.density), 15)
    expect(density.rows[0]?.[1]).toBeCloseTo(Number(expected.incidence_density), 12)
    const sizes = hyperedges.map(({ members }) => members.length).sort((a, b) => a - b)
    const [row] = (await bench.take(name, 'uniformity')).rows
    const most = sizes.filter((size) => size === row?.[1]).length
    expect(row).toEqual([false, row?.[1], most / sizes.length, sizes[0], sizes.at(-1)])
    for (const size of sizes) {
      expect(sizes.filter((other) => other === size).length).toBeLessThanOrEqual(most)
    }
  })

  test('what is isolated, overlaps and is redundant', async () => {
    const { expected } = fixture
    const nodes = await bench.take(name, 'isolated_nodes')
    expect(nodes.rows.flat().sort()).toEqual(expected.isolated_nodes)
    const edges = await bench.take(name, 'isolated_edges')
    const found = edges.rows.map(([id]) => String(places.get(Number(id))))
    expect(found).toEqual(expected.isolated_edges)
    const overlap = await bench.take(name, 'overlapping_coefficient')
    expect(overlap.summary.pairs).toBe(expected.overlap.pairs)
    expect(overlap.summary.mean).toBeCloseTo(expected.overlap.mean, 12)
    const redundancy = await bench.take(name, 'redundancy')
    expectClose(byItem(redundancy), expected.redundancy.nodes)
    const dual = await bench.take(name, 'redundancy', { of: 'hyperedges' })
    expectClose(byPlace(byItem(dual)), expected.redundancy.hyperedges)
  })

  test.each([
    ['nodes', 1],
    ['nodes', 2],
    ['hyperedges', 1],
    ['hyperedges', 2],
  ] as const)('s-walks of %s, s = %i', async (of, s) => {
    const expected = fixture.expected.walks[`${of} ${s}`] ?? expect.unreachable()
    const named = of === 'nodes' ? (found: Record<string, unknown>) => found : byPlace
    const adjacency = await bench.take(name, 's_adjacency', { of, s })
    expect(adjacency.rowCount).toBe(expected.edges)
    const components = await bench.take(name, 's_components', { of, s })
    expect(components.summary.components).toBe(expected.components.length)
    const sizes = new Map(components.rows.map(([, component, size]) => [component, size]))
    expect([...sizes.values()]).toEqual(expected.components)
    const diameter = await bench.take(name, 's_diameter', { of, s })
    expect(diameter.summary.diameter).toBe(expected.diameter)
    expect(diameter.summary.connected).toBe(expected.components.length === 1)
    const measured = [
      ['s_betweenness', expected.betweenness],
      ['s_closeness', expected.closeness],
      ['harmonic_centrality', expected.harmonic],
    ] as const
    for (const [measure, values] of measured) {
      expectClose(named(byItem(await bench.take(name, measure, { of, s }))), values)
    }
    const items = Object.keys(expected.from_first)
    const itemOf = (text: string) => (of === 'nodes' ? text : (ids[Number(text)] as number))
    for (const target of items.slice(0, 12)) {
      const options = { of, s, source: itemOf(items[0] ?? ''), target: itemOf(target) }
      const { summary, rows } = await bench.take(name, 's_distance', options)
      expect(summary.distance, target).toBe(expected.from_first[target])
      expect(rows).toHaveLength(summary.distance === null ? 0 : Number(summary.distance) + 1)
      const shared = new Set(adjacency.rows.map(([one, other]) => [one, other].sort().join()))
      for (const [step, [, item]] of rows.entries()) {
        if (step === 0) expect(item).toBe(options.source)
        else expect(shared).toContain([rows[step - 1]?.[1], item].sort().join())
      }
    }
  })

  test('PageRank', async () => {
    const { expected } = fixture
    const options = { tolerance: 1e-13, iterations: 1000 }
    const plain = await bench.take(name, 'pagerank', options)
    expectClose(byItem(plain), expected.pagerank)
    expect(plain.summary.converged).toBe(true)
    const given = { ...options, weighted: true, damping: 0.5 }
    expectClose(byItem(await bench.take(name, 'pagerank', given)), expected.weighted_pagerank)
  })

  test('clustering and cliques', async () => {
    const { expected } = fixture
    const pairwise = await bench.take(name, 'pairwise_clustering')
    expectClose(byItem(pairwise), expected.pairwise_clustering)
    expect(pairwise.summary.transitivity).toBeCloseTo(Number(expected.transitivity), 12)
    expectClose(byItem(await bench.take(name, 'zhou_clustering')), expected.zhou_clustering)
    const clique = await bench.take(name, 'clique_number')
    expect(clique.summary.clique_number).toBe(expected.clique_number)
    expect(clique.rows).toHaveLength(Number(expected.clique_number))
    const { hyperedges } = fixture
    for (const [one] of clique.rows) {
      for (const [other] of clique.rows) {
        const together = hyperedges.some(
          ({ members }) => members.includes(String(one)) && members.includes(String(other)),
        )
        expect(together, `${one} ${other}`).toBe(true)
      }
    }
  })

  test('modularity', async () => {
    const { expected } = fixture
    const communities = Object.entries(expected.community)
    const given = await bench.take(name, 'modularity', { communities })
    expect(given.summary.modularity).toBeCloseTo(Number(expected.modularity), 12)
    expect(given.summary.hypergraph_modularity).toBeCloseTo(
      Number(expected.hypergraph_modularity),
      12,
    )
    const found = await bench.take(name, 'modularity')
    // The method is greedy, in another order than networkx has: about as good as its.
    expect(Number(found.summary.modularity)).toBeGreaterThan(Number(expected.louvain) - 0.03)
    const again = await bench.take(name, 'modularity', { communities: found.rows })
    expect(again.summary).toEqual(found.summary)
    expect(found.approximate).toMatch(/Louvain/)
    expect(again.approximate).toBeNull()
  })

  test('eigenvalues', async () => {
    for (const measure of ['spectral_gap', 'algebraic_connectivity']) {
      const { rows, summary } = await bench.take(`${name}_connected`, measure)
      expect(rows[0]?.[0], measure).toBeCloseTo(Number(fixture.expected[measure]), 6)
      expect(summary).toMatchObject({ converged: true, connected: true })
    }
  })

  test('bursts, activity and motifs', async () => {
    const { expected, hyperedges } = fixture
    const bursts = await bench.take(name, 'temporal_burstiness')
    expectClose(byItem(bursts), expected.burstiness)
    expect(bursts.summary.burstiness).toBeCloseTo(Number(expected.whole_burstiness), 12)
    for (const [size, byWithin] of Object.entries(expected.motifs)) {
      for (const [within, counts] of Object.entries(byWithin)) {
        const options = { size: Number(size), within_ms: Number(within) }
        expect(byItem(await bench.take(name, 'temporal_motifs', options), 2)).toEqual(counts)
      }
    }
    const { rows } = await bench.take(name, 'temporal_activity', { bucket_ms: 700 })
    for (const [bucket, edges, incidences, nodes, newcomers] of rows) {
      const from = Number(bucket) / 1000
      const inside = hyperedges.filter(({ at }) => at >= from && at < from + 700)
      const members = new Set(inside.flatMap((edge) => edge.members))
      const before = hyperedges.filter(({ at }) => at < from).flatMap((edge) => edge.members)
      expect(edges).toBe(inside.length)
      expect(incidences).toBe(inside.reduce((sum, edge) => sum + edge.members.length, 0))
      expect(nodes).toBe(members.size)
      expect(newcomers).toBe([...members].filter((member) => !before.includes(member)).length)
    }
    expect(rows.reduce((sum, row) => sum + Number(row[1]), 0)).toBe(hyperedges.length)
  })
})

test('what does not hang together has the eigenvalue 0', async () => {
  for (const measure of ['spectral_gap', 'algebraic_connectivity']) {
    const { rows, summary } = await bench.take('small', measure)
    expect(rows).toEqual([[0]])
    expect(summary.connected).toBe(false)
  }
})

const needed: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  temporal_motifs: { within_ms: 1 },
  s_distance: { source: 'only', target: 'only' },
}

test('each measure answers of nothing, of one node, and of one hyperedge', async () => {
  await bench.fill('nothing', [])
  await bench.fill('lonely', [{ at: 5, weight: 1, members: ['only'] }])
  await bench.fill('single', [{ at: 5, weight: 1, members: ['only', 'b', 'c'] }])
  for (const name of new Set([...measures.values()].map((measure) => measure.name))) {
    for (const table of ['nothing', 'lonely', 'single']) {
      const taken = bench.take(table, name, needed[name])
      if (name === 's_distance' && table === 'nothing') {
        await expect(taken).rejects.toMatchObject({ code: 'not_found' })
        continue
      }
      const { columns, rows, rowCount } = await taken
      expect(rows, `${name} of ${table}`).toHaveLength(rowCount)
      expect(rows.every((row) => row.length === columns.length)).toBe(true)
      const numbers = rows.flat().filter((value) => typeof value === 'number')
      expect(numbers.every(Number.isFinite), `${name} of ${table}`).toBe(true)
    }
  }
})

test('estimates are told, and from all sources they are exact', async () => {
  const exact = await bench.take('medium', 's_closeness')
  const all = await bench.take('medium', 's_closeness', { sources: 1_000_000 })
  expect(all.rows).toEqual(exact.rows)
  expect(all.approximate).toBeNull()
  for (const measure of ['s_closeness', 's_betweenness', 'harmonic_centrality', 's_diameter']) {
    const options = { sources: 10, seed: 7 }
    const sampled = await bench.take('medium', measure, options)
    expect(sampled.approximate, measure).toMatch(/10 of \d+ sources, seed 7/)
    expect((await bench.take('medium', measure, options)).rows).toEqual(sampled.rows)
  }
  const pairs = await bench.take('medium', 'zhou_clustering', { pairs: 3 })
  expect(pairs.approximate).toMatch(/3 pairs/)
})

test('the script that made the fixtures still makes them', async (context) => {
  const python = promisify(execFile)
  const hasNetworkx = await python('python3', ['-c', 'import networkx']).then(
    () => true,
    () => false,
  )
  if (!hasNetworkx) context.skip('SKIPPED: python3 has no networkx to make the values anew')
  const script = new URL('./make-expected.py', import.meta.url).pathname
  await python('python3', [script, '--check'])
}, 300_000)
