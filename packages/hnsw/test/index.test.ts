import { expect, test } from 'vitest'
import { HnswIndex } from '../src/index.ts'
import { clustered, recall, truth } from './_clusters.ts'
import { saved } from './_saved.ts'

const k = 10
const data = clustered({ count: 6000, queries: 100, dimension: 48, clusters: 40, seed: 11 })
const byDistance = truth(data, k)
const byAngle = truth(data, k, { cosine: true })

test.each([
  ['l2', 'f32'],
  ['l2', 'f16'],
  ['l2', 'i8'],
  ['cosine', 'f32'],
  ['cosine', 'f16'],
  ['cosine', 'i8'],
] as const)(
  '%s in %s finds the true neighbors, here, on the pool and after a load',
  async (metric, storage) => {
    using index = HnswIndex.create({ dimension: data.dimension, metric, storage })
    expect(await index.add(data.vectors, { threads: 1 })).toBe(0)
    const found = await index.search(data.queries, { k })
    expect(found.strategy).toBe('plain')
    expect(found.counts).toEqual(new Uint32Array(100).fill(k))
    const expected = metric === 'l2' ? byDistance : byAngle
    expect(recall(found.slots, expected)).toBeGreaterThanOrEqual(0.98)

    using loaded = await HnswIndex.load(await saved(index))
    expect(loaded.options).toEqual(index.options)
    for (let query = 0; query < 100; query++) {
      const vector = data.queries.subarray(query * data.dimension, (query + 1) * data.dimension)
      const single = loaded.searchSync(vector, { k })
      expect(single?.slots).toEqual(found.slots.subarray(query * k, (query + 1) * k))
      expect(single?.distances).toEqual(found.distances.subarray(query * k, (query + 1) * k))
    }
  },
)

test('a removed slot is found no more, its neighbors are', async () => {
  using index = HnswIndex.create({ dimension: data.dimension, metric: 'l2', storage: 'f32' })
  await index.add(data.vectors)
  const before = await index.search(data.queries, { k })
  const nearest = Array.from({ length: 100 }, (_, query) => before.slots[query * k] as number)
  expect(index.remove(nearest)).toBe(new Set(nearest).size)
  expect(index.remove(nearest)).toBe(0)
  const after = await index.search(data.queries, { k })
  expect(nearest.filter((slot) => after.slots.includes(slot))).toEqual([])
  expect([...after.counts]).toEqual(new Array(100).fill(k))
  expect(index.dead).toBe(new Set(nearest).size)
})
