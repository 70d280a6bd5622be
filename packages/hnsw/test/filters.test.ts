import { afterAll, beforeAll, expect, test } from 'vitest'
import { HnswIndex, limits, SlotSet } from '../src/index.ts'
import { clustered, queriesIn, recall, truth } from './_clusters.ts'

const k = 10
const count = 30_000
const data = clustered({ count, queries: 40, dimension: 32, clusters: 30, seed: 5 })
const index = HnswIndex.create({ dimension: data.dimension, metric: 'l2', storage: 'f32' })
beforeAll(() => index.add(data.vectors))
afterAll(() => index.close())

/** One in so many slots, without regard to where they lie. */
function everyNth(share: number): SlotSet {
  const allow = new SlotSet(count)
  for (let slot = 0; slot < count; slot++) {
    if ((Math.imul(slot, 2654435761) >>> 0) / 2 ** 32 < share) allow.add(slot)
  }
  return allow
}

test.each([
  [1, 'plain', 0.98],
  [0.95, 'plain', 0.98],
  [0.8, 'bitset', 0.98],
  [0.5, 'bitset', 0.98],
  [0.25, 'exact', 1],
  [0.1, 'exact', 1],
  [0.01, 'exact', 1],
  [0.001, 'exact', 1],
] as const)('of %s of all slots the nearest are found, %s', async (share, strategy, least) => {
  const allow = everyNth(share)
  const found = await index.search(data.queries, { k, allow })
  expect(found.strategy).toBe(strategy)
  expect([...found.slots].filter((slot) => !allow.has(slot))).toEqual([])
  expect([...found.counts]).toEqual(new Array(40).fill(k))
  expect(recall(found.slots, truth(data, k, { allow }))).toBeGreaterThanOrEqual(least)
})

// Of few in many a walk steps over what does not match, where a scan of them would take longer.
test.each(['l2', 'cosine'] as const)('a tenth of long vectors is found by %s', async (metric) => {
  const long = clustered({ count, queries: 40, dimension: 64, clusters: 30, seed: 9 })
  using index = HnswIndex.create({ dimension: 64, metric, storage: 'f32' })
  await index.add(long.vectors)
  const allow = everyNth(0.1)
  const exact = await index.search(long.queries, { k, allow, ef: 1000 })
  expect(exact.strategy).toBe('exact')
  const [first] = [long.queries.subarray(0, 64)]
  expect(index.searchSync(first, { k, allow, ef: 16 })?.strategy).toBe('two-hop')
  const found = await index.search(long.queries, { k, allow, ef: 16 })
  expect([...found.slots].filter((slot) => !allow.has(slot))).toEqual([])
  const hitsOf = (row: number) => {
    const own = new Set(exact.slots.subarray(row * k, (row + 1) * k))
    return [...found.slots.subarray(row * k, (row + 1) * k)].filter((slot) => own.has(slot)).length
  }
  const hits = Array.from({ length: 40 }, (_, row) => hitsOf(row)).reduce((a, b) => a + b)
  expect(hits / (40 * k)).toBeGreaterThanOrEqual(0.9)
})

// The nearest allowed ones lie in other clusters than the query: a walk that starts at the query sees none.
test.each([0.17, 0.35, 0.6])(
  'slots of other clusters than the query, %s of all, are found',
  async (share) => {
    const allowed = Math.round(share * 30)
    const far = new SlotSet(count)
    for (let slot = 0; slot < count; slot++)
      if ((data.clusters[slot] as number) < allowed) far.add(slot)
    const queries = queriesIn(data, 29, 40)
    const found = await index.search(queries, { k, allow: far })
    expect([...found.counts]).toEqual(new Array(40).fill(k))
    expect([...found.slots].filter((slot) => !far.has(slot))).toEqual([])
    expect(
      recall(found.slots, truth({ ...data, queries }, k, { allow: far })),
    ).toBeGreaterThanOrEqual(0.95)
  },
)

