import { expect, test } from 'vitest'
import { planFilters, planningDisabledOptimizers } from '../src/scan-filters.ts'
import { makeNames, mayServeAgain, type SessionName } from '../src/session-names.ts'
import { openBeforeAll } from './_database.ts'

const opened = openBeforeAll({ disabledOptimizers: planningDisabledOptimizers })

const table = (view: string, type: string) => ({
  schema: 'ns',
  view,
  columns: [{ name: 'a', type }],
})
const parameters = new Map()

test('a session plans one statement after the other, each over the tables as they are then', async () => {
  await using session = await opened.database.connectApart()
  const typeOf = async (type: string, name = 't') => {
    const tables = [table(name, type)]
    const filters = await planFilters(session, {
      sql: `FROM ns.${name} WHERE a = '7'`,
      tables,
      parameters,
    })
    return filters.get('ns.t')
  }
  expect(await typeOf('BIGINT')).toMatchObject({ value: { type: 'BIGINT' } })
  expect(await typeOf('VARCHAR')).toMatchObject({ value: { type: 'VARCHAR' } })
  expect(await typeOf('BIGINT', 'T')).toMatchObject({ value: { type: 'BIGINT' } })
  expect(mayServeAgain(session)).toBe(true)
})

test('a name may be a table, then a view, then a table', async () => {
  await using session = await opened.database.connectApart()
  const views = [{ schema: 'ns', view: 'v', sql: 'SELECT a FROM ns.t', columnNames: ['b'] }]
  const tables = [table('t', 'BIGINT')]
  for (let round = 0; round < 2; round += 1) {
    const asTable = { sql: 'FROM ns.v WHERE a > 1', tables: [table('v', 'BIGINT')], parameters }
    expect((await planFilters(session, asTable)).get('ns.v')).toMatchObject({ op: '>' })
    const asView = { sql: 'FROM ns.v WHERE b > 1', tables, views, parameters }
    expect((await planFilters(session, asView)).get('ns.t')).toMatchObject({ op: '>' })
  }
})

test('a session whose tables could not be made, or that has many, plans no more', async () => {
  await using session = await opened.database.connectApart()
  const wrong = { sql: 'FROM ns.t', tables: [table('t', 'NO_TYPE')], parameters }
  expect(await planFilters(session, wrong)).toEqual(new Map())
  expect(mayServeAgain(session)).toBe(false)
  await using other = await opened.database.connectApart()
  const plan = (count: number) => {
    const tables = Array.from({ length: count }, (_, index) => table(`t${index}`, 'BIGINT'))
    return planFilters(other, { sql: 'FROM ns.t0', tables, parameters })
  }
  await plan(200)
  expect(mayServeAgain(other)).toBe(true)
  await plan(201)
  expect(mayServeAgain(other)).toBe(false)
})

test('what reads a name that is made anew is made anew, and what stands before it is not', async () => {
  await using session = await opened.database.connectApart()
  const base = (view: string, value: string): SessionName => {
    const sql = `CREATE VIEW ns.${view} AS SELECT ${value} AS a;`
    return { schema: 'ns', view, kind: 'VIEW', sql }
  }
  const reader = (view: string, from: string): SessionName => {
    const sql = `CREATE VIEW ns.${view} AS FROM ns.${from};`
    return { schema: 'ns', view, kind: 'VIEW', sql, readsNames: true }
  }
  const readAll = async (names: readonly SessionName[]) => {
    await makeNames(session, names, undefined)
    return session.rows(names.map(({ view }) => `SELECT a FROM ns.${view}`).join(' UNION ALL '))
  }
  const over = [reader('v1', 't'), reader('v2', 'v1')]
  expect(await readAll([base('t', '1'), ...over])).toEqual([{ a: 1 }, { a: 1 }, { a: 1 }])
  // A column of another type: a view that was bound to the old one would fail.
  await readAll([base('t', "'x'")])
  expect(await readAll([base('T', "'y'"), ...over])).toEqual([{ a: 'y' }, { a: 'y' }, { a: 'y' }])
  const other = [base('T', "'y'"), reader('v1', 't'), reader('v2', 't')]
  expect(await readAll(other)).toEqual([{ a: 'y' }, { a: 'y' }, { a: 'y' }])
  expect(mayServeAgain(session)).toBe(true)
})

test('a session whose views are very long serves no more', async () => {
  await using session = await opened.database.connectApart()
  const sql = `CREATE VIEW ns.long AS SELECT '${'x'.repeat(1_000_000)}' AS a;`
  await makeNames(session, [{ schema: 'ns', view: 'long', kind: 'VIEW', sql }], undefined)
  expect(mayServeAgain(session)).toBe(false)
})
