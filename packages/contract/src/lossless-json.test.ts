import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson, stringifyJson } from './lossless-json.ts'

describe('parseJson', () => {
  test.each([
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9223372036854775808', -9223372036854775808n],
    ['[18446744073709551616,1]', [18446744073709551616n, 1]],
    ['"9223372036854775807"', '9223372036854775807'],
    [
      '{"a\\"1234567890123456789":12345678901234567890}',
      { 'a"1234567890123456789': 12345678901234567890n },
    ],
    ['{"p":"x\\\\","n":12345678901234567890}', { p: 'x\\', n: 12345678901234567890n }],
    ['1234567890123456789.5', Number('1234567890123456789.5')],
    ['12345678901234567890e2', Number('12345678901234567890e2')],
    ['["snap-12345678901234567890.avro"]', ['snap-12345678901234567890.avro']],
  ])('%s is kept exactly', (text, value) => {
    expect(parseJson(text)).toEqual(value)
  })

  test.each(['', '{', '"1234567890123456', '01234567890123456789', '[12345678901234567890', '1 2'])(
    'what is not JSON is refused: %s',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError)
    },
  )

  test('whatever JSON holds comes back, longs included', () => {
    const { tie } = fc.letrec((tie) => ({
      tie: fc.oneof(
        { depthSize: 'small' },
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.string({ unit: 'binary' }),
        fc.stringMatching(/^["\\0-9]{0,40}$/),
        fc.constantFrom(null, true, 0, 1.5, -1e300),
        fc.array(tie('tie')),
        fc.dictionary(fc.string(), tie('tie')),
      ),
    }))
    fc.assert(
      fc.property(tie, (value) => {
        expect(parseJson(stringifyJson(value))).toEqual(normal(value))
      }),
    )
  })
})

/** A bigint that a number could hold is read as a number. */
function normal(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (Array.isArray(value)) return value.map(normal)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, normal(inner)]))
}
