import { expect, test } from 'vitest'
import { HnswIndex, SlotSet } from '../src/index.ts'
import { clustered, recall, truth } from './_clusters.ts'

const k = 10
const count = 12_000
const data = clustered({ count, queries: 60, dimension: 32, clusters: 40, seed: 31 })
const { dimension } = data

test.each(['f32', 'f16'] as const)(
  'a quarter updated and a quarter removed: recall stays, memory returns (%s)',
  async (storage) => {
    using index = HnswIndex.create({ dimension, metric: 'l2', storage })
    await index.add(data.vectors)
    const bytesFull = index.memoryBytes
    // An update is a removal and a new slot: rows of the first quarter move to the end.
    const quarter = count / 4
    const updated = Array.from({ length: quarter }, (_, row) => row)
    const removed = Array.from({ length: quarter }, (_, row) => quarter + row)
    expect(index.remove(updated)).toBe(quarter)
    const first = await index.add(data.vectors.subarray(0, quarter * dimension))
    expect(first).toBe(count)
    expect(index.remove(removed)).toBe(quarter)

    const rowOf = (slot: number) => (slot < count ? slot : slot - count)
    const alive = new SlotSet(count)
    for (let row = 0; row < count; row++) if (row < quarter || row >= 2 * quarter) alive.add(row)
    const expected = truth(data, k, { allow: alive })
    const found = await index.search(data.queries, { k })
    expect([...found.counts]).toEqual(new Array(60).fill(k))
    expect(recall(found.slots.map(rowOf), expected)).toBeGreaterThanOrEqual(0.99)

    const { index: compacted, slots } = await index.compact()
    expect([compacted.slots, compacted.dead]).toEqual([count - quarter, 0])
    expect(compacted.memoryBytes).toBeLessThan(0.8 * bytesFull)
    const after = await compacted.search(data.queries, { k })
    expect(after.strategy).toBe('plain')
    const rows = after.slots.map((slot) => rowOf(slots[slot] as number))
    expect(recall(rows, expected)).toBeGreaterThanOrEqual(0.99)
    expect(compacted.vectors([17])).toEqual(index.vectors([slots[17] as number]))
    compacted.close()
  },
)

test('what is removed while a compaction runs is the caller’s to remove again', async () => {
  using index = HnswIndex.create({ dimension, metric: 'l2', storage: 'f16' })
  await index.add(data.vectors.subarray(0, 4000 * dimension))
  const compacting = index.compact()
  index.remove([3999])
  const { index: compacted, slots } = await compacting
  expect(slots.length).toBeGreaterThanOrEqual(3999)
  expect(compacted.slots).toBe(slots.length)
  compacted.close()
})

test('nearly all removed: the rest is found, and when all are, nothing is', async () => {
  using index = HnswIndex.create({ dimension, metric: 'l2', storage: 'f32' })
  await index.add(data.vectors.subarray(0, 6000 * dimension))
  index.remove(Array.from({ length: 5995 }, (_, slot) => slot))
  const found = await index.search(data.queries, { k })
  expect([...found.counts]).toEqual(new Array(60).fill(5))
  index.remove([5995, 5996, 5997, 5998, 5999])
  expect([...(await index.search(data.queries, { k })).counts]).toEqual(new Array(60).fill(0))
  const { index: empty } = await index.compact()
  expect(empty.slots).toBe(0)
  expect(await empty.add(data.vectors.subarray(0, dimension))).toBe(0)
  empty.close()
})
