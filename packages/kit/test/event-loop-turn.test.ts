import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { EventLoopTurns } from '../src/event-loop-turn.ts'

/** Work by a clock that stands still but for it. */
function workshop() {
  let nowMs = 0
  const turns = new EventLoopTurns(() => nowMs)
  const done: string[] = []
  const work = async (name: string, ms: number) => {
    const later = turns.next()
    if (later !== undefined) await later
    nowMs += ms
    done.push(name)
  }
  return { done, work }
}

test('what fits into a turn is done in it', async () => {
  const { done, work } = workshop()
  await Promise.all([work('a', 1), work('b', 1), work('c', 1)])
  expect(done).toEqual(['a', 'b', 'c'])
})

test('of a burst, what comes beside it waits for a part only', async () => {
  const { done, work } = workshop()
  const burst = Array.from({ length: 20 }, (_, place) => work(String(place), 2))
  const beside = setImmediate().then(() => done.push('beside'))
  await Promise.all([...burst, beside])
  const places = Array.from({ length: 20 }, (_, place) => String(place))
  expect(done.filter((name) => name !== 'beside')).toEqual(places)
  expect(done.indexOf('beside')).toBeLessThan(10)
})

test('work that takes longer than a turn has one for itself', async () => {
  const { done, work } = workshop()
  const burst = ['a', 'b', 'c'].map((name) => work(name, 1000))
  for (let turn = 0; turn < 3; turn += 1) {
    await setImmediate()
    expect(done.length).toBeLessThanOrEqual(turn + 2)
  }
  await Promise.all(burst)
  expect(done).toEqual(['a', 'b', 'c'])
})

test('who comes later does not overtake those that wait', async () => {
  const { done, work } = workshop()
  const first = [work('a', 6), work('b', 6), work('c', 6)]
  await setImmediate()
  await Promise.all([...first, work('late', 1)])
  expect(done).toEqual(['a', 'b', 'c', 'late'])
})
