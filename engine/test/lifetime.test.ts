import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { Database, EngineError } from '../lib/index.ts'
import {
  callsOf,
  codeOf,
  newDatabase,
  runChild,
  sampleRows,
  temporaryDirectory,
} from './_database.ts'

test('a close while queries and commits run leaves each either done or refused', async () => {
  const db = await newDatabase()
  const calls = await callsOf(db)
  await calls.insertMany(sampleRows(5000))
  const reads = Array.from({ length: 20 }, () => calls.find())
  const writes = Array.from({ length: 20 }, (_, at) => calls.insert({ at, members: [at] }))
  const closing = db.close()
  for (const outcome of await Promise.allSettled([...reads, ...writes])) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'closed' })
  }
  await closing
})

test('a close may come any number of times, and at once', async () => {
  const db = await newDatabase()
  await Promise.all([db.close(), db.close()])
  await db.close()
  expect(db.isClosed).toBe(true)
})

test('everything says closed after a close', async () => {
  const db = await newDatabase()
  const calls = await callsOf(db)
  await calls.insert({ at: 1, members: ['a'] })
  const batch = calls.findSync()
  const snapshot = db.snapshot()
  const pages = calls.pages({ pageRows: 1 })
  await db.close()
  const uses: (() => unknown)[] = [
    () => calls.insert({ at: 1, members: ['a'] }),
    () => calls.find(),
    () => calls.findSync(),
    () => calls.get(1),
    () => calls.schema,
    () => pages.next(),
    () => db.createTable('x'),
    () => db.table('calls'),
    () => db.tableNames,
    () => db.snapshot(),
    () => db.transaction(() => 1),
    () => db.nodes.get('a'),
    () => db.nodes.set('a', {}),
    () => db.flush(),
    () => db.compact(),
    () => db.refresh(),
    () => db.stats(),
    () => db.check(),
    () => db.backup(`${db.path}-backup`),
    () => db.openReport,
    () => snapshot.table('calls').find(),
  ]
  const codes = await Promise.all(uses.map((use) => codeOf(use)))
  expect(codes).toEqual(uses.map(() => 'closed'))
  snapshot.close()
  expect(batch.ids.length).toBe(1)
})

test('a closed or expired snapshot says which', async () => {
  const db = await newDatabase({ snapshotAgeMaxMs: 1 })
  await db.createTable('t')
  const closed = db.snapshot()
  closed.close()
  closed.close()
  expect(await codeOf(() => closed.table('t').find())).toBe('closed')
  const old = db.snapshot()
  while (!old.isClosed) await new Promise((resolve) => setImmediate(resolve))
  expect(await codeOf(() => old.table('t').find())).toBe('gone')
})

test('a transaction cannot be used when it is over', async () => {
  const db = await newDatabase()
  await db.createTable('t')
  const { value: table } = await db.transaction((tx) => tx.table('t'))
  expect(await codeOf(() => table.insert({ at: 1, members: [1] }))).toBe('closed')
  expect(await codeOf(() => table.find())).toBe('closed')
})

test('an AbortSignal cancels, and its reason is the cause', async () => {
  const db = await newDatabase()
  const calls = await callsOf(db)
  for (let round = 0; round < 20; round++) await calls.insertMany(sampleRows(5000))
  const reason = new Error('enough')
  const controller = new AbortController()
  const self = { table: 'calls' }
  const join = db.join({ left: self, right: self, withinMs: 1e9, signal: controller.signal })
  controller.abort(reason)
  const failure = await join.catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(EngineError)
  expect(failure).toMatchObject({ code: 'cancelled', cause: reason })
  expect(await codeOf(() => calls.find({ signal: AbortSignal.abort() }))).toBe('cancelled')
  expect((await calls.find({ limit: 1, signal: new AbortController().signal })).rowCount).toBe(1)
})

test('a deadline and the budgets end a result early, and say so', async () => {
  const db = await newDatabase()
  const calls = await callsOf(db)
  for (let round = 0; round < 4; round++) await calls.insertMany(sampleRows(5000))
  const self = { table: 'calls' }
  const join = await db.join({ left: self, right: self, withinMs: 1e9, deadlineMs: 1 })
  expect(join.truncated).toBe('deadline')
  expect((await calls.find({ limit: 5 })).truncated).toBe('rows')
  expect((await calls.find({ maxBytes: 2000 })).truncated).toBe('bytes')
  const where = { column: 'weight', lt: -1 } as const
  expect((await calls.find({ where, maxExamined: 100 })).truncated).toBe('examined')
})

test('the arrays of a result are the caller’s own', async () => {
  const calls = await callsOf(await newDatabase())
  await calls.insertMany(sampleRows(100))
  const [first, second] = [calls.findSync(), calls.findSync()]
  const { ids } = first
  const moved = structuredClone(first.buffer, { transfer: [first.buffer] })
  expect([ids.length, moved.byteLength > 0]).toEqual([0, true])
  const third = calls.findSync()
  structuredClone(third.buffer, { transfer: [third.buffer] })
  expect(await codeOf(() => third.rows())).toBe('closed')
  second.ids.fill(-1)
  expect(calls.findSync().ids[0]).toBeGreaterThan(0)
})

test('handles that are collected open do no harm', async () => {
  const path = join(await temporaryDirectory(), 'graph.db')
  const child = await runChild('_collect-open.ts', [path], ['--expose-gc'])
  expect(child).toMatchObject({ code: 0, signal: null })
  expect(child.output).toContain('HYPERGRAPH_SNAPSHOT_LEAK')
  expect(child.output).toContain('done')
})

test('a process may end in the middle of commits and queries', async () => {
  for (const how of ['exit', 'drain', 'throw']) {
    const path = join(await temporaryDirectory(), 'graph.db')
    const child = await runChild('_exit-midway.ts', [path, how])
    expect(child).toMatchObject({ code: how === 'throw' ? 1 : 0, signal: null })
    await using db = await Database.open(path)
    expect(db.table('t').findSync().rowCount).toBeGreaterThanOrEqual(30)
    expect((await db.check()).faults).toEqual([])
  }
})

test('worker threads may die in the middle of their work', async () => {
  const directory = await temporaryDirectory()
  for (let round = 0; round < 6; round++) {
    const isAlone = round % 2 === 1
    const file = new URL('_worker.mjs', import.meta.url)
    const path = join(directory, `graph-${round}.db`)
    const worker = new Worker(file, { workerData: { script: './_worker-work.ts', path, isAlone } })
    await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    await worker.terminate()
  }
  const db = await newDatabase()
  await db.createTable('t')
  for (const [name, least] of [
    ['graph-0.db', 1],
    ['graph-1.db', 11],
  ] as const) {
    await using again = await Database.open(join(directory, name))
    expect(again.table('t').findSync().rowCount).toBeGreaterThanOrEqual(least)
  }
})

test('the event loop goes on with all else while one commit is waited for', async () => {
  const db = await newDatabase()
  const table = await db.createTable('t')
  for (let at = 0; at < 20; at++) {
    const [{ seq }, text] = await Promise.all([
      table.insert({ at, members: [at] }),
      readFile(new URL(import.meta.url), 'utf8'),
      new Promise((resolve) => setImmediate(resolve)),
      new Promise((resolve) => setTimeout(resolve, 1)),
    ])
    expect(seq).toBe(at + 2)
    expect(text).toContain('goes on with all else')
  }
  expect(table.findSync().rowCount).toBe(20)
})
