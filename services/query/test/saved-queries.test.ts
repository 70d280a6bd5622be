import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform({ config: { limits: { savedQueriesMax: 4 } } })
  await platform.clients.writer.ingest('main.t', {
    body: 'id,price,day\n1,1.10,2024-01-01\n2,2.20,2024-01-02\n3,3.30,2024-01-03\n',
    format: 'csv',
  })
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
})

const writer = () => platform.clients.writer
const reader = () => platform.clients.reader
const invalid = (parameter: string) => ({ code: 'invalid', details: { parameter } })

test('a saved query is run with values that are read as the types of its parameters', async () => {
  const saved = await writer().saveQuery('since', {
    sql: 'SELECT id, typeof($day) AS type FROM t WHERE day >= $day AND id < $below ORDER BY id',
    parameters: [
      { name: 'day', type: 'DATE' },
      { name: 'below', type: 'BIGINT', default: '3', description: 'not this id' },
    ],
    description: 'newer rows',
  })
  expect(saved).toMatchObject({ name: 'since', description: 'newer rows' })
  const run = (parameters: Record<string, string | number | null>) =>
    reader().runSavedQuery('since', { parameters })
  expect((await run({ day: '2024-01-01' })).rows).toEqual([
    [1, 'DATE'],
    [2, 'DATE'],
  ])
  expect((await run({ day: '2024-01-02', below: 10 })).rows).toEqual([
    [2, 'DATE'],
    [3, 'DATE'],
  ])
  expect((await run({ day: '2024-01-02', below: null })).rows).toEqual([])
  await expect(run({})).rejects.toMatchObject(invalid('day'))
  await expect(run({ day: '2024-01-01', more: 1 })).rejects.toMatchObject(invalid('more'))
  await expect(run({ day: 'soon' })).rejects.toMatchObject({ code: 'invalid' })
  await expect(run({ day: '2024-01-01', below: 1.5 })).rejects.toMatchObject({ code: 'invalid' })
})

test('formats, pages and pruning are those of a statement', async () => {
  await writer().saveQuery('one', {
    sql: 'SELECT id FROM t WHERE id = $1',
    parameters: [{ name: '1', type: 'BIGINT' }],
  })
  const pruned = await reader().runSavedQuery('one', { parameters: { 1: 77 } })
  expect(pruned).toMatchObject({ rows: [], filesPlanned: 0, filesPruned: 1 })
  const stream = await reader().streamSavedQuery('one', { parameters: { 1: 2 } }, { format: 'csv' })
  expect(await new Response(stream.body).text()).toBe('id\r\n2\r\n')
  await writer().saveQuery('all', { sql: 'FROM t ORDER BY id;' })
  const page = await reader().runSavedQuery('all', { pageRows: 2 })
  expect((await reader().sqlPage(page.next ?? '')).rows).toEqual([[3, 3.3, '2024-01-03']])
})

test('what is wrong with a query is told when it is saved, and nothing is kept', async () => {
  for (const [sql, parameters = []] of [
    ['SELECT nope FROM t'],
    ['SELECT * FROM absent'],
    ['DROP TABLE t'],
    ['SELECT $a'],
    ['SELECT 1', [{ name: 'a', type: 'INTEGER' }]],
    ['SELECT $a', [{ name: 'a', type: 'NONSENSE' }]],
    ['SELECT $a', [{ name: 'a', type: 'INTEGER', default: 'x' }]],
    [
      'SELECT $a',
      [
        { name: 'a', type: 'INTEGER' },
        { name: 'a', type: 'DATE' },
      ],
    ],
    ["FROM read_csv('/etc/passwd')"],
  ] as const) {
    const saving = writer().saveQuery('bad', { sql, parameters: [...parameters] })
    await expect(saving, sql).rejects.toMatchObject({ status: expect.toSatisfy((s) => s < 500) })
  }
  const error = await writer()
    .saveQuery('bad', { sql: 'SELECT id,\n  nope FROM t' })
    .catch((e) => e)
  expect(error.details).toMatchObject({ line: 2, column: 3 })
  await expect(reader().getSavedQuery('bad')).rejects.toMatchObject({ code: 'not_found' })
  await expect(writer().saveQuery('a/b', { sql: 'SELECT 1' })).rejects.toMatchObject({
    status: 422,
  })
  await expect(reader().saveQuery('mine', { sql: 'SELECT 1' })).rejects.toMatchObject({
    code: 'forbidden',
  })
})

test('a saved query is replaced, created only, listed, bounded and deleted', async () => {
  for (const { name } of (await reader().listSavedQueries()).queries)
    await writer().deleteSavedQuery(name)
  await writer().saveQuery('x', { sql: 'SELECT 1' })
  await writer().saveQuery('X', { sql: 'SELECT 2' })
  expect((await reader().runSavedQuery('x')).rows).toEqual([[2]])
  await expect(
    writer().saveQuery('x', { sql: 'SELECT 3' }, { create: true }),
  ).rejects.toMatchObject({
    code: 'exists',
  })
  for (const name of ['b', 'a', 'c'])
    await writer().saveQuery(name, { sql: 'SELECT 1' }, { create: true })
  await expect(writer().saveQuery('more', { sql: 'SELECT 1' })).rejects.toMatchObject({
    code: 'too_large',
  })
  await writer().saveQuery('c', { sql: 'SELECT 5' })
  const { queries } = await reader().listSavedQueries()
  expect(queries.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'X'])
  await writer().deleteSavedQuery('a')
  await expect(reader().runSavedQuery('a')).rejects.toMatchObject({ code: 'not_found' })
  await expect(writer().deleteSavedQuery('a')).rejects.toMatchObject({ code: 'not_found' })
})

test('a saved query survives a restart', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hypermesh-saved-'))
  {
    await using first = await startPlatform({ directory })
    await first.clients.writer.saveQuery('kept', {
      sql: 'SELECT $n * 2',
      parameters: [{ name: 'n', type: 'INTEGER', default: '21' }],
    })
  }
  await using again = await startPlatform({ directory })
  expect((await again.clients.reader.runSavedQuery('kept')).rows).toEqual([[42]])
  await rm(directory, { recursive: true })
})
