import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RequestTurns } from '../src/event-loop-turn.ts'

/** Work by a clock that stands still but for it. */
function workshop() {
  let nowMs = 0
  const turns = new RequestTurns(() => nowMs)
  const done: string[] = []
  const work = async (name: string, ms: number) => {
    const later = turns.next()
    if (later !== undefined) await later
    nowMs += ms
    done.push(name)
  }
  /** Others, who do so much in each of some turns. */
  const others = async (turnCount: number, ms: number) => {
    for (let turn = 0; turn < turnCount; turn += 1) {
      await setImmediate()
      nowMs += ms
    }
    done.push('others')
  }
  return { done, work, others }
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

test('each turn lets one go, also where others take longer than a turn in each', async () => {
  const { done, work, others } = workshop()
  const first = work('first', 6)
  const long = others(40, 6)
  const late = ['a', 'b', 'c'].map((name) => work(name, 6))
  await Promise.all([first, long, ...late])
  expect(done).toEqual(['first', 'a', 'b', 'c', 'others'])
})
