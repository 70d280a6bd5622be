import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSearch } from './search-text.ts'

/** What it gives or how it fails; −0 told from 0. */
function outcomeOf(parse: (text: string) => unknown, text: string): unknown {
  try {
    return { value: parse(text) }
  } catch (error) {
    return { message: (error as Error).message }
  }
}

const digits = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max })
/** Also such as no program writes, and some that are none. */
const anyNumber = fc
  .tuple(
    fc.constantFrom('', '', '-', '+'),
    digits(0, 25),
    fc.option(digits(0, 25)),
    fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e-', 'e+'), digits(0, 4))),
  )
  .map(([sign, whole, places, exponent]) => {
    const fraction = places === null ? '' : `.${places}`
    return `${sign}${whole}${fraction}${exponent === null ? '' : exponent.join('')}`
  })
const number = fc.oneof(
  { weight: 20, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  { weight: 20, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }).map(String) },
  { weight: 10, arbitrary: anyNumber },
  { weight: 1, arbitrary: fc.constantFrom('null', '"1"', '[1]', '{}', 'NaN', '\u0660', '') },
)
const space = fc.constantFrom('', '', ' ', '\n\t ', '\r')
const list = fc
  .array(fc.tuple(space, number, space), { maxLength: 20 })
  .map((parts) => `[${parts.map((part) => part.join('')).join(',')}]`)
const rest = fc.constantFrom(
  '}',
  ',"k":3}',
  ' , "filter": {"city": "Z\u00fcrich \u2603", "vector": [1]} }',
  ',"vector":[1]}',
  ',"\\u0076ector":0}',
  '',
  ']}',
  '} x',
  ',}',
)
const head = fc.constantFrom(
  '{"vector":',
  ' {\n"vector" : ',
  '\ufeff{"vector":',
  '{\u00a0"vector":',
  '{"vector"\v:',
  '{"vector":\u2028',
  '{"k":1,"vector":',
  '{"vectors":',
  '[',
)

test('is what JSON.parse says of any text, also that it is none', () => {
  fc.assert(
    fc.property(fc.tuple(head, list, rest), (parts) => {
      const text = parts.join('')
      expect(outcomeOf(parseSearch, text)).toStrictEqual(outcomeOf(JSON.parse, text))
    }),
    { numRuns: 5000 },
  )
})

test.each([
  '0.1',
  '123456789012345678',
  '0.30000000000000004',
  '1.7976931348623157e308',
  '1e309',
  '5e-324',
  '1e-400',
  '-0',
  '9007199254740993',
  '0.000000000000000000000000000000012345678901234567',
  `1${'0'.repeat(70)}`,
  '1e22',
  '1e23',
  '123456789012345e-22',
  '1e5',
  '0e0',
  '12.5E+12',
])('%s is the same number', (text) => {
  const body = `{"vector":[${text}]}`
  expect(parseSearch(body)).toStrictEqual(JSON.parse(body))
})

test('more numbers than a vector can have are read too', () => {
  const body = `{"vector":[${new Array(10_000).fill('1.5').join()}]}`
  expect(parseSearch(body)).toStrictEqual(JSON.parse(body))
})
