import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findConnection } from './connection.ts'
import { readServerFile } from './server-file.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hm-server-file-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const write = (content: string) => writeFile(join(directory, 'server.json'), content)

test('a server that runs is found', async () => {
  await write(JSON.stringify({ url: 'http://127.0.0.1:4000', pid: process.pid }))
  expect(await readServerFile(directory)).toMatchObject({ url: 'http://127.0.0.1:4000' })
})

test.each([
  '',
  '{"url":',
  '[]',
  'null',
  '{"url":"nonsense","pid":1}',
  '{"url":"ftp://127.0.0.1","pid":1}',
  '{"url":7,"pid":1}',
  '{"url":"http://127.0.0.1:4000","pid":0.5}',
  '{"url":"http://127.0.0.1:4000","pid":0}',
  '{"url":"http://127.0.0.1:4000","pid":-1}',
])('a broken file, %j, names no server', async (content) => {
  await write(content)
  const found = await findConnection({ dataDir: directory, url: undefined, key: 'k' })
  expect(found).toMatchObject({ url: 'http://127.0.0.1:3210', isLocal: false })
})
