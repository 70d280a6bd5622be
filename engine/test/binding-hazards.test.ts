import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTable, findAll, insertRows, native, openFilled } from './_raw-engine.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hypermesh-binding-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

const program = fileURLToPath(new URL('./_binding-hazards.ts', import.meta.url))

function run(how: string) {
  const node = ['--expose-gc', '--conditions=hypermesh:source', '--import', 'tsx', program]
  const path = join(directory, 'db')
  return spawnSync(process.execPath, [...node, how, path], { encoding: 'utf8', timeout: 50_000 })
}

test.each([
  ['idle', 0, 'done\n'],
  ['busy', 0, 'done\n'],
  ['exit', 7, ''],
  ['throw', 1, ''],
])(
  'a process that ends %s ends by itself, and what it acknowledged is there',
  async (how, status, stdout) => {
    const ended = run(how)
    expect(ended).toMatchObject({ status, stdout, signal: null })
    const database = await native.open(join(directory, 'db'), {})
    expect(rowsOf(native.query(database, null, findAll()))).toBeGreaterThanOrEqual(1000)
    await native.close(database)
  },
)

test.each(['worker-terminated', 'worker-exits', 'collected'])(
  'a database that is %s amid its work is closed, and opens again',
  (how) => {
    expect(run(how)).toMatchObject({ status: 0, stdout: 'done\n', signal: null })
  },
)

test('a handle of another kind is refused', async () => {
  const database = await openFilled(directory, 1)
  const snapshot = native.snapshot(database)
  const others = [snapshot, {}, null, undefined, 1, 'x', Object.create(null)] as never[]
  for (const other of others) {
    expect(codeOf(() => native.query(other, null, findAll()))).toBe('invalid')
    expect(codeOf(() => native.isClosed(other))).toBe('invalid')
    expect(await codeOfPromise(native.commit(other, insertRows(1), 0))).toBe('invalid')
  }
  for (const other of [database, {}, undefined, 1] as never[])
    expect(codeOf(() => native.query(database, other, findAll()))).toBe('invalid')
  await native.close(database)
})

test('a result goes into the memory that was given for it only where there is room', async () => {
  const database = await openFilled(directory, 1)
  const plan = findAll()
  const query = (room: unknown) =>
    native.query(database, null, plan, plan.length, room as ArrayBuffer)
  // But for how long it took.
  const content = (result: ArrayBuffer | undefined) =>
    Buffer.from(result ?? new ArrayBuffer(64)).fill(0, 48, 56)
  const whole = native.query(database, null, plan)
  const wanted = content(whole)
  const exact = new ArrayBuffer(whole.byteLength)
  expect(query(exact)).toBeUndefined()
  expect(content(exact)).toEqual(wanted)
  const short = new ArrayBuffer(whole.byteLength - 1)
  const gone = new ArrayBuffer(whole.byteLength)
  structuredClone(gone, { transfer: [gone] })
  const shared = new SharedArrayBuffer(4096)
  for (const room of [short, gone, shared, new Uint8Array(4096), null, undefined, 1, 'x', {}]) {
    expect(content(query(room))).toEqual(wanted)
  }
  for (const untouched of [short, shared]) {
    expect(new Uint8Array(untouched).every((byte) => byte === 0)).toBe(true)
  }
  await native.close(database)
})

test('arguments of another type are refused', async () => {
  const database = await openFilled(directory, 1)
  for (const bytes of ['x', [1], new Uint16Array(9), new ArrayBuffer(9), null] as never[]) {
    expect(await codeOfPromise(native.commit(database, bytes, 0))).toBe('invalid')
    expect(codeOf(() => native.query(database, null, bytes))).toBe('invalid')
  }
  for (const number of [-1, 1.5, Number.NaN, 2 ** 53, '1', 1n] as never[]) {
    expect(await codeOfPromise(native.commit(database, insertRows(1), number))).toBe('invalid')
    expect(codeOf(() => native.snapshotAtSeq(database, number))).toBe('invalid')
  }
  for (const instant of [1, 2n ** 63n, '1'] as never[])
    expect(codeOf(() => native.snapshotAtTime(database, instant))).toBe('invalid')
  const detached = insertRows(1).slice()
  structuredClone(detached, { transfer: [detached.buffer] })
  expect(await codeOfPromise(native.commit(database, detached, 0))).toBe('invalid')
  for (const options of [null, 1, { readOnly: 1 }, { memtableBytesMax: 0 }] as never[])
    expect(await codeOfPromise(native.open(directory, options))).toBe('invalid')
  expect(await codeOfPromise(native.open('a\0b', {}))).toBe('invalid')
  await native.close(database)
})

