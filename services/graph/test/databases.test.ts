import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryDirectory } from '@hypermesh/testing'
import { expect, test } from 'vitest'
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
