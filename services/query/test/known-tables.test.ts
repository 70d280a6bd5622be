import { createClient, type HyperMeshClient } from '@hypermesh/client'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KnownTables } from '../src/known-tables.ts'

const name = { namespace: 'main', table: 'items' }
const { signal } = new AbortController()
const answers: number[] = []
let platform: Platform
let catalog: HyperMeshClient

beforeAll(async () => {
  platform = await startPlatform()
  catalog = createClient({
    fetch: async ({ url, headers }) => {
      const { pathname, search } = new URL(url)
      const key = platform.keys.reader
      const response = await platform.fetch(pathname + search, { headers, key })
      answers.push(response.status)
      return response
    },
  })
  await platform.clients.writer.ingest('main.items', { body: 'a\n1\n', format: 'csv' })
})
afterAll(() => platform[Symbol.asyncDispose]())

test('a table that has not changed is not sent again, and one that has is', async () => {
  const tables = new KnownTables(1_000_000)
  answers.length = 0
  const first = await tables.load(catalog, name, signal)
  expect(await tables.load(catalog, { ...name, table: 'ITEMS' }, signal)).toBe(first)
  await platform.clients.writer.ingest('main.items', { body: 'a\n2\n', format: 'csv' })
  const second = await tables.load(catalog, name, signal)
  expect(answers).toEqual([200, 304, 200])
  expect(first.snapshots).toHaveLength(1)
  expect(second.snapshots).toHaveLength(2)
})

test('a table that is gone is not remembered, nor is its namesake taken for it', async () => {
  const { writer } = platform.clients
  const tables = new KnownTables(1_000_000)
  await writer.ingest('main.gone', { body: 'a\n1\n', format: 'csv' })
  const gone = { ...name, table: 'gone' }
  const first = await tables.load(catalog, gone, signal)
  await writer.dropTable('main.gone')
  await expect(tables.load(catalog, gone, signal)).rejects.toMatchObject({ code: 'not_found' })
  await writer.ingest('main.gone', { body: 'b\n1\n', format: 'csv' })
  const second = await tables.load(catalog, gone, signal)
  expect(second['table-uuid']).not.toBe(first['table-uuid'])
  expect(second.schemas[0]?.fields.map((field) => field.name)).toEqual(['b'])
})

test('metadata beyond the limit is loaded anew each time', async () => {
  const tables = new KnownTables(100)
  answers.length = 0
  await tables.load(catalog, name, signal)
  await tables.load(catalog, name, signal)
  expect(answers).toEqual([200, 200])
})