test('rows are written as JSON into memory that is there, from bytes that are a result', async () => {
  const database = await openFilled(directory, 3)
  // Of no columns.
  const shape = Uint8Array.of(0, 0, 2, 0, 0, 0, 0x7b, 0x7d)
  const result = native.query(database, null, findAll())
  const room = new Uint8Array(64).fill(0x2e)
  const good = [result, shape, 3, 44, room, 4] as const
  const write = (...given: readonly unknown[]) =>
    native.jsonRows(database, ...(given as never as typeof good))
  const textOf = (bytes: ArrayBuffer | Uint8Array) => Buffer.from(bytes as ArrayBuffer).toString()
  expect(write(...good)).toBe(8)
  expect(textOf(room).slice(0, 14)).toBe('....{},{},{}..')
  const own = write(...good.slice(0, 5), 60)
  expect(textOf(own as ArrayBuffer)).toBe('{},{},{}')
  const detached = new Uint8Array(64)
  structuredClone(detached, { transfer: [detached.buffer] })
  const wrong: readonly (readonly unknown[])[] = [
    [room, null, 1, new ArrayBuffer(64), result.slice(1), detached.buffer],
    [shape.buffer, null, shape.subarray(1), detached],
    [-1, 1.5, 2 ** 32, '1', undefined],
    [-1, 128, null],
    [new ArrayBuffer(64), null, [], detached],
    [-1, 65, '0', undefined],
  ]
  for (const [place, values] of wrong.entries()) {
    for (const value of values) {
      const given = good.map((one, at) => (at === place ? value : one))
      expect(codeOf(() => write(...given))).toBe('invalid')
    }
  }
  await native.close(database)
  expect(codeOf(() => write(...good))).toBe('closed')
})

test('after close everything is closed, whatever order handles close in', async () => {
  const database = await openFilled(directory, 1)
  const snapshot = native.snapshot(database)
  const early = native.snapshot(database)
  native.closeSnapshot(early)
  native.closeSnapshot(early)
  expect(codeOf(() => native.query(database, early, findAll()))).toBe('closed')
  await Promise.all([native.close(database), native.close(database)])
  await native.close(database)
  expect(native.isClosed(database)).toBe(true)
  const direct = [
    () => native.query(database, null, findAll()),
    () => native.query(database, snapshot, findAll()),
    () => native.snapshot(database),
    () => native.snapshotFigures(snapshot),
    () => native.committedAt(database, 1),
    () => native.nodeKeys(database, new Uint32Array(1)),
    () => native.symbols(database, 1),
    () => native.schema(database, null),
    () => native.openReport(database),
  ]
  for (const call of direct) expect(codeOf(call)).toBe('closed')
  const later = [
    native.commit(database, insertRows(1), 0),
    native.queryAsync(database, snapshot, findAll(), 1),
    native.stats(database),
    native.check(database),
    native.flush(database),
    native.compact(database),
    native.refresh(database),
    native.backup(database, join(directory, 'b')),
  ]
  for (const promise of later) expect(await codeOfPromise(promise)).toBe('closed')
  native.cancel(database, 1)
  native.closeSnapshot(snapshot)
})

test('a close settles all that was under way, each as done or closed', async () => {
  const database = await openFilled(directory, 1000)
  const running = [
    ...Array.from({ length: 64 }, () => native.commit(database, insertRows(10), 0)),
    ...Array.from({ length: 16 }, (_, n) => native.queryAsync(database, null, findAll(), n)),
    native.compact(database),
    native.check(database),
  ]
  const [, ...codes] = await Promise.all([native.close(database), ...running.map(codeOfPromise)])
  expect(codes.filter((code) => code !== undefined && code !== 'closed')).toEqual([])
  const again = await native.open(directory, {})
  const acknowledged = codes.slice(0, 64).filter((code) => code === undefined).length
  const rows = rowsOf(native.query(again, null, findAll()))
  expect(rows).toBe(1000 + 10 * acknowledged)
  await native.close(again)
})

test('a result is the same here and on the pool, small or large, and outlives its database', async () => {
  const database = await openFilled(directory, 20_000)
  const small = native.snapshotAtSeq(database, 2)
  const pairs = []
  for (const snapshot of [small, null]) {
    const here = native.query(database, snapshot, findAll())
    const pool = await native.queryAsync(database, snapshot, findAll(), 0)
    pairs.push([here, pool] as const)
  }
  await native.close(database)
  for (const [here, pool] of pairs) {
    expect(pool.byteLength).toBe(here.byteLength)
    // All but how long it took.
    expect(Buffer.from(pool, 56).equals(Buffer.from(here, 56))).toBe(true)
  }
  expect(pairs[1]?.[0].byteLength).toBeGreaterThan(65_536)
})

test('a query that is cancelled before it begins says so, and its token is free again', async () => {
  const database = await openFilled(directory, 100_000)
  const waiting = Array.from({ length: 64 }, (_, n) =>
    native.queryAsync(database, null, findAll(), n + 1),
  )
  for (let token = 1; token <= 64; token++) native.cancel(database, token)
  const codes = await Promise.all(waiting.map(codeOfPromise))
  expect(codes).toContain('cancelled')
  expect(codes.filter((code) => code !== undefined && code !== 'cancelled')).toEqual([])
  expect(await codeOfPromise(native.queryAsync(database, null, findAll(), 1))).toBeUndefined()
  await native.close(database)
})

test('a second opener is told who holds the lock; a snapshot is of its own database', async () => {
  const database = await openFilled(join(directory, 'a'), 1)
  expect(await codeOfPromise(native.open(join(directory, 'a'), {}))).toBe('locked')
  const other = await openFilled(join(directory, 'b'), 1)
  const foreign = native.snapshot(other)
  expect(codeOf(() => native.query(database, foreign, findAll()))).toBe('invalid')
  expect(await codeOfPromise(native.commit(database, createTable(), 0))).toBe('exists')
  await Promise.all([native.close(other), native.close(database)])
})

function rowsOf(result: ArrayBuffer): number {
  return new DataView(result).getUint32(8, true)
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return (error as { code?: string }).code
  }
}

async function codeOfPromise(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  )
}
