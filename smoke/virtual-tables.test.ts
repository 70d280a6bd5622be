import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { tableFromArrays, tableToIPC } from 'apache-arrow'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ErrorReply, json, Server } from './_server.ts'

let server: Server
let base: string
let root: string
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'hypermesh-roots-'))
  root = join(base, 'logs')
  await mkdir(root)
  server = await Server.start({ env: { HYPERMESH_QUERY__VIRTUAL_ROOTS: root } })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(base, { recursive: true })
})

test('files are linked by the command, read by SQL, listed and unlinked', async () => {
  await writeFile(join(root, '1.csv'), 'id,n\n1,x\n')
  const linked = await server.command(['tables', 'link', 'logs.web', join(root, '*.csv')])
  expect(linked).toMatchObject({ code: 0, stderr: '' })
  expect(linked.stdout).toContain('BIGINT')
  await writeFile(join(root, '2.csv'), 'id,n\n2,y\n')
  expect((await server.sql('FROM logs.web ORDER BY id')).rows).toEqual([
    [1, 'x'],
    [2, 'y'],
  ])
  expect((await server.command(['tables', 'links'])).stdout).toContain('logs.web')
  const list = await json<{ tables: { table: string }[] }>(await server.fetch('/v1/virtual-tables'))
  expect(list.tables.map(({ table }) => table)).toEqual(['logs.web'])
  expect((await server.command(['tables', 'unlink', 'logs.web'])).code).toBe(0)
  await expect(server.sql('FROM logs.web')).rejects.toThrow('not_found')
})

test('files that are packed, and files of Arrow, are read where they lie', async () => {
  await writeFile(join(root, 'old.ndjson.gz'), gzipSync('{"id":1}\n{"id":2}\n'))
  const table = tableFromArrays({ id: BigInt64Array.of(3n, 4n) })
  await writeFile(join(root, 'new.arrow'), tableToIPC(table, 'file'))
  for (const [name, file, format] of [
    ['logs.old', 'old.ndjson.gz', 'ndjson'],
    ['logs.new', 'new.arrow', 'arrow'],
  ] as const) {
    const linked = await server.command(['tables', 'link', name, join(root, file)])
    expect(linked).toMatchObject({ code: 0, stdout: expect.stringContaining(format) })
  }
  const sql = 'SELECT sum(id) FROM (FROM logs.old UNION ALL FROM logs.new)'
  expect((await server.sql(sql)).rows).toEqual([[10]])
})

test('a link that leaves its root is refused', async () => {
  await writeFile(join(base, 'secret.csv'), 'key\nhunter2\n')
  await symlink(join(base, 'secret.csv'), join(root, 'leak.csv'))
  const response = await server.fetch('/v1/virtual-tables', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ table: 'logs.leak', path: join(root, 'leak.csv') }),
  })
  expect(response.status).toBe(403)
  expect((await json<ErrorReply>(response)).error.code).toBe('forbidden')
})
