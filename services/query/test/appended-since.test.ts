import type { SqlRequest, WireLong } from '@hypermesh/contract'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let platform: Platform
const snapshots: WireLong[] = []

beforeAll(async () => {
  platform = await startPlatform()
  for (const [index, mode] of (['append', 'append', 'append'] as const).entries()) {
    snapshots.push(await load('main.t', index, mode))
  }
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
})

async function load(table: string, row: number, mode: 'append' | 'overwrite' = 'append') {
  const body = `id,name\n${row},row ${row}\n`
  return (await platform.clients.writer.ingest(table, { body, format: 'csv', mode })).snapshotId
}

const ask = (request: SqlRequest) => platform.clients.reader.sql(request)
const since = (snapshot: WireLong | undefined) => ({ 'Main.T': snapshot ?? 0 })

test('only rows that came after a snapshot are read, and only their files', async () => {
  const sql = 'SELECT id FROM main.t ORDER BY id'
  const reply = await ask({ sql, appendedSince: since(snapshots[0]) })
  expect(reply).toMatchObject({ rows: [[1], [2]], filesPlanned: 2 })
  const travelled = `SELECT id FROM main.t AT (VERSION => ${snapshots[1]})`
  expect((await ask({ sql: travelled, appendedSince: since(snapshots[0]) })).rows).toEqual([[1]])
  expect((await ask({ sql, appendedSince: since(snapshots[2]) })).rows).toEqual([])
  const paged = await ask({ sql, appendedSince: since(snapshots[0]), pageRows: 1 })
  expect(paged).toMatchObject({ rows: [[1]], totalRows: 2 })
})

test('a table that the statement does not read is refused, and a snapshot that it never had', async () => {
  await expect(ask({ sql: 'SELECT 1', appendedSince: since(snapshots[0]) })).rejects.toMatchObject({
    code: 'invalid',
  })
  const later = `SELECT id FROM main.t AT (VERSION => ${snapshots[0]})`
  for (const [sql, snapshot] of [
    ['FROM main.t', 12_345],
    [later, snapshots[1]],
  ] as const) {
    await expect(ask({ sql, appendedSince: since(snapshot) })).rejects.toMatchObject({
      code: 'precondition',
      details: { reason: 'not-appended' },
    })
  }
})

test('where rows were removed or replaced since, that is told and nothing is read', async () => {
  const first = await load('main.u', 1)
  await load('main.u', 2, 'overwrite')
  const last = await load('main.u', 3)
  await expect(
    ask({ sql: 'FROM main.u', appendedSince: { 'main.u': first } }),
  ).rejects.toMatchObject({ code: 'precondition', details: { reason: 'not-appended' } })
  await load('main.u', 4)
  const reply = await ask({ sql: 'SELECT id FROM main.u', appendedSince: { 'main.u': last } })
  expect(reply.rows).toEqual([[4]])
})
