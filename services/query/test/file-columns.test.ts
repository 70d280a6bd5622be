import type { StructField } from '@hypermesh/contract'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ForeignWriter } from './_foreign-writer.ts'

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform()
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
})

const column = (id: number, name: string, type: StructField['type']): StructField => ({
  id,
  name,
  type,
  required: false,
})

async function create(name: string, ...fields: StructField[]): Promise<ForeignWriter> {
  const { writer } = platform.clients
  await writer.createNamespace({ namespace: ['cols'] }).catch(() => undefined)
  await writer.createTable('cols', { name, schema: { type: 'struct', fields } })
  return ForeignWriter.open(writer, platform.directory, `cols.${name}`)
}

async function evolve(name: string, ...fields: StructField[]): Promise<void> {
  await platform.clients.writer.commitTable(`cols.${name}`, {
    requirements: [],
    updates: [
      { action: 'add-schema', schema: { type: 'struct', fields }, 'last-column-id': 100 },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })
}

const setMapping = (name: string, mapping: string) =>
  platform.clients.writer.commitTable(`cols.${name}`, {
    requirements: [],
    updates: [{ action: 'set-properties', updates: { 'schema.name-mapping.default': mapping } }],
  })

const ask = async (sql: string) => platform.clients.reader.sql(sql)
const plain = (query: string) => ({ content: 0, query }) as const

test('a file without ids is read by the names that the table had when it was added', async () => {
  const writer = await create('names', column(1, 'a', 'int'), column(2, 'b', 'string'))
  await writer.commit(plain(`SELECT 'x' AS b, 1::INTEGER AS A, true AS unknown`))
  // a is renamed and widened, b is dropped, another column takes the name a.
  await evolve('names', column(5, 'a', 'string'), column(1, 'c', 'long'))
  await writer.commit(plain(`SELECT 2::BIGINT AS c, 'second' AS a`))
  const reply = await ask('SELECT a, c, c + 1 AS d FROM cols.names ORDER BY c')
  expect(reply.rows).toEqual([
    [null, 1, 2],
    ['second', 2, 3],
  ])
  expect((await ask('SELECT a FROM cols.names WHERE c = 2')).rows).toEqual([['second']])
})

test('the table’s name mapping says which column a name in a file means', async () => {
  const item: StructField['type'] = {
    type: 'list',
    'element-id': 3,
    element: { type: 'struct', fields: [column(4, 'sku', 'string'), column(5, 'count', 'long')] },
    'element-required': false,
  }
  const writer = await create('mapped', column(1, 'id', 'long'), column(2, 'items', item))
  await writer.commit(
    plain(`SELECT 7 AS record_id, [{'n': 2::BIGINT, 'article': 'x'}, NULL] AS things, 'no' AS id`),
  )
  const mapping = [
    { 'field-id': 1, names: ['record_id'] },
    {
      'field-id': 2,
      names: ['items', 'things'],
      fields: [
        {
          'field-id': 3,
          names: ['element'],
          fields: [
            { 'field-id': 4, names: ['article', 'sku'] },
            { 'field-id': 5, names: ['n'] },
          ],
        },
      ],
    },
  ]
  await setMapping('mapped', JSON.stringify(mapping))
  expect((await ask('SELECT id, items FROM cols.mapped')).rows).toEqual([
    [7, [{ sku: 'x', count: 2 }, null]],
  ])
  await setMapping('mapped', 'nonsense')
  await expect(ask('FROM cols.mapped')).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('schema.name-mapping.default'),
  })
})

test('a file of which no column can be told is an error, not a table of nulls', async () => {
  const writer = await create('strange', column(1, 'id', 'long'))
  await writer.commit(plain('SELECT 1::BIGINT AS other'))
  await expect(ask('SELECT count(id) FROM cols.strange')).rejects.toMatchObject({
    code: 'unsupported',
    details: { columns: ['other'] },
  })
})

test('members of structs are told by id: renamed, swapped, reordered, widened, added, dropped', async () => {
  const s = (...fields: StructField[]) => ({ type: 'struct', fields }) as const
  const m = (value: StructField['type']): StructField['type'] => ({
    type: 'map',
    'key-id': 5,
    key: 'string',
    'value-id': 6,
    value,
    'value-required': false,
  })
  const [x, y] = [column(3, 'x', 'int'), column(4, 'y', 'string')]
  const writer = await create(
    'nested',
    column(1, 's', s(x, y)),
    column(2, 'm', m(s(column(7, 'v', 'int')))),
  )
  const fieldIds = `{s: {__duckdb_field_id: 1, x: 3, y: 4}, m: {__duckdb_field_id: 2, key: 5, value: {__duckdb_field_id: 6, v: 7}}}`
  const first = `SELECT {'x': 1::INTEGER, 'y': 'one'} AS s, map {'k': {'v': 5::INTEGER}} AS m`
  await writer.commit({ content: 0, query: first, fieldIds })
  await writer.commit({
    content: 0,
    query: `SELECT NULL::STRUCT(x INTEGER, y VARCHAR) AS s, NULL::MAP(VARCHAR, STRUCT(v INTEGER)) AS m`,
    fieldIds,
  })
  await evolve(
    'nested',
    column(2, 'm', m(s(column(7, 'w', 'long'), column(23, 'v', 'string')))),
    column(
      1,
      's',
      s(column(30, 'new', 'double'), column(4, 'x', 'string'), column(3, 'y', 'long')),
    ),
  )
  expect((await ask('SELECT s, m FROM cols.nested ORDER BY s IS NULL')).rows).toEqual([
    [{ new: null, x: 'one', y: 1 }, [['k', { w: 5, v: null }]]],
    [null, null],
  ])
  expect(
    (await ask("SELECT count(*) FROM cols.nested WHERE s.x = 'one' AND s.y = 1")).rows,
  ).toEqual([[1]])
})

