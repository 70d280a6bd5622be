import { ManualClock } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { TokenBuckets } from './token-buckets.ts'

test('the map of buckets is bounded; the one unused longest starts full again', () => {
  const clock = new ManualClock()
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1, bucketsMax: 2, clock })
  expect(buckets.take('a')).toBeUndefined()
  expect(buckets.take('b')).toBeUndefined()
  expect(buckets.take('a')).toEqual({ retryAfterSeconds: 1 })
  expect(buckets.take('c')).toBeUndefined()
  expect(buckets.bucketCount).toBe(2)
  expect(buckets.take('a')).toEqual({ retryAfterSeconds: 1 })
  expect(buckets.take('b')).toBeUndefined()
})

test('a bucket never holds more than its burst', () => {
  const clock = new ManualClock()
  const buckets = new TokenBuckets({ perSecond: 10, burst: 2, bucketsMax: 9, clock })
  buckets.take('a')
  clock.advance(60_000)
  const answers = [buckets.take('a'), buckets.take('a'), buckets.take('a')]
  expect(answers).toEqual([undefined, undefined, { retryAfterSeconds: 1 }])
})
