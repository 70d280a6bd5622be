import { parseTableName } from '@hypermesh/contract'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTarget, tableForFile } from './target-table.ts'

test.each([
  ['/tmp/cars.json', 'main.cars'],
  ['flights-3m.parquet', 'main.flights_3m'],
  ['2024 Sales (final).csv', 'main._2024_sales_final'],
  ['Überschuß.csv', 'main.uberschu'],
  ['.hidden.csv', 'main.hidden'],
  ['東京.csv', 'main._'],
  ['a.b.csv', 'main.a_b'],
  ['a.b.csv.gz', 'main.a_b'],
  ['logs.ndjson.ZST', 'main.logs'],
])('%s goes into %s', (path, table) => {
  expect(tableForFile(path)).toBe(table)
})

test('any file name gives a valid table name', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      (name) => parseTableName(tableForFile(name)) !== null,
    ),
  )
})

test('a name without a namespace is in main; anything else is refused', () => {
  expect(parseTarget('cars')).toBe('main.cars')
  expect(parseTarget('lake.cars')).toBe('lake.cars')
  expect(() => parseTarget('a.b.c')).toThrow('not a table name')
  expect(() => parseTarget('ca-rs')).toThrow('not a name')
})
