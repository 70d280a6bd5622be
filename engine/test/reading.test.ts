import { setMaxListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { Database, type TimeUnit } from '../lib/index.ts'
import { callsOf, codeOf, newDatabase, sampleRows } from './_database.ts'

test('a read here answers as the one on the pool does', async () => {
  const calls = await callsOf(await newDatabase())
  await calls.insertMany(sampleRows(300))
  const figures = { groupBy: ['label'], measures: { n: 'count', sum: { sum: 'amt' } } } as const
  expect(calls.aggregateSync(figures).rows()).toEqual((await calls.aggregate(figures)).rows())
  const walk = { seeds: ['node 0'], hops: 2 }
  expect(calls.expandSync(walk).rows()).toEqual((await calls.expand(walk)).rows())
  const path = { seed: 'node 0', target: 'ü' }
  expect(calls.shortestPathSync(path).rows()).toEqual((await calls.shortestPath(path)).rows())
  expect(calls.findSync({ limit: 9 }).rows()).toEqual((await calls.find({ limit: 9 })).rows())
  const past = { ...figures, asOf: 0 }
  expect(await codeOf(() => calls.aggregateSync(past))).toBe(
    await codeOf(() => calls.aggregate(past)),
  )
})

test('a read here takes no signal, and nothing that is no options', async () => {
  const calls = await callsOf(await newDatabase())
  const signal = new AbortController().signal
  for (const options of [{ signal }, null, 5, 'x', undefined]) {
    // Wrong on purpose.
    const wrong = options as never
    expect(await codeOf(() => calls.aggregateSync(wrong))).toBe('invalid')
    expect(await codeOf(() => calls.expandSync(wrong))).toBe('invalid')
    expect(await codeOf(() => calls.shortestPathSync(wrong))).toBe('invalid')
    if (options !== undefined) expect(await codeOf(() => calls.findSync(wrong))).toBe('invalid')
  }
})

test('results of each length here are those of the pool, also while many of them are held', async () => {
  const calls = await callsOf(await newDatabase())
  await calls.insertMany(sampleRows(200))
  const held = Array.from({ length: 200 }, (_, at) => calls.findSync({ limit: at + 1 }))
  // What is refused between them takes no memory that another has.
  expect(await codeOf(() => calls.findSync({ limit: 1, asOf: 10 ** 9 }))).not.toBeUndefined()
  const lengths = new Set(held.map(({ buffer }) => buffer.byteLength))
  expect(lengths.size).toBeGreaterThan(2)
  expect(new Set(held.map(({ buffer }) => buffer)).size).toBe(held.length)
  for (const [at, batch] of held.entries()) {
    expect(batch.rows()).toEqual((await calls.find({ limit: at + 1 })).rows())
  }
})

test('figures of a part are refused here, unless the caller set the bound', async () => {
  const calls = await (await newDatabase()).createTable('t')
  const rowCount = 1_000_001
  await calls.insertColumns({
    at: new Float64Array(rowCount),
    memberOffsets: Uint32Array.from({ length: rowCount + 1 }, (_, row) => row),
    members: new Uint32Array(rowCount),
    weight: Float64Array.from({ length: rowCount }, (_, row) => row % 100),
  })
  const options = { measures: { n: 'count' }, where: { column: 'weight', gte: 0 } } as const
  expect(await codeOf(() => calls.aggregateSync(options))).toBe('too_large')
  expect(calls.aggregateSync({ ...options, maxExamined: 1000 }).truncated).toBe('examined')
  const whole = calls.aggregateSync({ ...options, maxExamined: 2_000_000 })
  expect(whole.rows()).toEqual([{ n: rowCount }])
})

test('members are the keys that were given, before a flush and after, whichever kinds there are', async () => {
  const db = await newDatabase()
  const calls = await db.createTable('t')
  const small = [7, 0, 2 ** 32 - 3]
  const rows = [small, [7, 2 ** 32 - 2], [2 ** 32 - 1, 0], [2 ** 40, 7], ['7', 7]]
  await calls.insertMany(rows.map((members, at) => ({ at, members })))
  const read = (from: number) => {
    const batch = calls.findSync({ from, to: from + 1, columns: ['members', 'roles'] })
    expect(batch.memberNumbers.length).toBe(batch.members.length)
    expect(batch.rows()).toEqual([{ members: rows[from], roles: null }])
    return batch.members
  }
  for (const round of ['fresh', 'at hand', 'flushed']) {
    if (round === 'flushed') await db.flush()
    expect(read(0)).toEqual(new Uint32Array(small))
    for (let at = 1; at < rows.length; at++) expect([...read(at)]).toEqual(rows[at])
    expect(Array.from(calls.findSync({ columns: ['members'] }).members)).toEqual(rows.flat())
    const pooled = await calls.find({ newestFirst: true, columns: ['members'] })
    expect(Array.from(pooled.members)).toEqual(rows.toReversed().flat())
  }
})

test('an abort after the answer, or of another query, changes nothing', async () => {
  const calls = await callsOf(await newDatabase())
  await calls.insertMany(sampleRows(100))
  const [first, second] = [new AbortController(), new AbortController()]
  const batch = await calls.find({ signal: first.signal })
  first.abort()
  expect(batch.rows().length).toBe(100)
  const running = calls.find({ signal: second.signal })
  first.abort()
  expect((await running).rowCount).toBe(100)
  expect(await codeOf(() => calls.find({ signal: first.signal }))).toBe('cancelled')
})

test('many queries on one signal all end, and the reason is that of the caller', async () => {
  const calls = await callsOf(await newDatabase())
  await calls.insertMany(sampleRows(1000))
  const controller = new AbortController()
  setMaxListeners(50, controller.signal)
  const queries = Array.from({ length: 50 }, () => calls.find({ signal: controller.signal }))
  controller.abort('mine')
  for (const outcome of await Promise.allSettled(queries)) {
    if (outcome.status === 'fulfilled') expect(outcome.value.rowCount).toBe(1000)
    else expect(outcome.reason).toMatchObject({ code: 'cancelled', cause: 'mine' })
  }
})

test('a result of any size is all of a buffer of its own', async () => {
  const table = await (await newDatabase()).createTable('t')
  const rowCount = 100_000
  await table.insertColumns({
    at: Float64Array.from({ length: rowCount }, (_, row) => row),
    memberOffsets: Uint32Array.from({ length: rowCount + 1 }, (_, row) => row),
    members: Uint32Array.from({ length: rowCount }, (_, row) => row % 7),
  })
  const { ids } = table.findSync({ columns: ['id'] })
  const read = (limit: number) => table.findSync({ columns: ['id'], limit })
  for (const limit of [1, 490, 510, 10_000, 60_000, rowCount]) {
    const [first, second] = [read(limit), read(limit)]
    expect(first.ids.buffer).toBe(first.buffer)
    first.ids.fill(0)
    expect(second.ids.every((id, row) => id === ids[row])).toBe(true)
    expect(second.ids).toHaveLength(limit)
  }
  const moved = read(10_000)
  structuredClone(moved.buffer, { transfer: [moved.buffer] })
  expect(() => moved.ids).toThrow('transferred')
})

describe.each<[TimeUnit, number]>([
  ['s', 1],
  ['ms', 1e3],
  ['us', 1e6],
])('numbers of time count %s', (timeUnit, perSecond) => {
  test('in inserts, spans and results', async () => {
    const db = await newDatabase({ timeUnit })
    const table = await db.createTable('t', { properties: { seen: 'timestamp' } })
    const seconds = 1_700_000_000
    const at = seconds * perSecond
    const props = { seen: at }
    await table.insertMany([
      { at, members: ['number'], until: at + perSecond, props },
      { at: new Date(seconds * 1000), members: ['date'], props },
      { at: BigInt(seconds) * 1_000_000n, members: ['micros'], props },
      { at: '2023-11-14T22:13:20Z', members: ['iso'], props },
    ])
    await table.insertColumns({
      at: new Float64Array([at]),
      memberOffsets: new Uint32Array([0, 1]),
      members: ['column'],
    })
    const found = table.findSync({ from: at, to: at + 1, where: { column: 'at', eq: at } })
    expect(found.rows().map((row) => row.at)).toEqual([at, at, at, at, at])
    expect([...found.eventTs]).toEqual(new Array(5).fill(BigInt(seconds) * 1_000_000n))
    expect(found.rows()[0]).toMatchObject({ until: at + perSecond, props })
    expect(table.findSync({ to: at }).rowCount).toBe(0)
    expect(table.findSync({ from: '2023-11-14T22:13:20.000001Z' }).rowCount).toBe(0)
  })
})

test('the cursor of a state that history dropped is gone, unless the caller allows it', async () => {
  const db = await newDatabase({ durability: 'sync' })
  const calls = await db.createTable('t', { historyMs: 0 })
  await calls.insertMany(Array.from({ length: 20 }, (_, at) => ({ at, members: [at] })))
  const cursor = calls.findSync({ limit: 5 }).cursor ?? ''
  for (const id of calls.findSync({ newestFirst: true, limit: 3 }).ids) await calls.delete(id)
  await db.compact()
  await db.close()
  await using again = await Database.open(db.path)
  const table = again.table('t')
  await table.delete(1)
  await again.compact()
  expect(await codeOf(() => table.findSync({ cursor }))).toBe('gone')
  expect(await codeOf(() => table.find({ cursor }))).toBe('gone')
  const rest = table.findSync({ cursor, onSnapshotLost: 'continue' })
  expect([rest.snapshotLost, rest.rowCount]).toEqual([true, 12])
  // Wrong on purpose.
  const wrong = { cursor, onSnapshotLost: 'maybe' as never }
  expect(await codeOf(() => table.findSync(wrong))).toBe('invalid')
})
