import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Database, EngineError } from '@hypermesh/engine'
import { temporaryDirectory } from '@hypermesh/testing'
import { expect, test, vi } from 'vitest'
import { openGraph } from './_graph.ts'

/** Every file with the hash of its content. */
async function hashes(directory: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[path] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  }
  return files
}

test('to create one that there is changes no byte, and in a race one of many makes it', async () => {
  await using graph = await openGraph()
  const answers = await Promise.all(
    ['d', 'D', 'd', 'd', 'D', 'd'].map((name) => graph.send('PUT', `/${name}`)),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 201])
  await graph.call('POST', '/d/tables', { table: 't' })
  await graph.call('POST', '/d/tables/t/hyperedges', { hyperedges: [{ at: 1, members: ['a'] }] })
  const before = await hashes(join(graph.directory, 'graph'))
  expect((await graph.send('PUT', '/d')).status).toBe(200)
  expect((await graph.send('PUT', '/D')).status).toBe(200)
  expect(await hashes(join(graph.directory, 'graph'))).toEqual(before)
  expect(await readdir(join(graph.directory, 'graph'))).toEqual(['.claims', 'd'])
})

test('of two processes one has the databases, and the other is told which', async () => {
  await using first = await openGraph()
  await first.call('PUT', '/d')
  await using second = await openGraph({ directory: first.directory })
  await expect(second.call('PUT', '/d')).rejects.toMatchObject({ code: 'unavailable' })
  await expect(second.call('GET', '')).rejects.toThrow(`served by process ${process.pid}`)
  await first.service[Symbol.asyncDispose]()
  // It goes on where the first left off.
  expect(await second.call('GET', '/d')).toMatchObject({ state: 'ready' })
})

test('a directory that is no database is told of, and keeps no other from being served', async () => {
  await using directory = await temporaryDirectory()
  await using before = await openGraph({ directory: directory.path })
  await before.call('PUT', '/good')
  await before.service[Symbol.asyncDispose]()
  const strange = join(directory.path, 'graph', 'strange')
  await mkdir(strange)
  await writeFile(join(strange, 'notes.txt'), 'mine')
  await using graph = await openGraph({ directory: directory.path })
  expect(await graph.call('GET', '')).toMatchObject({
    databases: [
      { database: 'good', state: 'ready' },
      { database: 'strange', state: 'damaged' },
    ],
  })
  await expect(graph.call('GET', '/strange')).rejects.toMatchObject({ code: 'damaged' })
  await expect(graph.call('PUT', '/strange')).rejects.toMatchObject({ code: 'damaged' })
  expect(await readFile(join(strange, 'notes.txt'), 'utf8')).toBe('mine')
})

test('databases, tables, entries of a batch, rows of a page and backups are bounded', async () => {
  await using graph = await openGraph({
    limits: {
      graphDatabasesMax: 1,
      graphTablesMax: 1,
      graphBatchMax: 2,
      graphPageMax: 3,
      graphTermsMax: 2,
      graphBackupsMax: 1,
    },
  })
  await graph.call('PUT', '/d')
  await expect(graph.call('PUT', '/e')).rejects.toMatchObject({ code: 'too_large' })
  await graph.call('POST', '/d/tables', { table: 't' })
  const tooLarge = { code: 'too_large' }
  await expect(graph.call('POST', '/d/tables', { table: 'u' })).rejects.toMatchObject(tooLarge)
  const row = { at: 1, members: ['a'] }
  const hyperedges = '/d/tables/t/hyperedges'
  await graph.call('POST', hyperedges, { hyperedges: [row, row] })
  await expect(
    graph.call('POST', hyperedges, { hyperedges: [row, row, row] }),
  ).rejects.toMatchObject(tooLarge)
  expect(await graph.call('GET', `${hyperedges}?limit=3`)).toMatchObject({ next_cursor: null })
  await expect(graph.call('GET', `${hyperedges}?limit=4`)).rejects.toMatchObject(tooLarge)
  await graph.call('POST', `${hyperedges}/find`, { members: { any: ['a', 'b'] } })
  await expect(
    graph.call('POST', `${hyperedges}/find`, { members: { any: ['a', 'b', 'c'] } }),
  ).rejects.toMatchObject(tooLarge)
  await graph.call('POST', '/d/backups', { backup: 'a' })
  await expect(graph.call('POST', '/d/backups', { backup: 'b' })).rejects.toMatchObject(tooLarge)
})

