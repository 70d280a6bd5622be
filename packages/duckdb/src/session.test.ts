import { getEventListeners } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { HyperMeshError } from '@hypermesh/contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DuckDatabase } from './database.ts'
import type { DuckStream } from './session.ts'

let root: string
let database: DuckDatabase

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hm-session-'))
  await writeFile(join(root, 'secret.txt'), 'a,b\n1,2\n')
  database = await DuckDatabase.open({
    threads: 2,
    memoryBytes: 256 * 1024 * 1024,
    temporaryDirectory: join(root, 'tmp'),
    allowedDirectories: [join(root, 'warehouse')],
  })
})

afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await rm(root, { recursive: true, force: true })
})

const endless = 'SELECT sum(a.i * b.i) FROM range(100000000) a(i), range(100000000) b(i)'
const rareRows = 'SELECT i FROM range(100000000000) r(i) WHERE hash(i) % 10000000000 = 7'

async function failure(work: Promise<unknown>): Promise<HyperMeshError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(HyperMeshError)
  return error as HyperMeshError
}

test('rows come back as JS values and parameters are bound', async () => {
  await using session = await database.connect()
  const rows = await session.rows('SELECT $1::INTEGER AS a, $2 AS b', {
    parameters: { values: [42, "x'y"] },
  })
  expect(rows).toEqual([{ a: 42, b: "x'y" }])
})

test('several statements run in order and the last one answers', async () => {
  await using session = await database.connect()
  const rows = await session.rows('CREATE TEMP TABLE t (a INT); INSERT INTO t VALUES (7); FROM t')
  expect(rows).toEqual([{ a: 7 }])
})

test('an abort before the start runs nothing', async () => {
  await using session = await database.connect()
  const signal = AbortSignal.abort(new HyperMeshError('deadline', 'too late'))
  expect((await failure(session.run('SELECT 1', { signal }))).code).toBe('deadline')
  expect(await session.rows('SELECT 1 AS a')).toEqual([{ a: 1 }])
})

test('an abort ends a running statement with the reason of the signal', async () => {
  await using session = await database.connect()
  const reason = new HyperMeshError('deadline', 'the deadline of 30 s passed')
  const controller = new AbortController()
  const running = failure(session.run(endless, { signal: controller.signal }))
  setImmediate(() => controller.abort(reason))
  expect(await running).toBe(reason)
  expect(await session.rows('SELECT 1 AS a')).toEqual([{ a: 1 }])
})

test('an abort without a typed reason is cancelled, a timeout is a deadline', async () => {
  await using session = await database.connect()
  const controller = new AbortController()
  const running = failure(session.run(endless, { signal: controller.signal }))
  setImmediate(() => controller.abort())
  expect((await running).code).toBe('cancelled')
  const late = await failure(session.run(endless, { signal: AbortSignal.timeout(20) }))
  expect(late.code).toBe('deadline')
})

test('an abort ends a stream whose next chunk is far away', async () => {
  await using session = await database.connect()
  const controller = new AbortController()
  const reading = failure(
    session.stream(rareRows, { signal: controller.signal }).then(async (stream) => {
      while (await stream.next()) controller.abort()
    }),
  )
  setImmediate(() => controller.abort())
  expect((await reading).code).toBe('cancelled')
})

test('closing a session while it runs ends the statement and frees the connection', async () => {
  const session = await database.connect()
  const running = failure(session.run(endless))
  await new Promise((resolve) => setImmediate(resolve))
  await session[Symbol.asyncDispose]()
  expect((await running).code).toBe('cancelled')
  expect((await failure(session.run('SELECT 1'))).code).toBe('cancelled')
})

test('closing a database while its sessions run ends them all', async () => {
  const other = await DuckDatabase.open({
    threads: 1,
    memoryBytes: 64 * 1024 * 1024,
    temporaryDirectory: join(root, 'tmp-other'),
    allowedDirectories: [],
  })
  const session = await other.connect()
  const running = failure(session.run(endless))
  await other[Symbol.asyncDispose]()
  expect((await running).code).toBe('cancelled')
  expect((await failure(other.connect())).code).toBe('unavailable')
})

