import { createLogger } from '@hypermesh/kit'
import { expect, test } from 'vitest'
import { UnsettledLoads } from '../src/unsettled-loads.ts'

const logger = createLogger('silent')
const backoff = { firstMs: 1, longestMs: 2, attemptsMax: 3 }

test('a load is tried until it is settled, and then no more', async () => {
  let settled: ((directory: string) => void) | undefined
  const done = new Promise<string>((resolve) => {
    settled = resolve
  })
  let failures = 2
  const settle = async (directory: string) => {
    if (failures-- > 0) throw new TypeError('no connection')
    settled?.(directory)
  }
  const loads = new UnsettledLoads({ settle, logger, backoff })
  loads.add('/one')
  expect(await done).toBe('/one')
  await loads[Symbol.asyncDispose]()
  expect(failures).toBe(-1)
  expect(loads.count).toBe(0)
})

test('a load is given up after the last attempt, and tried once more at disposal', async () => {
  let attempts = 0
  let last: (() => void) | undefined
  const reached = new Promise<void>((resolve) => {
    last = resolve
  })
  const settle = async () => {
    attempts += 1
    if (attempts === backoff.attemptsMax) last?.()
    if (attempts <= backoff.attemptsMax) throw new TypeError('no connection')
  }
  const loads = new UnsettledLoads({ settle, logger, backoff })
  loads.add('/one')
  await reached
  expect(loads.count).toBe(1)
  await loads[Symbol.asyncDispose]()
  expect(attempts).toBe(backoff.attemptsMax + 1)
  expect(loads.count).toBe(0)
})

test('disposal tries what still waits for its turn, and leaves what fails', async () => {
  const tried: string[] = []
  const settle = async (directory: string) => {
    tried.push(directory)
    if (directory === '/two') throw new TypeError('no connection')
  }
  const slow = { ...backoff, firstMs: 60_000, longestMs: 60_000 }
  const loads = new UnsettledLoads({ settle, logger, backoff: slow })
  loads.add('/one')
  loads.add('/two')
  await loads[Symbol.asyncDispose]()
  expect(tried).toEqual(['/one', '/two'])
  loads.add('/three')
  expect(loads.count).toBe(1)
})
