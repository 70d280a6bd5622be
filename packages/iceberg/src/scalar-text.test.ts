import { expect, test } from 'vitest'
import { formatScalar } from './scalar-text.ts'

test('values read as their types are written', () => {
  const bytes = (hex: string) => Buffer.from(hex, 'hex')
  expect(formatScalar({ kind: 'date' }, -1)).toBe('1969-12-31')
  expect(formatScalar({ kind: 'time' }, 86_399_000_001n)).toBe('23:59:59.000001')
  expect(formatScalar({ kind: 'timestamp' }, -1n)).toBe('1969-12-31T23:59:59.999999')
  expect(formatScalar({ kind: 'timestamptz' }, 0n)).toBe('1970-01-01T00:00:00Z')
  expect(formatScalar({ kind: 'decimal', precision: 9, scale: 2 }, -5n)).toBe('-0.05')
  expect(formatScalar({ kind: 'decimal', precision: 9, scale: 0 }, 12n)).toBe('12')
  expect(formatScalar({ kind: 'string' }, Buffer.from('é'))).toBe('é')
  expect(formatScalar({ kind: 'binary' }, bytes('00ff'))).toBe('0x00ff')
  expect(formatScalar({ kind: 'uuid' }, bytes('00112233445566778899aabbccddeeff'))).toBe(
    '00112233-4455-6677-8899-aabbccddeeff',
  )
  expect(formatScalar({ kind: 'long' }, 9_007_199_254_740_993n)).toBe('9007199254740993')
})

test('a value of another type has no text', () => {
  expect(formatScalar({ kind: 'date' }, 1n)).toBeUndefined()
  expect(formatScalar({ kind: 'timestamp' }, 1)).toBeUndefined()
  expect(formatScalar({ kind: 'string' }, 1)).toBeUndefined()
})
