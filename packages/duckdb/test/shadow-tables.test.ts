import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DuckDatabase } from '../src/database.ts'
import { planFilters, planningDisabledOptimizers } from '../src/scan-filters.ts'
import { mayPlanAgain } from '../src/shadow-tables.ts'

let root: string
let database: DuckDatabase

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hm-shadows-'))
  database = await DuckDatabase.open({
    threads: 1,
    memoryBytes: 256 * 1024 * 1024,
    temporaryDirectory: join(root, 'tmp'),
    allowedDirectories: [],
    disabledOptimizers: planningDisabledOptimizers,
  })
})

afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await rm(root, { recursive: true, force: true })
})

const table = (view: string, type: string) => ({
  schema: 'ns',
  view,
  columns: [{ name: 'a', type }],
})
const parameters = new Map()

test('a session plans one statement after the other, each over the tables as they are then', async () => {
  await using session = await database.connectApart()
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
  expect(mayPlanAgain(session)).toBe(true)
})

test('a name may be a table, then a view, then a table', async () => {
  await using session = await database.connectApart()
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
  await using session = await database.connectApart()
  const wrong = { sql: 'FROM ns.t', tables: [table('t', 'NO_TYPE')], parameters }
  expect(await planFilters(session, wrong)).toEqual(new Map())
  expect(mayPlanAgain(session)).toBe(false)
  await using other = await database.connectApart()
  const plan = (count: number) => {
    const tables = Array.from({ length: count }, (_, index) => table(`t${index}`, 'BIGINT'))
    return planFilters(other, { sql: 'FROM ns.t0', tables, parameters })
  }
  await plan(200)
  expect(mayPlanAgain(other)).toBe(true)
  await plan(201)
  expect(mayPlanAgain(other)).toBe(false)
})
