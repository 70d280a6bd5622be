import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { Database } from '../lib/index.ts'
import { newDatabase, runChild, temporaryDirectory } from './_database.ts'

function start(script: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const file = join(import.meta.dirname, script)
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args])
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}

test('a second process that wants to write is told who does', async () => {
  const db = await newDatabase()
  const { output } = await runChild('_other-process.ts', ['writer', db.path])
  const { failure } = JSON.parse(output)
  expect(failure.code).toBe('locked')
  expect(failure.message).toContain(String(process.pid))
})

test('several processes read beside the writer, through flushes and merges', async () => {
  const db = await newDatabase({ memtableRecordsMax: 1000 })
  const table = await db.createTable('t', { historyMs: 0 })
  await table.insert({ at: 0, members: [0] })
  const readers = [1, 2, 3].map(() => {
    const child = start('_other-process.ts', ['reader', db.path])
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() }
  })
  for (const { lines } of readers) expect((await lines.next()).value).toBe('1')
  for (let round = 1; round <= 5; round++) {
    await table.insertMany(Array.from({ length: 400 }, (_, at) => ({ at, members: [at % 7] })))
    if (round % 2 === 0) await db.compact()
    for (const { child, lines } of readers) {
      child.stdin.write('count\n')
      expect((await lines.next()).value).toBe(String(1 + round * 400))
    }
  }
  for (const { child } of readers) {
    child.stdin.end()
    expect((await once(child, 'close'))[0]).toBe(0)
  }
})

test('Ctrl-C during an import ends it between two commits; it can be run again', async () => {
  const path = join(await temporaryDirectory(), 'graph.db')
  const args = ['import', path, 't', '-', '--format', 'ndjson', '--create']
  const child = start('../lib/main.ts', [...args, '--batch-rows', '10', '--resume-key', 'r'])
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const lines = Array.from({ length: 25 }, (_, at) => `${JSON.stringify({ at, members: [at] })}\n`)
  child.stdin.write(lines.join(''))
  const reader = await until(() => Database.open(path, { readOnly: true }))
  await until(async () => {
    await reader.refresh()
    if (reader.table('t').findSync().rowCount < 20) throw new Error('not yet')
  })
  await reader.close()
  child.kill('SIGINT')
  expect((await once(child, 'close'))[0]).toBe(130)
  expect(errors).toBe('interrupted: 20 hyperedges are in the table; run the same again to go on\n')
  const again = start('../lib/main.ts', [...args, '--resume-key', 'r'])
  again.stdin.end(lines.join(''))
  expect((await once(again, 'close'))[0]).toBe(0)
  await using db = await Database.open(path)
  expect(db.table('t').findSync().rowCount).toBe(25)
  expect((await db.check()).faults).toEqual([])
})

test('a kill during an import leaves whole batches', async () => {
  const path = join(await temporaryDirectory(), 'graph.db')
  const args = ['import', path, 't', '-', '--format', 'ndjson', '--create', '--batch-rows', '10']
  const child = start('../lib/main.ts', args)
  child.stdin.on('error', () => undefined)
  const lines = Array.from({ length: 20_000 }, (_, at) => `{"at":${at},"members":[${at % 9}]}\n`)
  child.stdin.write(lines.join(''))
  const reader = await until(() => Database.open(path, { readOnly: true }))
  await until(async () => {
    await reader.refresh()
    if (!reader.hasTable('t') || reader.table('t').findSync().rowCount === 0) {
      throw new Error('not yet')
    }
  })
  await reader.close()
  child.kill('SIGKILL')
  await once(child, 'close')
  await using db = await Database.open(path)
  expect(db.table('t').findSync().rowCount % 10).toBe(0)
  expect((await db.check()).faults).toEqual([])
})

test('the command works with its own output closed early', async () => {
  const db = await newDatabase()
  const table = await db.createTable('t')
  await table.insertMany(Array.from({ length: 5000 }, (_, at) => ({ at, members: [at] })))
  await db.close()
  const child = start('../lib/main.ts', ['export', db.path, 't', '--format', 'csv'])
  child.stdout.once('data', () => child.stdout.destroy())
  expect((await once(child, 'close'))[0]).toBeLessThanOrEqual(1)
})

/** What the work gives once it does not fail any more. */
async function until<Value>(work: () => Promise<Value>): Promise<Value> {
  while (true) {
    try {
      return await work()
    } catch {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
