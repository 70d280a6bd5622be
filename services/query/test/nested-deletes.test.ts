import type { TableUpdate } from '@hypermesh/contract'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ForeignWriter, positionIds } from './_foreign-writer.ts'

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform()
  await platform.clients.writer.createNamespace({ namespace: ['deep'] })
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
})

const field = (id: number, name: string, type: unknown) => ({ id, name, type, required: false })
const struct = (...fields: unknown[]) => ({ type: 'struct', fields })
const inner = field(4, 'within', struct(field(5, 'b', 'string')))
const whole = struct(field(1, 'id', 'long'), field(2, 's', struct(field(3, 'a', 'long'), inner)))

const wholeIds = '{id: 1, s: {__duckdb_field_id: 2, a: 3, within: {__duckdb_field_id: 4, b: 5}}}'
const value = (id: number | null, s: string) => `(${id ?? 'NULL'}::BIGINT, ${s})`
const some = (a: string, b: string) => `{a: ${a}::BIGINT, within: {b: ${b}::VARCHAR}}`
const nothing = 'NULL::STRUCT(a BIGINT, within STRUCT(b VARCHAR))'
const data = (...rows: string[]) =>
  ({
    content: 0,
    query: `SELECT * FROM (VALUES ${rows.join(', ')}) t(id, s)`,
    fieldIds: wholeIds,
  }) as const
/** Deletes by `s.a` or by `s.inner.b`, in files that hold nothing else. */
const byA = (...values: string[]) =>
  ({
    content: 2,
    query: `SELECT {a: unnest([${values.join(', ')}])::BIGINT} AS s`,
    fieldIds: '{s: {__duckdb_field_id: 2, a: 3}}',
    equalityIds: [3],
  }) as const
const byB = (...values: string[]) =>
  ({
    content: 2,
    query: `SELECT {within: {b: unnest([${values.join(', ')}])::VARCHAR}} AS s`,
    fieldIds: '{s: {__duckdb_field_id: 2, within: {__duckdb_field_id: 4, b: 5}}}',
    equalityIds: [5],
  }) as const

async function create(name: string, schema: object = whole): Promise<ForeignWriter> {
  const { writer } = platform.clients
  await writer.createTable('deep', { name, schema: schema as never })
  return ForeignWriter.open(writer, platform.directory, `deep.${name}`)
}

const ids = async (table: string) =>
  (await platform.clients.reader.sql(`SELECT id FROM deep.${table} ORDER BY id`)).rows.flat()

async function evolve(name: string, schema: object): Promise<void> {
  const updates = [
    { action: 'add-schema', schema },
    { action: 'set-current-schema', 'schema-id': -1 },
  ] as TableUpdate[]
  await platform.clients.writer.commitTable(`deep.${name}`, { requirements: [], updates })
}

test('a member of a struct is a key, at any depth, and null where its struct is', async () => {
  const writer = await create('members')
  await writer.commit(
    data(
      value(1, some('1', `'x'`)),
      value(2, some('2', `'y'`)),
      value(3, some('NULL', `'z'`)),
      value(4, nothing),
      value(5, some('5', 'NULL')),
      value(6, `{a: 6::BIGINT, within: NULL::STRUCT(b VARCHAR)}`),
    ),
  )
  await writer.commit(byA('1'))
  expect(await ids('members')).toEqual([2, 3, 4, 5, 6])
  await writer.commit(byB(`'y'`))
  expect(await ids('members')).toEqual([3, 4, 5, 6])
  const reply = await platform.clients.reader.sql('SELECT s FROM deep.members WHERE s.a = 5')
  expect(reply).toMatchObject({ rows: [[{ a: 5, within: { b: null } }]], deleteFiles: 2 })
  await writer.commit(byA('NULL'))
  expect(await ids('members')).toEqual([5, 6])
  await writer.commit(byB('NULL'), data(value(7, nothing)))
  expect(await ids('members')).toEqual([7])
})

