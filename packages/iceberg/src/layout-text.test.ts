import { expect, test } from 'vitest'
import { parsePartitionBy, parseSortBy } from './layout-text.ts'

test('columns under transforms are read as Spark, Trino and the format itself write them', () => {
  const text =
    'region, day(ts), years("Order, date"), bucket(16, id), bucket(id, 8), truncate[4](zip)'
  expect(parsePartitionBy(text)).toEqual([
    { column: 'region', transform: 'identity' },
    { column: 'ts', transform: 'day' },
    { column: 'Order, date', transform: 'year' },
    { column: 'id', transform: 'bucket[16]' },
    { column: 'id', transform: 'bucket[8]' },
    { column: 'zip', transform: 'truncate[4]' },
  ])
  expect(parsePartitionBy('"a ""b"" (c)"')).toEqual([
    { column: 'a "b" (c)', transform: 'identity' },
  ])
})

test('an order has a direction and a place for nulls, first where it ascends', () => {
  const order = (direction: string, nullOrder: string) => ({ direction, nullOrder })
  expect(parseSortBy('ts desc, name, "Asc" ASC nulls last, hour(ts) desc NULLS FIRST')).toEqual([
    { column: 'ts', transform: 'identity', ...order('desc', 'nulls-last') },
    { column: 'name', transform: 'identity', ...order('asc', 'nulls-first') },
    { column: 'Asc', transform: 'identity', ...order('asc', 'nulls-last') },
    { column: 'ts', transform: 'hour', ...order('desc', 'nulls-first') },
  ])
})

test.each([
  '',
  'a,',
  'day(',
  'day(a, b)',
  'week(ts)',
  'bucket(id)',
  'bucket(4, 5)',
  'bucket[4](5, a)',
  '"a',
  'day("a)',
  'a)',
])('%j is refused', (text) => {
  expect(() => parsePartitionBy(text)).toThrow(/transform|not understood/)
})
