import type { SqlRequest } from '@hypermesh/contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bindParameters } from '../src/parameters.ts'
import type { DuckSession } from '../src/session.ts'
import { guardSql } from '../src/sql-guard.ts'
import { openBeforeAll } from './_database.ts'

const opened = openBeforeAll()
let session: DuckSession

const tableFunctions = new Set(['near'])

beforeAll(async () => {
  session = await opened.database.connectApart()
  await session.run(`
    CREATE SCHEMA "calls@"; CREATE TABLE "calls@"."1" (id BIGINT, d DOUBLE);
    INSERT INTO "calls@"."1" VALUES (7, 0.5), (8, 0.75);
    CREATE TABLE t (k INTEGER); INSERT INTO t VALUES (7);
  `)
})

afterAll(async () => {
  await session[Symbol.asyncDispose]()
})

const guard = async (sql: string, given?: SqlRequest['parameters']) =>
  guardSql(session, sql, { tableFunctions, parameters: bindParameters(given).parameters })

async function refusal(sql: string, given?: SqlRequest['parameters']) {
  return guard(sql, given).then(
    () => {
      throw new Error(`let through: ${sql}`)
    },
    (error: unknown) => error,
  )
}

test('arguments of a call are computed: literals, lists, constant expressions, names', async () => {
  const sql = `FROM near('docs', [0.1, -2, 1e3], 2 + 3, Filter := '{"a": 1}', ef := 100) v`
  const { calls, tables } = await guard(sql)
  expect(tables).toEqual([])
  expect(calls).toHaveLength(1)
  const [call] = calls
  expect(call).toMatchObject({ name: 'near', position: { line: 1, column: 6 } })
  expect(call?.positional.map(({ value }) => value)).toEqual(['docs', [0.1, -2, 1000], 5])
  expect(Object.fromEntries(call?.named ?? [])).toEqual({
    filter: { value: '{"a": 1}', type: 'VARCHAR' },
    ef: { value: 100, type: 'INTEGER' },
  })
})

test('a parameter may be any of them, a vector too, and is counted as used', async () => {
  const sql = 'FROM near($1, $2, $3), t WHERE t.k > $4'
  const { calls, parameters, allParameters } = await guard(sql, ['docs', [0.25, 0.5], 3, 0])
  expect(calls[0]?.positional).toEqual([
    { value: 'docs', type: 'VARCHAR' },
    { value: [0.25, 0.5], type: 'DOUBLE[]' },
    { value: 3, type: 'INTEGER' },
  ])
  expect([...parameters]).toEqual(['4'])
  expect([...allParameters].sort()).toEqual(['1', '2', '3', '4'])
  const typed = { q: { type: 'float[]', value: '[1.5, -2]' } }
  expect((await guard('FROM near($q)', typed)).calls[0]?.positional).toEqual([
    { value: [1.5, -2], type: 'FLOAT[]' },
  ])
  expect(await refusal('FROM near($1)')).toMatchObject({ details: { reason: 'parameter' } })
  expect(await refusal('FROM near($1)', [1, 2])).toMatchObject({ details: { reason: 'parameter' } })
})

test.each([
  ['FROM t, near(t.k)', { line: 1, column: 14 }],
  ['SELECT 1\nFROM near((SELECT 1))', { line: 2, column: 11 }],
  ['EXPLAIN FROM near([1, k])', { line: 1, column: 23 }],
  ['FROM near(filter = 1)', { line: 1, column: 11 }],
])('an argument that is no constant is refused with its place: %s', async (sql, at) => {
  expect(await refusal(sql)).toMatchObject({
    code: 'invalid',
    details: { reason: 'call', function: 'near', ...at },
  })
})

test.each([
  ['FROM near(getenv(1))', 'forbidden-function'],
  ["FROM near(read_text('/etc/passwd'))", 'forbidden-function'],
  ['FROM near(1) WITH ORDINALITY', 'unsupported-clause'],
  ['FROM main.near(1)', 'forbidden-function'],
  ['SELECT near(1)', 'forbidden-function'],
  ['FROM near(a := 1, a := 2)', 'call'],
  ["FROM near(repeat('x', 100000000))", 'too-large-value'],
])('%s is refused', async (sql, reason) => {
  expect(await refusal(sql)).toMatchObject({ code: 'invalid', details: { reason } })
})

test('without its name among the answered ones it is a function that nobody has', async () => {
  await expect(guardSql(session, 'FROM near(1)')).rejects.toMatchObject({
    details: { reason: 'forbidden-function' },
  })
})

test.each([
  ['SELECT * FROM near(1)', 2],
  ['SELECT v.a, b FROM near(1) AS v(a, b) JOIN t ON t.k = v.a', 1],
  ['SELECT near.id FROM near(1) WHERE id > 7', 1],
  ['WITH n AS (FROM near(1)) SELECT * FROM n a, n b', 4],
  ['SELECT * FROM t WHERE k IN (SELECT id FROM near([1, 2]))', 1],
])('rewritten, a table stands where the call was: %s', async (sql, rows) => {
  const guarded = await guard(sql)
  const tables = guarded.tables.map(({ table }) => ({ schema: 'main', view: table }))
  const { body } = await guarded.rewrite(tables, [{ schema: 'calls@', view: '1' }])
  expect(await session.rows(body)).toHaveLength(rows)
})

test('a TIMESTAMP of any kind is text that has its microseconds', async () => {
  const { calls } = await guard(`FROM near('docs',
    at := TIMESTAMP '2024-01-01 00:00:00.000001',
    zoned := TIMESTAMPTZ '2024-01-01 02:00:00.123456+02',
    earlier := TIMESTAMP '1969-12-31 23:59:59.999999',
    plain := TIMESTAMP_S '2024-01-01 00:00:01',
    nanos := TIMESTAMP_NS '2024-01-01 00:00:00.000001999',
    nothing := NULL::TIMESTAMP,
    several := [TIMESTAMP '2024-01-01'], day := DATE '2024-01-01')`)
  const values = Object.fromEntries(
    [...(calls[0]?.named ?? [])].map(([name, { value }]) => [name, value]),
  )
  expect(values).toMatchObject({
    ...{ at: '2024-01-01T00:00:00.000001Z', zoned: '2024-01-01T00:00:00.123456Z' },
    ...{ earlier: '1969-12-31T23:59:59.999999Z', plain: '2024-01-01T00:00:01.000Z' },
    ...{ nanos: '2024-01-01T00:00:00.000001Z', nothing: null },
    ...{ several: [new Date('2024-01-01')], day: new Date('2024-01-01') },
  })
})
