import { expect, test } from 'vitest'
import { isMomentary } from '../src/planner-memory.ts'
import { planFilters, planningDisabledOptimizers } from '../src/scan-filters.ts'
import { isCallable } from '../src/sql-functions.ts'
import { guardSql } from '../src/sql-guard.ts'
import { openBeforeAll } from './_database.ts'

const opened = openBeforeAll({ disabledOptimizers: planningDisabledOptimizers })

const tables = [
  {
    schema: 'ns',
    view: 't',
    columns: [
      { name: 'a', type: 'BIGINT' },
      { name: 'at', type: 'TIMESTAMP WITH TIME ZONE' },
    ],
  },
]
const long = (text: string) => ({ type: 'BIGINT' as const, text })

test('every callable function whose value depends on the moment is told', async () => {
  await using session = await opened.database.connect()
  const rows = await session.rows(
    `SELECT DISTINCT function_name AS name FROM duckdb_functions()
      WHERE stability <> 'CONSISTENT' OR regexp_matches(macro_definition, '(now|current|random|uuid)')`,
  )
  const names = rows.map(({ name }) => String(name)).filter((name) => isCallable(name, 'scalar'))
  expect(names).toContain('now')
  expect(names.filter((name) => !isMomentary(`SELECT ${name}()`))).toEqual([])
  // Words that the parser makes functions of, and one that DuckDB takes for constant.
  const more = ['current_timestamp', 'localtime', 'LOCALTIMESTAMP', '"now"()', 'age(d)', 'ago(d)']
  expect(more.filter((word) => !isMomentary(`SELECT ${word}`))).toEqual([])
  expect(isMomentary('SELECT id, snow FROM ns.t WHERE nowhere = 5')).toBe(false)
})

test('a plan is remembered with its parameters open, and not where it holds the moment', async () => {
  await using session = await opened.database.connectApart()
  const memory = new Map<string, string>()
  const filterOf = async (sql: string, value?: string) => {
    const parameters = new Map(value === undefined ? [] : [['1', long(value)]])
    return (await planFilters(session, { sql, tables, parameters, memory })).get('ns.t')
  }
  expect(await filterOf('FROM ns.t WHERE a = $1', '7')).toMatchObject({ value: { text: '7' } })
  expect(memory.size).toBe(1)
  expect(await filterOf('FROM ns.t WHERE a = $1', '8')).toMatchObject({ value: { text: '8' } })
  expect(await filterOf('FROM ns.t WHERE a = 7')).toMatchObject({ value: { text: '7' } })
  expect(memory.size).toBe(2)
  await filterOf('FROM ns.t WHERE a = 7 AND at < now()')
  expect(memory.size).toBe(2)
})

test('a statement that was let through is judged again, from the same tree', async () => {
  await using session = await opened.database.connectApart()
  const memory = new Map<string, string>()
  const sql = 'SELECT a FROM t AS x WHERE x.a = $1'
  const parameters = { values: [1n] }
  for (const view of ['one', 'two']) {
    const guarded = await guardSql(session, sql, { parameters, memory })
    const { body } = await guarded.rewrite([{ schema: 'ns', view }])
    expect(body).toContain(`ns.${view}`)
  }
  expect(memory.size).toBe(1)
  await expect(
    guardSql(session, sql, { memory, parameters: { values: [] } }),
  ).rejects.toMatchObject({
    details: { reason: 'parameter' },
  })
  await expect(guardSql(session, 'SELECT FROM', { memory })).rejects.toMatchObject({
    details: { reason: 'parser' },
  })
  expect(memory.size).toBe(1)
})