test('a busy database does not hold up files or the event loop', async () => {
  const sessions = await Promise.all(Array.from({ length: 6 }, () => database.connect()))
  const controller = new AbortController()
  const running = sessions.map((session) =>
    failure(session.run(endless, { signal: controller.signal })),
  )
  await new Promise((resolve) => setImmediate(resolve))
  expect(await readFile(join(root, 'secret.txt'), 'utf8')).toContain('a,b')
  controller.abort()
  for (const error of await Promise.all(running)) expect(error.code).toBe('cancelled')
  for (const session of sessions) session[Symbol.dispose]()
})

test('the caller is told in time where DuckDB cannot stop in time', async () => {
  await using session = await database.connect()
  const signal = AbortSignal.timeout(10)
  const late = await failure(session.run("SELECT length(lpad('x', 400000000, 'y'))", { signal }))
  expect(late.code).toBe('deadline')
})

test('a stream yields every row once', async () => {
  await using session = await database.connect()
  const stream = await session.stream('FROM range(100000)')
  let rowCount = 0
  for (let chunk = await stream.next(); chunk; chunk = await stream.next()) {
    rowCount += chunk.rowCount
  }
  expect(rowCount).toBe(100_000)
})

test.each([
  ['SELEC 1', 'invalid', 'parser'],
  ['SELECT nope', 'invalid', 'binder'],
  ['FROM nope', 'invalid', 'catalog'],
  ["SELECT 'a'::INT", 'invalid', 'conversion'],
  ['SELECT 9223372036854775807::BIGINT + 1::BIGINT', 'invalid', 'out-of-range'],
  ["SELECT error('parquet')", 'invalid', 'invalid-input'],
  ["SELECT 'parquet'::INT", 'invalid', 'conversion'],
  ["SELECT 'zstd'::DATE", 'invalid', 'conversion'],
  ["SELECT strptime('gzip', '%Y')", 'invalid', 'invalid-input'],
  ["SELECT 'no space left on device'::INT", 'invalid', 'conversion'],
  ['SET threads = 7', 'invalid', 'invalid-input'],
  [
    'SELECT list(repeat(hash(i)::VARCHAR, 9)) FROM range(9000000) r(i)',
    'too_large',
    'out-of-memory',
  ],
])('%s is %s (%s)', async (sql, code, reason) => {
  await using session = await database.connect()
  const error = await failure(session.run(sql))
  expect([error.code, error.details?.reason]).toEqual([code, reason])
})

test('Parquet that is cut or scrambled is damage', async () => {
  const directory = join(root, 'warehouse')
  await using session = await database.connect()
  const path = join(directory, 'whole.parquet')
  await mkdir(directory, { recursive: true })
  await session.run(
    `COPY (SELECT hash(i)::VARCHAR AS s FROM range(5000) r(i)) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`,
  )
  const whole = await readFile(path)
  const scrambled = Buffer.from(whole).fill(0xa5, 100, 3000)
  for (const bytes of [whole.subarray(0, 6), whole.subarray(0, -9), scrambled]) {
    const damaged = join(directory, 'damaged.parquet')
    await writeFile(damaged, bytes)
    const error = await failure(session.rows(`SELECT max(s) FROM read_parquet('${damaged}')`))
    expect(error.code, error.message).toBe('corrupt')
  }
})

