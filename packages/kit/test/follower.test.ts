import { expect, test } from 'vitest'
import { Follower, systemClock } from '../src/index.ts'

test('what is current is so while a run looks at it, and what fails has failed', async () => {
  const item = {}
  let end = (_error?: Error) => {}
  await using follower = new Follower<object>({
    followed: () => [],
    position: async () => 0,
    sync: () =>
      new Promise((resolve, reject) => {
        end = (error) => (error === undefined ? resolve() : reject(error))
      }),
    onFailure: () => {},
    onUnknown: () => {},
    concurrencyMax: () => 1,
    clock: systemClock,
    followMs: 1_000_000,
  })
  const stateOf = (isCurrent: boolean) => {
    const hasFailed = follower.failureOf(item) !== undefined
    return follower.stateOf(item, 'indexing', { isCurrent, hasFailed })
  }
  expect([stateOf(false), stateOf(true)]).toEqual(['behind', 'current'])
  const failing = follower.run(item)
  expect([stateOf(false), stateOf(true)]).toEqual(['indexing', 'current'])
  await Promise.resolve()
  end(new Error('no'))
  await failing
  expect([stateOf(false), stateOf(true)]).toEqual(['failed', 'failed'])
  const again = follower.run(item)
  expect([stateOf(false), stateOf(true)]).toEqual(['indexing', 'indexing'])
  await Promise.resolve()
  end()
  await again
  expect([stateOf(false), stateOf(true)]).toEqual(['behind', 'current'])
})
