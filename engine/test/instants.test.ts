import { expect, test } from 'vitest'
import { EngineError } from '../lib/errors.ts'
import { microsMax, microsMin, microsToText, type TimeUnit, toMicros } from '../lib/instants.ts'

function micros(value: unknown, unit: TimeUnit = 'ms'): bigint {
  return BigInt(toMicros(value, unit, 'at'))
}

test.each([
  [1, 's', 1_000_000n],
  [1.5, 's', 1_500_000n],
  [1_700_000_000_123, 'ms', 1_700_000_000_123_000n],
  [1_700_000_000_123.457, 'ms', 1_700_000_000_123_457n],
  [-1.5, 'ms', -1500n],
  [1, 'us', 1n],
  [8.64e15, 'ms', 8_640_000_000_000_000_000n],
] as const)('the number %d of %s is a number of microseconds', (value, unit, expected) => {
  expect(micros(value, unit)).toBe(expected)
})

test.each([
  ['1970-01-01', 0n],
  ['1970-01-01T00:00:00.000001Z', 1n],
  ['1970-01-01T00:00:00,5Z', 500_000n],
  ['1970-01-01 00:00:01', 1_000_000n],
  ['1970-01-01T02:00:00+02:00', 0n],
  ['1969-12-31T19:00:00-0500', 0n],
  ['1969-12-31T23:59:59.999999Z', -1n],
  ['2024-02-29T12:34:56.1234567Z', 1_709_210_096_123_456n],
  ['+012024-01-01T00:00:00Z', BigInt(Date.UTC(12024, 0)) * 1000n],
  ['-9223372036854775807us', microsMin],
])('the text %s is an instant', (text, expected) => {
  expect(micros(text)).toBe(expected)
})

test('an instant as text reads back as the same microsecond', () => {
  for (const instant of [0n, -1n, 1n, 999n, 1_700_000_000_123_456n, microsMin, microsMax]) {
    expect(micros(microsToText(instant))).toBe(instant)
  }
})

test.each([
  [Number.NaN],
  [Number.POSITIVE_INFINITY],
  [1e300],
  [2n ** 63n - 1n],
  [-(2n ** 63n)],
  [2n ** 80n],
  [new Date(Number.NaN)],
  ['yesterday'],
  ['2023-02-29'],
  ['2024-13-01'],
  ['2024-01-01T25:00:00Z'],
  ['2024-01-01T00:00:00+99:00'],
  [''],
  [null],
  [undefined],
  [{}],
  [true],
])('%s is no instant', (value) => {
  expect(() => micros(value)).toThrow(EngineError)
  expect(() => micros(value)).toThrow(/^at /)
})
