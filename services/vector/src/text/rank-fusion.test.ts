import { expect, test } from 'vitest'
import { fuseRanks } from './rank-fusion.ts'

const slotsOf = (hits: readonly { slot: number }[]) => hits.map(({ slot }) => slot)

test('what both arms know stands before what one of them has first', () => {
  const arms = [
    { slots: [1, 2, 3], weight: 1 },
    { slots: [4, 2, 5], weight: 1 },
  ]
  const hits = fuseRanks(arms, { limit: 10 })
  expect(slotsOf(hits)).toEqual([2, 1, 4, 3, 5])
  expect(hits[0]?.score).toBeCloseTo(2 / 62, 12)
  expect(hits[1]?.score).toBeCloseTo(1 / 61, 12)
})

test('weights and the constant shift the balance; a weight of 0 leaves an arm out', () => {
  const slots = { one: [1, 2], other: [3, 2] }
  const fuse = (weights: readonly [number, number], rankConstant?: number) =>
    slotsOf(
      fuseRanks(
        [
          { slots: slots.one, weight: weights[0] },
          { slots: slots.other, weight: weights[1] },
        ],
        { limit: 10, rankConstant },
      ),
    )
  expect(fuse([1, 2])).toEqual([2, 3, 1])
  expect(fuse([1, 2], 0)).toEqual([3, 2, 1])
  expect(fuse([1, 0])).toEqual([1, 2])
})

test('equal scores stand in the order that is asked for', () => {
  const arms = [
    { slots: [7, 3], weight: 1 },
    { slots: [3, 7], weight: 1 },
    { slots: [5], weight: 1 },
  ]
  expect(slotsOf(fuseRanks(arms, { limit: 2 }))).toEqual([3, 7])
  const compareSlots = (a: number, b: number) => b - a
  expect(slotsOf(fuseRanks(arms, { limit: 2, compareSlots }))).toEqual([7, 3])
})
