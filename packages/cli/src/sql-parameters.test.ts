import { expect, test } from 'vitest'
import { parseParameters } from './sql-parameters.ts'

test.each([
  [[], undefined],
  [
    ['5', 'x', 'true', 'null', '1.5', '"5"'],
    [5, 'x', true, null, 1.5, '5'],
  ],
  [['n=5', 's=a=b'], { n: 5, s: 'a=b' }],
  [['since:DATE=2024-01-31'], { since: { type: 'DATE', value: '2024-01-31' } }],
  [[':DECIMAL(18,3)=1.100'], [{ type: 'DECIMAL(18,3)', value: '1.100' }]],
  [[':INTEGER=null'], [{ type: 'INTEGER', value: null }]],
  [['-1e400'], [{ type: 'DOUBLE', value: '-1e400' }]],
  [['9223372036854775807'], [{ type: 'HUGEINT', value: '9223372036854775807' }]],
  [
    ['=x', '{"a":1}'],
    ['=x', '{"a":1}'],
  ],
  [['"a=b"'], ['a=b']],
])('%j is %j', (texts, value) => {
  expect(parseParameters(texts)).toEqual(value)
})

test('named and unnamed ones do not mix', () => {
  expect(() => parseParameters(['1', 'a=2'])).toThrow('or none of them')
})
