import { expect, test } from 'vitest'
import { HnswError, HnswIndex, limits, SlotSet } from '../src/index.ts'
import { saved } from './_saved.ts'

const dimension = 4
const create = (storage: 'f32' | 'f16' | 'i8' = 'f32', metric: 'l2' | 'cosine' | 'ip' = 'l2') =>
  HnswIndex.create({ dimension, metric, storage })

function failure(run: () => unknown): HnswError {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof HnswError) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

test.each([
  [{ dimension: 0 }],
  [{ dimension: limits.dimensionMax + 1 }],
  [{ dimension: 1.5 }],
  [{ metric: 'l1' }],
  [{ storage: 'f64' }],
  [{ m: limits.mMin - 1 }],
  [{ m: limits.mMax + 1 }],
  [{ efConstruction: 0 }],
  [{ seed: -1 }],
])('options %o are refused', (odd) => {
  const options = { dimension, metric: 'l2', storage: 'f32', ...odd }
  // As a caller without types may.
  expect(failure(() => HnswIndex.create(options as never)).code).toBe('invalid')
})

test('the limits themselves are taken', async () => {
  const { dimensionMax, mMax } = limits
  using index = HnswIndex.create({ dimension: dimensionMax, metric: 'ip', storage: 'i8', m: mMax })
  await index.add(new Float32Array(dimensionMax * 2).fill(3))
  expect(index.searchSync(new Float32Array(dimensionMax).fill(1), { k: 2 })?.counts[0]).toBe(2)
})

test.each([
  [Number.NaN, 'not_finite'],
  [Number.POSITIVE_INFINITY, 'not_finite'],
  [Number.NEGATIVE_INFINITY, 'not_finite'],
  [1e16, 'out_of_range'],
])('a vector with %s is refused, and none of its batch is added', async (value, code) => {
  using index = create()
  await index.add(Float32Array.of(1, 2, 3, 4))
  const batch = Float32Array.of(5, 6, 7, 8, 1, 2, value, 4)
  await expect(index.add(batch)).rejects.toMatchObject({ code, message: /vector 1 .*/ })
  expect([index.slots, index.dead]).toEqual([1, 0])
  const query = Float32Array.of(1, value, 3, 4)
  expect(failure(() => index.searchSync(query, { k: 1 })).code).toBe(code)
  await expect(index.search(query, { k: 1 })).rejects.toMatchObject({ code })
})

test('halves take what they can hold', async () => {
  using index = create('f16')
  await index.add(Float32Array.of(65504, -65504, 0, 1))
  expect([...index.vectors([0])]).toEqual([65504, -65504, 0, 1])
  await expect(index.add(Float32Array.of(65505, 0, 0, 0))).rejects.toMatchObject({
    code: 'out_of_range',
  })
})

test('cosine refuses zero and takes the smallest and the largest vectors', async () => {
  using index = create('f32', 'cosine')
  await expect(index.add(new Float32Array(4))).rejects.toMatchObject({ code: 'zero_norm' })
  expect(failure(() => index.searchSync(new Float32Array(4), { k: 1 })).code).toBe('zero_norm')
  await index.add(Float32Array.of(1e-45, 0, 0, 0, 0, 3e38, 3e38, 0))
  expect([...index.vectors([0])]).toEqual([1, 0, 0, 0])
  const found = index.searchSync(Float32Array.of(0, 1, 1, 0), { k: 1 })
  expect(found?.slots[0]).toBe(1)
  expect(found?.distances[0]).toBeCloseTo(0, 6)
})

test('arrays that are no whole vectors are refused', async () => {
  using index = create()
  await expect(index.add(new Float32Array(6))).rejects.toMatchObject({ code: 'dimension' })
  await expect(index.search(new Float32Array(3), { k: 1 })).rejects.toMatchObject({
    code: 'dimension',
  })
  expect(failure(() => index.searchSync(new Float32Array(8), { k: 1 })).code).toBe('dimension')
  // As a caller without types may.
  await expect(index.add([1, 2, 3, 4] as never)).rejects.toMatchObject({ code: 'invalid' })
})

test('k and ef have limits', async () => {
  using index = create()
  await index.add(Float32Array.of(1, 2, 3, 4))
  const query = Float32Array.of(1, 2, 3, 4)
  for (const k of [0, -1, 1.5, Number.NaN, limits.efMax + 1]) {
    expect(failure(() => index.searchSync(query, { k })).code).toBe('k')
  }
  expect(failure(() => index.searchSync(query, { k: 1, ef: limits.efMax + 1 })).code).toBe('k')
  expect(index.searchSync(query, { k: limits.efMax })?.counts[0]).toBe(1)
})

test('slots that are none are refused or not counted', async () => {
  using index = create()
  await index.add(Float32Array.of(1, 2, 3, 4))
  expect(failure(() => index.vectors([1])).code).toBe('invalid')
  expect(failure(() => index.remove([Number.NaN])).code).toBe('invalid')
  expect(failure(() => index.remove([-1])).code).toBe('invalid')
  // As a caller without types may: none of these is slot 0.
  for (const odd of [undefined, null, '0', [0]]) {
    expect(failure(() => index.remove([odd as never])).code).toBe('invalid')
  }
  expect(index.dead).toBe(0)
  expect(index.remove([5, 0, 0])).toBe(1)
  expect(failure(() => new SlotSet(4).add(4)).code).toBe('invalid')
})

test('an empty index answers with nothing, an empty batch adds nothing', async () => {
  using index = create()
  expect(index.searchSync(Float32Array.of(1, 2, 3, 4), { k: 3 })?.counts[0]).toBe(0)
  expect(await index.add(new Float32Array(0))).toBe(0)
  expect((await index.search(new Float32Array(0), { k: 3 })).counts.length).toBe(0)
  using loaded = await HnswIndex.load(await saved(index))
  expect(loaded.slots).toBe(0)
})

test('use after close is an error, closing again is not', async () => {
  const index = create()
  await index.add(Float32Array.of(1, 2, 3, 4))
  const { handle } = index
  index.close()
  index.close()
  const query = Float32Array.of(1, 2, 3, 4)
  for (const use of [
    () => index.slots,
    () => index.handle,
    () => index.remove([0]),
    () => index.vectors([0]),
    () => index.searchSync(query, { k: 1 }),
  ]) {
    expect(failure(use).code).toBe('closed')
  }
  for (const use of [
    () => index.add(query),
    () => index.search(query, { k: 1 }),
    () => index.save(),
    () => index.compact(),
  ]) {
    await expect(use()).rejects.toMatchObject({ code: 'closed' })
  }
  expect(failure(() => HnswIndex.attach(handle)).code).toBe('closed')
})

test('nobody attaches to an index that only a job keeps', async () => {
  const index = create()
  const other = HnswIndex.attach(index.handle)
  const { handle } = index
  index.close()
  HnswIndex.attach(handle).close()
  const adding = other.add(new Float32Array(4 * 5000).map(Math.random))
  other.close()
  expect(failure(() => HnswIndex.attach(handle)).code).toBe('closed')
  await expect(adding).rejects.toMatchObject({ code: 'closed' })
})
