import { DuckDatabase } from '@hypermesh/duckdb'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

let platform: Platform

beforeEach(async () => {
  platform = await startPlatform()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await platform[Symbol.asyncDispose]()
})

const rowsOf = async (sql: string) => (await platform.clients.reader.sql(sql)).rows
const load = (table: string, body: string) =>
  platform.clients.writer.ingest(table, { body, format: 'csv' })

test('statements one after the other share sessions, and each sees its tables as they are then', async () => {
  await load('main.t', 'a\n1\n')
  await load('main.u', 'a\n10\n')
  expect(await rowsOf('SELECT a FROM main.t')).toEqual([[1]])
  const opened = vi.spyOn(DuckDatabase.prototype, 'connectApart')
  expect(await rowsOf('SELECT a FROM main.t')).toEqual([[1]])
  expect(await rowsOf('SELECT sum(t.a + u.a)::INT FROM main.t t, main.u u')).toEqual([[11]])
  await load('main.t', 'a\n2\n')
  expect(await rowsOf('SELECT a FROM main.T ORDER BY a')).toEqual([[1], [2]])
  expect(await rowsOf('SELECT a FROM main.t WHERE a = 2')).toEqual([[2]])
  const [first] = (await platform.clients.reader.tableHistory('main.t')).snapshots.slice(-1)
  const version = `SELECT count(*) FROM main.t AT (VERSION => ${first?.snapshotId})`
  expect(await rowsOf(version)).toEqual([[1]])
  await platform.clients.writer.dropTable('main.t')
  await expect(rowsOf('SELECT a FROM main.t')).rejects.toMatchObject({ code: 'not_found' })
  await load('main.t', 'a,b\nx,y\n')
  expect(await rowsOf('SELECT * FROM main.t')).toEqual([['x', 'y']])
  expect(opened.mock.calls.length).toBeLessThanOrEqual(2)
})

test('a statement that comes again means what its words mean then', async () => {
  const { writer, reader } = platform.clients
  const columns = [
    { name: 'a', id: 1, required: false, type: 'int' },
    { name: 'b', id: 2, required: false, type: 'string' },
  ] as const
  const schema = (count: number) => ({ type: 'struct' as const, fields: columns.slice(0, count) })
  await writer.createNamespace({ namespace: ['ns'] })
  await writer.createTable('ns', { name: 't', schema: schema(1) })
  const all = 'SELECT * FROM ns.t ORDER BY ALL'
  // Of no file: nothing in its plan tells DuckDB that the next one is another.
  for (let round = 0; round < 2; round += 1) expect(await rowsOf(all)).toEqual([])
  await load('ns.t', 'a\n1\n')
  expect(await rowsOf(all)).toEqual([[1]])
  await writer.dropTable('ns.t')
  await writer.createTable('ns', { name: 't', schema: schema(2) })
  expect((await reader.sql(all)).columns.map(({ name }) => name)).toEqual(['a', 'b'])
  const asked = 'SELECT b FROM ns.t WHERE a = $1'
  await load('ns.t', 'a,b\n1,x\n2,y\n')
  for (const [a, b] of [
    [1, 'x'],
    [2, 'y'],
  ] as const) {
    expect((await reader.sql({ sql: asked, parameters: [a] })).rows).toEqual([[b]])
  }
  const moment = 'SELECT epoch_us(now())'
  const [[first], [second]] = [await rowsOf(moment), await rowsOf(moment)] as [
    [unknown[]],
    [unknown[]],
  ]
  expect(Number(second[0])).toBeGreaterThan(Number(first[0]))
})

test('after a cut, a page or a failure the next statement has a new session', async () => {
  await load('main.many', `a\n${Array.from({ length: 5000 }, (_, a) => a).join('\n')}\n`)
  const { reader } = platform.clients
  const opened = vi.spyOn(DuckDatabase.prototype, 'connectApart')
  const openedBy = async (sql: string, options = {}) => {
    await rowsOf('SELECT min(a) FROM main.many')
    opened.mockClear()
    await reader.sql({ sql, ...options }).catch(() => undefined)
    expect(await rowsOf('SELECT count(*), max(a) FROM main.many')).toEqual([[5000, 4999]])
    return opened.mock.calls.length
  }
  expect(await openedBy('SELECT a FROM main.many')).toBe(0)
  expect(await openedBy('SELECT a FROM main.many', { rowsMax: 3 })).toBe(1)
  expect(await openedBy('SELECT a FROM main.many', { pageRows: 10 })).toBeGreaterThan(0)
  expect(await openedBy("SELECT error('x' || a) FROM main.many")).toBeGreaterThan(0)
  expect(await openedBy("SELECT ('x' || a)::INT FROM main.many")).toBeGreaterThan(0)
})

test('of what a called function answered the next statement sees nothing', async () => {
  const { admin, reader } = platform.clients
  await admin.createGraphDatabase('g')
  await admin.createGraphTable('g', { table: 'e' })
  await admin.insertHyperedges('g.e', { hyperedges: [{ at: 0, members: [1, 2] }] })
  await load('main.t', 'a\n1\n')
  const sql = "SELECT count(*) FROM members('g.e') m JOIN main.t ON t.a = m.node"
  expect(await rowsOf(sql)).toEqual([[1]])
  const opened = vi.spyOn(DuckDatabase.prototype, 'connectApart')
  await admin.insertHyperedges('g.e', { hyperedges: [{ at: 1, members: [1, 3] }] })
  expect(await rowsOf(sql)).toEqual([[2]])
  const twice = "SELECT (SELECT count(*) FROM members('g.e')), count(*) FROM hyperedges('g.e')"
  expect(await rowsOf(twice)).toEqual([[4, 2]])
  expect(await rowsOf(sql)).toEqual([[2]])
  expect(opened).not.toHaveBeenCalled()
  for (const name of ['temp.call_rows_1', 'call_rows_1', '"called@".members_1']) {
    await expect(reader.sql(`SELECT * FROM ${name}`)).rejects.toMatchObject({
      code: expect.stringMatching(/^(not_found|invalid|invalid_name|forbidden)$/),
    })
  }
})