test.each([
  ['SELECT nope FROM (SELECT 1 AS name)', /not found in FROM clause; Candidate bindings: "name"/],
  ['SELECT 1::foo.bar', /^Type with name bar does not exist$/],
  ['SELECT (SELECT i FROM range(2) r(i))', /can only return a single row\.?$/],
  ["SELECT error('mind!')", /^mind!$/],
])('the message of %s gives no advice that the caller cannot follow', async (sql, message) => {
  await using session = await database.connect()
  const error = await failure(session.run(sql))
  expect(error.message.replace(/ \(line.*/, '')).toMatch(message)
})

test('a parser error tells line and column', async () => {
  await using session = await database.connect()
  const error = await failure(session.run('SELECT 1,\n  FROM FROM'))
  expect(error.details).toMatchObject({ line: 2, column: 8 })
})

test('neither files, nor other databases, nor settings can be reached', async () => {
  await using session = await database.connect()
  for (const sql of [
    `FROM read_csv('${root}/secret.txt')`,
    `FROM '${root}/secret.txt'`,
    `COPY (SELECT 1) TO '${root}/out.csv'`,
    `ATTACH '${root}/x.db' AS x`,
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET enable_external_access = true',
    'RESET lock_configuration',
    `FROM glob('${root}/*')`,
  ]) {
    const error = await failure(session.run(sql))
    expect(error.code, sql).not.toBe('internal')
  }
})

test('the directories of the server are not named in a message', async () => {
  await using session = await database.connect()
  const error = await failure(session.run(`FROM read_parquet('${root}/warehouse/a/b.parquet')`))
  expect(error.code).toBe('unavailable')
  expect(error.message).not.toContain(root)
  expect(error.message).toContain('a/b.parquet')
})

const lateFailure =
  "SELECT i, CASE WHEN i = 900000 THEN error('too late') END FROM range(1000000) r(i)"

async function drain(stream: DuckStream): Promise<number> {
  let rows = 0
  for (let chunk = await stream.next(); chunk; chunk = await stream.next()) rows += chunk.rowCount
  return rows
}

test('a stream that fails after its first rows throws, and does not end as if whole', async () => {
  await using session = await database.connect()
  const error = await failure(drain(await session.stream(lateFailure)))
  expect(error).toMatchObject({ code: 'invalid', message: expect.stringContaining('too late') })
  expect(await drain(await session.stream('FROM range(1000000)'))).toBe(1_000_000)
})

test('a stream that is aborted between two chunks throws the reason of the signal', async () => {
  await using session = await database.connect()
  const abort = new AbortController()
  const stream = await session.stream('FROM range(100000000)', { signal: abort.signal })
  expect(await stream.next()).toBeDefined()
  abort.abort(new HyperMeshError('deadline', 'too late'))
  expect((await failure(drain(stream))).code).toBe('deadline')
})

test('one signal may stop many statements at once, and none listens to it afterwards', async () => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => void warnings.push(warning)
  process.on('warning', onWarning)
  const { signal } = new AbortController()
  const sessions = await Promise.all(Array.from({ length: 12 }, () => database.connect()))
  const runs = sessions.map((session) => session.run('SELECT 1', { signal }))
  await nextTurn()
  expect(getEventListeners(signal, 'abort').length).toBeGreaterThan(10)
  await Promise.all(runs)
  await nextTurn()
  expect(getEventListeners(signal, 'abort')).toEqual([])
  for (const session of sessions) await session[Symbol.asyncDispose]()
  process.off('warning', onWarning)
  expect(warnings).toEqual([])
})

test('a session that measures tells how much a running statement has read', async () => {
  await using session = await database.connect()
  await session.measureProgress()
  expect(session.percentRead).toBeUndefined()
  let told: number | undefined
  // A statement that was looked at too early never tells, which a busy machine can bring about.
  for (let attempt = 0; attempt < 40 && told === undefined; attempt += 1) {
    const stop = new AbortController()
    const running = failure(session.run(endless, { signal: stop.signal }))
    await expect
      .poll(() => session.percentRead, { timeout: 500 })
      .toBeGreaterThanOrEqual(0)
      .catch(() => undefined)
    told = session.percentRead
    stop.abort()
    expect(await running).toMatchObject({ code: 'cancelled' })
  }
  expect(told).toBeGreaterThanOrEqual(0)
})
