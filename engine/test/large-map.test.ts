import { expect, test } from 'vitest'
import { LargeMap, mapFor } from '../lib/large-map.ts'

test.each([1, 3, 1000])('several maps of %d keys are one', (keysMax) => {
  const map = new LargeMap<string, number>(keysMax)
  const whole = new Map<string, number>()
  for (let at = 0; at < 200; at++) {
    const key = `key ${(at * 7) % 50}`
    expect([map.has(key), map.get(key)]).toEqual([whole.has(key), whole.get(key)])
    map.set(key, at)
    whole.set(key, at)
    expect(map.size).toBe(whole.size)
  }
  expect([...map.keys()]).toEqual([...whole.keys()])
  for (const [key, value] of whole) expect(map.get(key)).toBe(value)
})

test('only where there may be more keys than a map holds are there several', () => {
  expect(mapFor(10)).toBeInstanceOf(Map)
  expect(mapFor(2 ** 24)).toBeInstanceOf(LargeMap)
})