test('slots of the own cluster alone are found', async () => {
  const near = new SlotSet(count)
  for (let slot = 0; slot < count; slot++) if (data.clusters[slot] === 3) near.add(slot)
  const queries = queriesIn(data, 3, 40)
  const found = await index.search(queries, { k, allow: near, ef: 16 })
  expect(
    recall(found.slots, truth({ ...data, queries }, k, { allow: near })),
  ).toBeGreaterThanOrEqual(0.95)
})

test('fewer than k may be found: all of them are, the rest is empty', async () => {
  const allow = SlotSet.from([7, 4000, 29_999])
  const found = await index.search(data.queries, { k: 5, allow })
  expect([...found.counts]).toEqual(new Array(40).fill(3))
  for (let query = 0; query < 40; query++) {
    const row = [...found.slots.subarray(query * 5, query * 5 + 5)]
    expect(row.slice(0, 3).sort((a, b) => a - b)).toEqual([7, 4000, 29_999])
    expect(row.slice(3)).toEqual([0xffffffff, 0xffffffff])
    expect([...found.distances.subarray(query * 5 + 3, query * 5 + 5)]).toEqual([
      Infinity,
      Infinity,
    ])
  }
  const none = await index.search(data.queries, { k: 5, allow: new SlotSet(0) })
  expect([...none.counts]).toEqual(new Array(40).fill(0))
})

test('a filter of another capacity than the index means what its slots say', async () => {
  const short = await index.search(data.queries, { k, allow: SlotSet.from([1, 2, 3], 40) })
  expect([...short.counts]).toEqual(new Array(40).fill(3))
  const long = await index.search(data.queries, { k, allow: SlotSet.from([1, 90_000], 100_000) })
  expect([...long.counts]).toEqual(new Array(40).fill(1))
})

test('k of thousands is answered in full', async () => {
  const found = await index.search(data.queries.subarray(0, 32), { k: 5000 })
  expect(new Set(found.slots).size).toBe(5000)
  const sorted = [...found.distances]
  expect(sorted).toEqual(sorted.toSorted((a, b) => a - b))
})

test('a thousand copies of one vector hide nothing', async () => {
  const copies = clustered({ count: 3000, queries: 20, dimension: 16, clusters: 10, seed: 8 })
  using same = HnswIndex.create({ dimension: 16, metric: 'l2', storage: 'f32' })
  await same.add(new Float32Array(1000 * 16).fill(0.5), { threads: 1 })
  await same.add(copies.vectors, { threads: 1 })
  const vectors = new Float32Array(4000 * 16)
  vectors.fill(0.5, 0, 1000 * 16)
  vectors.set(copies.vectors, 1000 * 16)
  const found = await same.search(copies.queries, { k })
  expect(recall(found.slots, truth({ ...copies, vectors }, k))).toBeGreaterThanOrEqual(0.98)
  const own = await same.search(new Float32Array(16).fill(0.5), { k: 100 })
  expect([...own.distances]).toEqual(new Array(100).fill(0))
})

test('what would take long here is left to the pool', async () => {
  const { dimensionMax } = limits
  using wide = HnswIndex.create({
    dimension: dimensionMax,
    metric: 'l2',
    storage: 'f16',
    m: 4,
    efConstruction: 4,
  })
  await wide.add(new Float32Array(1100 * dimensionMax).map((_, at) => at % 1021))
  const query = new Float32Array(dimensionMax).fill(1)
  const few = SlotSet.from(Array(1024).keys(), 1100)
  // The more effort is asked for, the sooner a scan is less.
  const ef = 256
  expect(wide.searchSync(query, { k, ef, allow: few })).toMatchObject({ strategy: 'exact' })
  const more = SlotSet.from(Array(1025).keys(), 1100)
  expect(wide.searchSync(query, { k, ef, allow: more })).toBeUndefined()
  const found = await wide.search(query, { k, ef, allow: more })
  expect([found.strategy, found.counts[0]]).toEqual(['exact', k])
  // A walk of the graph is short by itself.
  expect(wide.searchSync(query, { k: 1, ef: 16 })).toMatchObject({ strategy: 'plain' })
})
