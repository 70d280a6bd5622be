import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { json, Server, temporaryDirectory } from './_server.ts'

test('what was committed is there after a restart, keys included', async () => {
  const dataDir = await temporaryDirectory()
  const first = await Server.start({ dataDir })
  await first.load('main.kept', 'a\n1\n2\n')
  expect(await first.stop()).toBe(0)
  expect(await readdir(dataDir)).not.toContain('server.json')

  await using second = await Server.start({ dataDir })
  expect(second.key).toBe(first.key)
  expect((await second.sql('SELECT count(*) FROM main.kept')).rows).toEqual([[2]])
  expect(await second.load('main.kept', 'a\n1\n2\n')).toMatchObject({ result: 'already-loaded' })
})

interface Tables {
  readonly tables: readonly { readonly files: number }[]
}

test('killed at any moment, the table has whole loads only, and every acknowledged one', async () => {
  const dataDir = await temporaryDirectory()
  const rowsPerLoad = 100
  const body = (load: number) =>
    `load,n\n${Array.from({ length: rowsPerLoad }, (_, n) => `${load},${n}`).join('\n')}\n`
  const acknowledged = new Set<number>()
  let load = 0
  for (let round = 0; round < 3; round += 1) {
    const server = await Server.start({ dataDir })
    const until = acknowledged.size + 3
    // Loads run on while the process is killed, so that it dies in the middle of one.
    const loading = (async () => {
      for (;;) {
        const current = load++
        await server.load('main.torn', body(current))
        acknowledged.add(current)
        if (acknowledged.size >= until) void server.kill()
      }
    })()
    await expect(loading).rejects.toThrow()
    await server.kill()
  }
  const server = await Server.start({ dataDir })
  const reply = await server.sql('SELECT load, count(*) FROM main.torn GROUP BY load')
  const counts = new Map(reply.rows as [number, number][])
  for (const count of counts.values()) expect(count).toBe(rowsPerLoad)
  for (const each of acknowledged) expect(counts.has(each)).toBe(true)

  // Nothing of the dead processes is left: only files that a commit names.
  const { tables } = await json<Tables>(await server.fetch('/v1/tables'))
  const files = await readdir(join(dataDir, 'warehouse', 'main', 'torn', 'data'))
  expect(files.length).toBe(tables[0]?.files)
  expect((await readdir(join(dataDir, 'tmp'))).length).toBe(server.processCount)
  await server.stop()
  await rm(dataDir, { recursive: true })
})

test('two servers on one data directory see each other’s commits', async () => {
  await using one = await Server.start()
  const two = await Server.start({ dataDir: one.dataDir })
  await one.load('main.shared', 'a\n1\n')
  await two.load('main.shared', 'a\n2\n')
  expect((await one.sql('FROM main.shared ORDER BY a')).rows).toEqual([[1], [2]])
  expect((await two.sql('FROM main.shared ORDER BY a')).rows).toEqual([[1], [2]])
  expect(await two.stop()).toBe(0)
})
