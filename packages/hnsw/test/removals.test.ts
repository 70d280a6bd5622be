import { expect, test } from 'vitest'
import { HnswIndex, setThreads } from '../src/index.ts'
import { randomOf } from './_clusters.ts'

const dimension = 4

function randomVectors(count: number): Float32Array {
  return Float32Array.from({ length: count * dimension }, randomOf(17))
}

/** Slots of the small index, none of them twice, and nothing behind them. */
function isSound(row: Uint32Array, rest: Uint32Array): boolean {
  const isOwn = row.every((slot) => slot < 500)
  return isOwn && new Set(row).size === row.length && rest.every((slot) => slot === 0xffffffff)
}

// Which slots may be found is read while they are removed: what is missing then must not be made up.
test('a search during removals returns slots of its own index, each once', async () => {
  setThreads(2)
  using large = HnswIndex.create({ dimension, metric: 'l2', storage: 'f32' })
  await large.add(randomVectors(20_000))
  const k = 400
  const queries = randomVectors(400)
  const odd: string[] = []
  let cut = 0
  for (let round = 0; round < 20; round++) {
    using small = HnswIndex.create({ dimension, metric: 'l2', storage: 'f32' })
    await small.add(randomVectors(500))
    small.remove([0])
    // What its threads have found last are slots that the small one has not.
    await large.search(queries.subarray(0, 64 * dimension), { k })
    const searching = small.search(queries, { k })
    for (let slot = 1; slot < 500; slot++) {
      small.remove([slot])
      if (slot % 10 === 0) await new Promise(setImmediate)
    }
    const { slots, counts, distances } = await searching
    for (const [query, count] of counts.entries()) {
      const from = query * k
      const row = slots.subarray(from, from + count)
      const rest = slots.subarray(from + count, from + k)
      if (count < k) cut++
      const isWhole = distances.subarray(from, from + count).every(Number.isFinite)
      if (isSound(row, rest) && isWhole) continue
      odd.push(`round ${round}, query ${query}: ${row.join()}`)
    }
  }
  expect(odd).toEqual([])
  expect(cut).toBeGreaterThan(0)
})