test('a widened float is compared as it was read, by id and by name', async () => {
  for (const [name, fieldIds] of [
    ['float_ids', '{f: 1}'],
    ['float_names', undefined],
  ] as const) {
    const writer = await create(name, column(1, 'f', 'float'))
    const query = 'SELECT 0.1::FLOAT AS f'
    await writer.commit({ content: 0, query, ...(fieldIds ? { fieldIds } : {}) })
    await evolve(name, column(1, 'f', 'double'))
    expect((await ask(`SELECT f > 0.1::DOUBLE FROM cols.${name}`)).rows).toEqual([[true]])
    expect((await ask(`SELECT count(*) FROM cols.${name} WHERE f > 0.1::DOUBLE`)).rows).toEqual([
      [1],
    ])
  }
})

test('a widened float inside of a struct is compared as it was read', async () => {
  const s = (type: string): StructField['type'] => ({
    type: 'struct',
    fields: [column(2, 'f', type)],
  })
  const writer = await create('float_member', column(1, 's', s('float')))
  const fieldIds = '{s: {__duckdb_field_id: 1, f: 2}}'
  await writer.commit({ content: 0, query: `SELECT {'f': 0.1::FLOAT} AS s`, fieldIds })
  await evolve('float_member', column(1, 's', s('double')))
  const where = 'WHERE s.f > 0.1::DOUBLE'
  expect((await ask(`SELECT count(*) FROM cols.float_member ${where}`)).rows).toEqual([[1]])
})

test('rows keep the order of their loads across files that are read in different ways', async () => {
  const writer = await create('order', column(1, 'i', 'long'))
  for (let at = 0; at < 6; at += 1) {
    const query = `SELECT ${at}::BIGINT AS i`
    await writer.commit({ content: 0, query, ...(at % 2 ? { fieldIds: '{i: 1}' } : {}) })
  }
  expect((await ask('FROM cols.order')).rows.flat()).toEqual([0, 1, 2, 3, 4, 5])
})

test('a directory that is called like a column says nothing: the file does', async () => {
  const writer = await create('hive', column(1, 'region', 'string'), column(2, 'a', 'int'))
  const query = `SELECT * FROM (VALUES (NULL, 1), ('01', 2)) t(region, a)`
  const fieldIds = '{region: 1, a: 2}'
  const data = { content: 0, query, fieldIds, name: 'region=null/a' } as const
  await writer.commit(data, { content: 0, query, name: 'region=7/a' })
  const rows = [
    [null, 1],
    [null, 1],
    ['01', 2],
    ['01', 2],
  ]
  expect((await ask('FROM cols.hive ORDER BY a')).rows).toEqual(rows)
  expect((await ask(`SELECT count(*) FROM cols.hive WHERE region = '01'`)).rows).toEqual([[2]])
  // The same by position deletes, whose own columns may be called so, too.
  const [path = ''] = await writer.commit({ ...data, name: 'pos=9/a' })
  const deletes = { query: `SELECT '${path}' AS file_path, 1::BIGINT AS pos`, name: 'pos=0/d' }
  await writer.commit({ content: 1, ...deletes })
  expect((await ask('FROM cols.hive ORDER BY a')).rows).toEqual([[null, 1], ...rows])
})

test('a path that looks like a pattern names its one file', async () => {
  const writer = await create('paths', column(1, 'name', 'string'))
  const file = (name: string) =>
    ({ content: 0, query: `SELECT '${name}' AS name`, fieldIds: '{name: 1}', name }) as const
  const [path = ''] = await writer.commit(file('*'), file('[a]'))
  await writer.commit(file('a'))
  expect((await ask('FROM cols.paths ORDER BY name')).rows).toEqual([['*'], ['[a]'], ['a']])
  const query = `SELECT '${path}' AS file_path, 0::BIGINT AS pos`
  await writer.commit({ content: 1, query, name: '[*a]' })
  expect((await ask('FROM cols.paths ORDER BY name')).rows).toEqual([['[a]'], ['a']])
  expect((await ask('EXPLAIN FROM cols.paths')).scans?.[0]).toMatchObject({ rowGroups: 3 })
})
