import { expect, test } from 'vitest'
import { formatBytes, formatCount, formatDuration, formatPlural } from './quantities.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [99_960, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [1.5e15, '1.5 PB'],
  [9e18, '9000 PB'],
])('%d bytes read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [0.25, '0.3 ms'],
  [12.4, '12 ms'],
  [999.6, '1.0 s'],
  [59_940, '59.9 s'],
  [60_000, '1 min 0 s'],
  [3_599_900, '1 h 0 min'],
])('%d milliseconds read %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})

test('counts are grouped', () => {
  expect(formatCount(3_000_000)).toBe('3,000,000')
  expect(formatPlural(1, 'row')).toBe('1 row')
  expect(formatPlural(0, 'row')).toBe('0 rows')
})
