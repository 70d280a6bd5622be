import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ManualClock, type Platform, startPlatform } from '@hypermesh/testing'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, expect, test } from 'vitest'

const clock = new ManualClock()
let platform: Platform

beforeAll(async () => {
  platform = await startPlatform({
    clock,
    config: { limits: { sqlSpillsMax: 3, sqlSpillBytesMax: 30_000_000, sqlHeldBytesMax: 100_000 } },
  })
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
})

const reader = () => platform.clients.reader
const gone = expect.objectContaining({ code: 'gone', status: 410 })

async function allPages(request: Parameters<Platform['clients']['reader']['sql']>[0]) {
  const pages = [await reader().sql(request)]
  for (let next = pages[0]?.next; next; next = pages.at(-1)?.next) {
    pages.push(await reader().sqlPage(next))
  }
  return pages
}

async function spilledFiles(): Promise<string[]> {
  const [instance = ''] = await readdir(join(platform.directory, 'tmp'))
  return readdir(join(platform.directory, 'tmp', instance, 'query-results'))
}

test('a result is read page by page, in its own order and with its own types', async () => {
  const sql = `SELECT i, i::HUGEINT * 10000000000000000000 AS big, INTERVAL (i) SECOND AS span, i AS i
    FROM range(25) t(i) ORDER BY i DESC; -- a comment`
  const pages = await allPages({ sql, pageRows: 10 })
  const whole = await reader().sql(sql)
  expect(pages.map(({ rowCount }) => rowCount)).toEqual([10, 10, 5])
  expect(pages.flatMap(({ rows }) => rows)).toEqual(whole.rows)
  for (const page of pages) {
    expect(page).toMatchObject({ totalRows: 25, truncated: null, queryId: pages[0]?.queryId })
    expect(page.columns).toEqual(whole.columns)
  }
  expect(pages.at(-1)?.next).toBeNull()
})

test('the same page may be asked for again, in any format', async () => {
  const first = await reader().sql({
    sql: 'SELECT $1 + i AS i FROM range(5) t(i)',
    parameters: [7],
    pageRows: 2,
  })
  const next = first.next ?? ''
  expect((await reader().sqlPage(next)).rows).toEqual([[9], [10]])
  expect((await reader().sqlPage(next)).rows).toEqual([[9], [10]])
  const ask = async (accept: string) =>
    platform.fetch(`/v1/sql/pages/${next}`, { key: platform.keys.reader, headers: { accept } })
  const csv = await ask('text/csv')
  expect(await csv.text()).toBe('i\r\n9\r\n10\r\n')
  expect(csv.headers.get('x-hypermesh-rows')).toBe('2')
  const last = csv.headers.get('x-hypermesh-next') ?? ''
  expect((await reader().sqlPage(last)).rows).toEqual([[11]])
  const arrow = await ask('application/vnd.apache.arrow.stream')
  expect(tableFromIPC(Buffer.from(await arrow.arrayBuffer())).numRows).toBe(2)
  expect((await ask('application/vnd.apache.parquet')).status).toBe(415)
})

test('pages may be bounded in bytes; a row larger than a page is an error, not an empty page', async () => {
  const sql = `SELECT i, repeat('x', 1000) AS text FROM range(100) t(i)`
  const pages = await allPages({ sql, pageBytes: 10_000 })
  expect(pages.flatMap(({ rows }) => rows.map(([i]) => i))).toEqual([...Array(100).keys()])
  expect(pages.length).toBe(Math.ceil(100 / 9))
  await expect(reader().sql({ sql, pageBytes: 500 })).rejects.toMatchObject({
    code: 'too_large',
    details: { pageBytes: 500 },
  })
})

test('a page is its owner’s alone, and a made-up token finds nothing', async () => {
  const { next } = await reader().sql({ sql: 'FROM range(3)', pageRows: 1 })
  await expect(platform.clients.admin.sqlPage(next ?? '')).rejects.toEqual(gone)
  for (const token of ['x', `${'A'.repeat(32)}.0`, `${next}0x`]) {
    await expect(reader().sqlPage(token)).rejects.toEqual(gone)
  }
  expect((await reader().sqlPage(`${next?.split('.')[0]}.77`)).rows).toEqual([])
})

test('a result lives until some time after its last use', async () => {
  const { next = '' } = await reader().sql({ sql: 'FROM range(9)', pageRows: 1 })
  clock.advance(599_000)
  const { next: third = '' } = await reader().sqlPage(next ?? '')
  clock.advance(599_000)
  expect((await reader().sqlPage(third ?? '')).rows).toEqual([[2]])
  clock.advance(601_000)
  await expect(reader().sqlPage(third ?? '')).rejects.toEqual(gone)
  while ((await spilledFiles()).length > 0);
})

test('the result used least recently goes when there are too many, or too many bytes', async () => {
  const spill = async (sql = 'FROM range(2)') =>
    (await reader().sql({ sql, pageRows: 1 })).next ?? ''
  const [first, second] = [await spill(), await spill(), await spill()]
  await reader().sqlPage(first)
  await spill()
  await expect(reader().sqlPage(second ?? '')).rejects.toEqual(gone)
  expect((await reader().sqlPage(first)).rows).toEqual([[1]])
  // About 25 MB of text that does not compress.
  const large = `SELECT hash(i) || md5(i::VARCHAR) || md5((i + 7)::VARCHAR) AS t FROM range(500000) t(i)`
  const kept = await spill(large)
  await spill(large)
  await expect(reader().sqlPage(kept)).rejects.toEqual(gone)
  await expect(reader().sqlPage(first)).rejects.toEqual(gone)
})

test('a result larger than all the space is refused, and leaves nothing', async () => {
  clock.advance(700_000)
  const sql = `SELECT hash(i) || md5(i::VARCHAR) || md5((i + 7)::VARCHAR) AS t FROM range(5000000) t(i)`
  await expect(reader().sql({ sql, pageRows: 1 })).rejects.toMatchObject({
    code: 'too_large',
    details: { bytesMax: 30_000_000 },
  })
  while ((await spilledFiles()).length > 0);
  await expect(reader().sql({ sql: 'SELECT error(1)', pageRows: 1 })).rejects.toMatchObject({
    code: 'invalid',
  })
  while ((await spilledFiles()).length > 0);
})

test('pages of a table, of a plan, and what does not go together', async () => {
  await platform.clients.writer.ingest('main.t', { body: 'a\n1\n2\n3\n', format: 'csv' })
  const pages = await allPages({ sql: 'SELECT a FROM t;', pageRows: 2 })
  expect(pages.flatMap(({ rows }) => rows)).toEqual([[1], [2], [3]])
  expect(pages[1]?.snapshots).toEqual(pages[0]?.snapshots)
  expect(Object.keys(pages[1]?.snapshots ?? {})).toEqual(['main.t'])
  expect((await reader().sql({ sql: 'DESCRIBE t', pageRows: 1 })).totalRows).toBe(1)
  expect((await reader().sql({ sql: 'EXPLAIN FROM t', pageRows: 1 })).next).toBeUndefined()
  await expect(reader().sql({ sql: 'FROM t', pageRows: 1, rowsMax: 2 })).rejects.toMatchObject({
    code: 'invalid',
  })
  await expect(reader().sql('FROM spill_1.rows')).rejects.toMatchObject({ code: 'not_found' })
})