test('after a close that failed a drop can be tried again, without a restart', async () => {
  await using graph = await openGraph()
  await graph.call('PUT', '/d')
  vi.spyOn(Database.prototype, 'close').mockRejectedValueOnce(new EngineError('io', 'no close'))
  await expect(graph.call('DELETE', '/d')).rejects.toMatchObject({ code: 'unavailable' })
  expect(await graph.call('GET', '')).toMatchObject({ databases: [{ database: 'd' }] })
  await graph.call('DELETE', '/d')
  expect(await graph.call('GET', '')).toEqual({ databases: [] })
  expect((await graph.send('PUT', '/d')).status).toBe(201)
})

test('a drop takes the files away though somebody cleared the temporary directory', async () => {
  await using graph = await openGraph()
  await graph.call('PUT', '/d')
  await rm(join(graph.directory, 'tmp'), { recursive: true })
  await graph.call('DELETE', '/d')
  expect(await readdir(join(graph.directory, 'graph'))).not.toContain('d')
  expect((await graph.send('PUT', '/d')).status).toBe(201)
})

test('a directory of backups that cannot be read keeps no database from being served', async () => {
  await using directory = await temporaryDirectory()
  const backups = join(directory.path, 'graph-backups')
  await mkdir(backups)
  await symlink(join(backups, 'loop'), join(backups, 'loop'))
  await using graph = await openGraph({ directory: directory.path })
  for (const name of ['good', 'loop']) await graph.call('PUT', `/${name}`)
  await graph.call('POST', '/good/backups', { backup: 'b' })
  expect(await graph.call('GET', '/good/backups')).toMatchObject({ backups: [{ backup: 'b' }] })
  const refused = { code: 'unavailable' }
  await expect(graph.call('GET', '/loop/backups')).rejects.toMatchObject(refused)
  await expect(graph.call('POST', '/loop/backups', { backup: 'b' })).rejects.toMatchObject(refused)
})

test('what the service keeps for itself is in no message and no count', async () => {
  await using graph = await openGraph()
  await graph.call('PUT', '/d')
  expect(await graph.call('GET', '/d')).toMatchObject({ nodes: 0, tables: 0 })
  for (const table of ['calls', 'meets']) await graph.call('POST', '/d/tables', { table })
  await graph.call('POST', '/d/query', { query: 'COMPACT_THRESHOLD 100000' })
  expect(await graph.call('GET', '/d')).toMatchObject({ nodes: 0, tables: 2 })
  const hyperedges = [{ at: 1, members: ['calls', 7] }]
  await graph.call('POST', '/d/tables/calls/hyperedges', { hyperedges })
  expect(await graph.call('GET', '/d')).toMatchObject({ nodes: 2 })
  const message = 'no table "none"; there are calls, meets'
  const asked = [
    graph.call('POST', '/d/query', { query: 'MATCH HYPEREDGE (n:none) RETURN *' }),
    graph.call('POST', '/d/query', { query: 'DROP HYPEREDGE TABLE none' }),
    graph.call('GET', '/d/tables/none'),
    graph.call('PATCH', '/d/tables/none', { ttl_ms: 9 }),
    graph.call('GET', '/d/tables/none/indexes'),
    graph.call('DELETE', '/d/tables/none/indexes/i'),
    graph.call('POST', '/d/tables/none/hyperedges', { hyperedges }),
    graph.call('GET', '/d/tables/none/feed'),
    graph.call('GET', '/d/tables/none/publication'),
    graph.call('POST', '/d/transactions', {
      operations: [{ delete: { table: 'none', ids: [1] } }],
    }),
    graph.call('POST', '/d/join', { left: { table: 'calls' }, right: { table: 'none' } }),
  ]
  const refusals = await Promise.allSettled(asked)
  expect(refusals.map((each) => ('reason' in each ? each.reason.message : each.value))).toEqual(
    asked.map(() => message),
  )
})
