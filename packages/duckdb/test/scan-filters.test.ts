import { expect, test } from 'vitest'
import type { ScanValue } from '../src/planned-value.ts'
import { planFilters, planningDisabledOptimizers, type ScanFilter } from '../src/scan-filters.ts'
import { openBeforeAll } from './_database.ts'

const opened = openBeforeAll({ disabledOptimizers: planningDisabledOptimizers })

const columns = [
  { name: 'a', type: 'BIGINT' },
  { name: 'b', type: 'VARCHAR' },
  { name: 'c', type: 'TIMESTAMP WITH TIME ZONE' },
  { name: 'd', type: 'DECIMAL(10,2)' },
  { name: 'e', type: 'DOUBLE' },
  { name: 's', type: 'STRUCT(x INTEGER)' },
  { name: 'f', type: 'DATE' },
  { name: 'we "ird', type: 'INTEGER' },
  { name: 't', type: 'TIMESTAMP' },
]

async function filterOf(
  sql: string,
  parameters: Record<string, ScanValue> = {},
): Promise<ScanFilter | undefined> {
  await using session = await opened.database.connectApart()
  const filters = await planFilters(session, {
    sql,
    tables: [
      { schema: 'ns', view: 't', columns },
      { schema: 'main', view: 'u', columns },
    ],
    parameters: new Map(Object.entries(parameters)),
  })
  return filters.get('ns.t')
}

const int = (text: string): ScanValue => ({ type: 'BIGINT', text })

test.each<[string, ScanFilter | undefined]>([
  ['FROM ns.t', undefined],
  ['FROM ns.t WHERE a > 5', { op: '>', column: 'a', value: int('5') }],
  ['FROM ns.t WHERE 5 > a', { op: '<', column: 'a', value: int('5') }],
  [
    "FROM ns.t WHERE b = 'it''s'",
    { op: '=', column: 'b', value: { type: 'VARCHAR', text: "it's" } },
  ],
  [
    'FROM ns.t WHERE d = 1.5',
    { op: '=', column: 'd', value: { type: 'DECIMAL(10,2)', text: '1.50' } },
  ],
  [
    "FROM ns.t WHERE f < DATE '2020-01-01'",
    { op: '<', column: 'f', value: { type: 'DATE', text: '2020-01-01' } },
  ],
  [
    "FROM ns.t WHERE c >= '2020-01-01 01:00:00.5+01'",
    {
      op: '>=',
      column: 'c',
      value: { type: 'TIMESTAMP WITH TIME ZONE', text: '2020-01-01 00:00:00.5+00' },
    },
  ],
  ["FROM ns.t WHERE t < 'infinity'", undefined],
  ['FROM ns.t WHERE b IS NULL', { op: 'is-null', column: 'b' }],
  [
    'FROM ns.t WHERE "we ""ird" <> 4',
    { op: '!=', column: 'we "ird', value: { type: 'INTEGER', text: '4' } },
  ],
  ['FROM ns.t WHERE s.x = 3', undefined],
  ['FROM ns.t WHERE a + 1 = b::INT', undefined],
  ['FROM ns.t WHERE 1 = 0', undefined],
  ['FROM ns.t WHERE a = 5 AND a = 6', undefined],
  ['FROM ns.t WHERE a > 5 ORDER BY b LIMIT 3', { op: '>', column: 'a', value: int('5') }],
  [
    'WITH x AS (FROM ns.t) SELECT count(*) FROM x AS y WHERE y.a = 7',
    { op: '=', column: 'a', value: int('7') },
  ],
  [
    'SELECT * FROM ns.t JOIN u ON ns.t.a = u.a WHERE u.a = 7',
    { op: '=', column: 'a', value: int('7') },
  ],
  ['SELECT * FROM ns.t LEFT JOIN u ON ns.t.a = u.a AND ns.t.a = 7', undefined],
  [
    'SELECT a FROM ns.t WHERE a = 1 UNION ALL SELECT a FROM ns.t WHERE a = 9',
    {
      op: 'or',
      children: [
        { op: '=', column: 'a', value: int('1') },
        { op: '=', column: 'a', value: int('9') },
      ],
    },
  ],
  ['SELECT a FROM ns.t WHERE a = 1 UNION ALL SELECT a FROM ns.t', undefined],
  ['FROM ns.t WHERE random() > 0.5', undefined],
  ['FROM nowhere WHERE a = 1', undefined],
])('%s', async (sql, filter) => {
  expect(await filterOf(sql)).toEqual(filter)
})

test('several filters of a scan are all there', async () => {
  expect(await filterOf("FROM ns.t WHERE a BETWEEN 1 AND 9 AND b LIKE 'ab%'")).toEqual({
    op: 'and',
    children: [
      {
        op: 'and',
        children: [
          { op: '>=', column: 'a', value: int('1') },
          { op: '<=', column: 'a', value: int('9') },
        ],
      },
      {
        op: 'and',
        children: [
          { op: '>=', column: 'b', value: { type: 'VARCHAR', text: 'ab' } },
          { op: '<', column: 'b', value: { type: 'VARCHAR', text: 'ac' } },
        ],
      },
    ],
  })
})

test('a list of values is one filter', async () => {
  expect(await filterOf('FROM ns.t WHERE a IN (1, 20, 300)')).toMatchObject({
    op: 'in',
    column: 'a',
    values: [int('1'), int('20'), int('300')],
  })
})

test('parameters count where the column compares with them as they are', async () => {
  const sql = 'FROM ns.t WHERE a > $1'
  expect(await filterOf(sql, { 1: { type: 'INTEGER', text: '5' } })).toEqual({
    op: '>',
    column: 'a',
    value: int('5'),
  })
  expect(await filterOf(sql, { 1: { type: 'DOUBLE', text: '5.5' } })).toBeUndefined()
  expect(await filterOf('FROM ns.t WHERE b = $x', { x: { type: 'VARCHAR', text: 'z' } })).toEqual({
    op: '=',
    column: 'b',
    value: { type: 'VARCHAR', text: 'z' },
  })
  expect(await filterOf(sql)).toBeUndefined()
})