test('keys of several depths hold together, and beside deletes by position', async () => {
  const writer = await create('mixed')
  const rows = [1, 2, 3, 4].map((id) => value(id, some(String(id % 2), `'${id}'`)))
  const [file = ''] = await writer.commit(data(...rows))
  await writer.commit({
    content: 2,
    query: `SELECT * FROM (VALUES ${value(1, some('1', `'1'`))}, ${value(2, some('0', `'1'`))}) t(id, s)`,
    fieldIds: wholeIds,
    equalityIds: [1, 3, 5],
  })
  expect(await ids('mixed')).toEqual([2, 3, 4])
  const query = `SELECT '${file}' AS file_path, 2::BIGINT AS pos`
  await writer.commit({ content: 1, query, fieldIds: positionIds })
  expect(await ids('mixed')).toEqual([2, 4])
  await writer.commit(byA('0'))
  expect(await ids('mixed')).toEqual([])
})

test('a key is found by its id when its names changed, it came later, or it is dropped', async () => {
  const text = field(4, 'b', 'string')
  const id = field(1, 'id', 'long')
  const start = struct(id, field(2, 's', struct(field(3, 'within', struct(text)))))
  const writer = await create('evolved', start)
  await writer.commit({
    content: 0,
    query: `SELECT * FROM (VALUES (1::BIGINT, {within: {b: 'x'}}), (2, {within: {b: 'y'}})) t(id, s)`,
    fieldIds: '{id: 1, s: {__duckdb_field_id: 2, within: {__duckdb_field_id: 3, b: 4}}}',
  })
  // Every name is another one, and a member is new: files from before have null there.
  const renamed = struct(field(4, 'bb', 'string'))
  await evolve(
    'evolved',
    struct(id, field(2, 't', struct(field(5, 'a', 'int'), field(3, 'inn', renamed)))),
  )
  await writer.commit({
    content: 0,
    query: `SELECT * FROM (VALUES (3::BIGINT, {a: 7::INTEGER, inn: {bb: 'x'}}), (4, {a: 8, inn: {bb: 'w'}})) t(id, t)`,
    fieldIds: '{id: 1, t: {__duckdb_field_id: 2, a: 5, inn: {__duckdb_field_id: 3, bb: 4}}}',
  })
  await writer.commit({
    content: 2,
    query: `SELECT {within: {b: 'x'}} AS s`,
    fieldIds: '{s: {__duckdb_field_id: 2, within: {__duckdb_field_id: 3, b: 4}}}',
    equalityIds: [4],
  })
  expect(await ids('evolved')).toEqual([2, 4])
  await evolve('evolved', struct(id, field(2, 't', struct(field(5, 'a', 'long')))))
  expect(await ids('evolved')).toEqual([2, 4])
  await writer.commit({
    content: 2,
    query: 'SELECT {a: NULL::INTEGER} AS t',
    fieldIds: '{t: {__duckdb_field_id: 2, a: 5}}',
    equalityIds: [5],
  })
  expect(await ids('evolved')).toEqual([4])
  await evolve('evolved', struct(id))
  expect(await ids('evolved')).toEqual([4])
})

test('a key inside of a list, or one that its file lacks, is an error and deletes nothing', async () => {
  const list = { type: 'list', 'element-id': 3, element: 'long', 'element-required': false }
  const writer = await create('lists', struct(field(1, 'id', 'long'), field(2, 'l', list)))
  await writer.commit({
    content: 0,
    query: 'SELECT 1::BIGINT AS id, [1::BIGINT] AS l',
    fieldIds: '{id: 1, l: {__duckdb_field_id: 2, element: 3}}',
  })
  await writer.commit({ content: 2, query: 'SELECT 1::BIGINT AS a', equalityIds: [3] })
  await expect(ids('lists')).rejects.toMatchObject({ code: 'unsupported' })
  const other = await create('lacking')
  await other.commit(data(value(1, nothing)))
  await other.commit({ ...byA('1'), equalityIds: [5] })
  await expect(ids('lacking')).rejects.toMatchObject({ code: 'corrupt' })
})
