import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorCodes } from '../lib/errors.ts'
import { Database, EngineError, type Filter } from '../lib/index.ts'
import { callsOf, codeOf, newDatabase, sampleRows, temporaryDirectory } from './_database.ts'
import { createTable, findAll, insertRows, native, openFilled } from './_raw-engine.ts'

describe('a bad hyperedge', () => {
  const good = { at: 0, members: [1] }
  test.each<[string, unknown, string]>([
    ['no members', { at: 0, members: [] }, 'invalid'],
    ['the same member twice', { at: 0, members: ['a', 'a'] }, 'invalid'],
    ['the same member twice in a role', { at: 0, members: { r: ['a', 'a'] } }, 'invalid'],
    ['more members than allowed', { at: 0, members: [1, 2, 3, 4, 5, 6] }, 'too_large'],
    ['a node id of a wrong type', { at: 0, members: [{}] }, 'invalid'],
    ['a node id of NaN', { at: 0, members: [Number.NaN] }, 'invalid'],
    ['an instant of NaN', { at: Number.NaN, members: [1] }, 'invalid'],
    ['an instant out of range', { at: 1e300, members: [1] }, 'invalid'],
    ['a property of a wrong type', { ...good, props: { amt: 'x' } }, 'type_mismatch'],
    ['an unknown property', { ...good, props: { nope: 1 } }, 'not_found'],
    ['a long text', { ...good, props: { kind: 'x'.repeat(2 << 20) } }, 'too_large'],
    ['an end before the start', { ...good, until: 0 }, 'invalid'],
  ])('%s: nothing of its batch is written', async (_, row, code) => {
    const calls = await callsOf(await newDatabase())
    // Wrong on purpose.
    const rows = [{ at: 1, members: ['fine'] }, row as never]
    expect(await codeOf(() => calls.insertMany(rows))).toBe(code)
    expect(calls.findSync().rowCount).toBe(0)
    await calls.insert({ at: 1, members: ['fine'] })
    expect(calls.findSync().rowCount).toBe(1)
  })

  test('the same member in two roles is fine', async () => {
    const calls = await callsOf(await newDatabase())
    await calls.insert({ at: 0, members: { host: ['a'], guest: ['a'] } })
    expect(calls.findSync({ members: 'a' }).rowCount).toBe(1)
  })
})

describe('bad columns', () => {
  const good = {
    at: new Float64Array([1, 2]),
    memberOffsets: new Uint32Array([0, 1, 3]),
    members: new Uint32Array([1, 2, 3]),
  }
  const over = 2n ** 63n - 1n
  test.each<[string, object, string]>([
    ['no columns', { at: undefined }, 'invalid'],
    ['instants of NaN', { at: new Float64Array([1, Number.NaN]) }, 'invalid'],
    ['instants out of range', { at: new BigInt64Array([1n, over]) }, 'invalid'],
    ['instants below the range', { at: new BigInt64Array([1n, -(2n ** 63n)]) }, 'invalid'],
    ['instants of another type', { at: [1, 2] }, 'invalid'],
    ['ends before the starts', { until: new Float64Array([5, 2]) }, 'invalid'],
    ['too few offsets', { memberOffsets: new Uint32Array([0, 3]) }, 'invalid'],
    ['offsets that go back', { memberOffsets: new Uint32Array([0, 4, 3]) }, 'invalid'],
    ['offsets beyond the members', { memberOffsets: new Uint32Array([0, 1, 4]) }, 'invalid'],
    ['a row without members', { memberOffsets: new Uint32Array([0, 0, 3]) }, 'invalid'],
    ['a member twice', { members: new Uint32Array([1, 2, 2]) }, 'invalid'],
    ['members of another type', { members: new Float64Array([1, 2, 3]) }, 'invalid'],
    ['a member of NaN', { members: [1, 2, Number.NaN] }, 'invalid'],
    ['a member below zero', { members: [1, 2, -1] }, 'invalid'],
    ['a member beyond 2^64', { members: [1, 2, 2n ** 64n] }, 'invalid'],
    [
      'an index beyond the keys',
      { members: { keys: ['a'], index: new Uint32Array([0, 1, 0]) } },
      'invalid',
    ],
    ['weights of NaN', { weight: new Float64Array([1, Number.NaN]) }, 'invalid'],
    ['too few weights', { weight: new Float64Array([1]) }, 'invalid'],
    [
      'label codes beyond the names',
      { label: { names: ['x'], codes: new Uint32Array([1, 2]) } },
      'invalid',
    ],
    [
      'role codes beyond the names',
      { roles: { names: ['x'], codes: new Uint8Array([1, 2, 0]) } },
      'invalid',
    ],
    ['a key of 256 bytes', { key: ['k', 'x'.repeat(256)] }, 'too_large'],
    ['too few keys', { key: ['k'] }, 'invalid'],
    ['a property of a wrong type', { props: { amt: ['x', 'y'] } }, 'type_mismatch'],
    ['too few values', { props: { amt: new Float64Array([1]) } }, 'invalid'],
    ['a value of NaN', { props: { amt: new Float64Array([1, Number.NaN]) } }, 'invalid'],
    ['an unknown property', { props: { nope: new Float64Array(2) } }, 'not_found'],
    ['a timestamp out of range', { props: { seen: new BigInt64Array([1n, over]) } }, 'invalid'],
  ])('%s: nothing is written', async (_, columns, code) => {
    const calls = await callsOf(await newDatabase())
    // Wrong on purpose.
    expect(await codeOf(() => calls.insertColumns({ ...good, ...columns } as never))).toBe(code)
    expect(calls.findSync().rowCount).toBe(0)
    expect((await calls.insertColumns(good)).inserted).toBe(2)
  })

  test('arrays that were given away are empty', async () => {
    const calls = await callsOf(await newDatabase())
    const at = new Float64Array([1, 2])
    structuredClone(at, { transfer: [at.buffer] })
    expect(await codeOf(() => calls.insertColumns({ ...good, at }))).toBe('invalid')
  })
})

describe('a bad question', () => {
  const bad: [string, unknown, string][] = [
    ['an empty list of members', { members: { all: [] } }, 'invalid'],
    ['more than there are', { members: { atLeast: 3, of: [1, 2] } }, 'invalid'],
    ['a node of a wrong type', { members: Number.NaN }, 'invalid'],
    ['a role of a wrong type', { members: { node: 1, role: 5 } }, 'invalid'],
    ['an instant out of range', { from: 1e300 }, 'invalid'],
    ['an instant that is none', { to: 'yesterday' }, 'invalid'],
    ['an id of 0', { ids: [0] }, 'invalid'],
    ['an id of NaN', { ids: [Number.NaN] }, 'invalid'],
    ['no ids', { ids: [] }, 'invalid'],
    ['an unknown column', { columns: ['nope'] }, 'not_found'],
    ['an unknown column in where', { where: { column: 'nope', eq: 1 } }, 'not_found'],
    ['a value of a wrong type', { where: { column: 'amt', eq: 'x' } }, 'type_mismatch'],
    ['a comparison with NaN', { where: { column: 'amt', lt: Number.NaN } }, 'invalid'],
    ['a condition on nothing', { where: {} }, 'invalid'],
    ['a limit of 0', { limit: 0 }, 'invalid'],
    ['a limit of NaN', { limit: Number.NaN }, 'invalid'],
    ['a deadline below 0', { deadlineMs: -1 }, 'invalid'],
    ['a cursor of another form', { cursor: 'ä' }, 'invalid'],
    ['a cursor of noise', { cursor: 'AAAA' }, 'invalid'],
    ['a commit that is not yet', { asOf: 1e15 }, 'not_found'],
    ['a commit of NaN', { asOf: Number.NaN }, 'invalid'],
  ]
  test.each(bad)('%s is refused, here and on the pool', async (_, options, code) => {
    const calls = await callsOf(await newDatabase())
    await calls.insertMany(sampleRows(5))
    // Wrong on purpose.
    const wrong = options as never
    expect(await codeOf(() => calls.findSync(wrong))).toBe(code)
    expect(await codeOf(() => calls.find(wrong))).toBe(code)
  })

  test('nests no deeper than what it may', async () => {
    const calls = await callsOf(await newDatabase())
    let where: Filter = { column: 'amt', gte: 0 }
    for (let depth = 0; depth < 63; depth++) where = { not: where }
    expect(calls.findSync({ where }).rowCount).toBe(0)
    expect(await codeOf(() => calls.findSync({ where: { not: where } }))).toBe('invalid')
  })

  test('of a walk, a figure or a join is refused as well', async () => {
    const db = await newDatabase()
    const calls = await callsOf(db)
    const side = { table: 'calls' }
    const uses: [() => unknown, string][] = [
      [() => calls.expand({ seeds: [] }), 'invalid'],
      [() => calls.expand({ seeds: [1], hops: 0 }), 'invalid'],
      [() => calls.expand({ seeds: [1], hops: 256 }), 'invalid'],
      [() => calls.expand({ seeds: [1], order: 'odd' as never }), 'invalid'],
      [() => calls.shortestPath({ seed: 1, target: -1 }), 'invalid'],
      [() => calls.aggregate({ measures: {} }), 'invalid'],
      [() => calls.aggregate({ measures: { n: { sum: 'kind' } } }), 'type_mismatch'],
      [() => calls.aggregate({ measures: { n: 'count' }, groupBy: [{ bucketMs: 0 }] }), 'invalid'],
      [() => calls.aggregate({ measures: { n: 'count' }, top: { by: 'm', count: 1 } }), 'invalid'],
      [() => db.join({ left: side, right: side } as never), 'invalid'],
      [() => db.join({ left: side, right: side, withinMs: -1 }), 'invalid'],
      [() => db.join({ left: side, right: { table: 'nope' }, withinMs: 1 }), 'not_found'],
    ]
    for (const [use, code] of uses) expect(await codeOf(use), String(use)).toBe(code)
  })
})

test('bytes that are no batch and no question never harm the process', async () => {
  const directory = await temporaryDirectory()
  const database = await openFilled(join(directory, 'raw.db'), 100)
  let state = 1
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const mutate = (bytes: Uint8Array) => {
    const copy = bytes.slice(0, random(4) === 0 ? random(bytes.length) : bytes.length)
    const edits = 1 + random(4)
    for (let edit = 0; edit < edits && copy.length > 0; edit++) {
      copy[random(copy.length)] = random(3) === 0 ? 255 : random(256)
    }
    return copy
  }
  const known: ReadonlySet<unknown> = new Set(errorCodes)
  const settle = async (work: () => unknown) => {
    try {
      await work()
    } catch (error) {
      const { code } = error as { readonly code?: unknown }
      if (!known.has(code)) throw error
    }
  }
  for (let round = 0; round < 3000; round++) {
    await settle(() => native.query(database, null, mutate(findAll())))
    await settle(() => native.commit(database, mutate(insertRows(3)), 1))
    await settle(() => native.commit(database, mutate(createTable()), 1))
  }
  expect(JSON.parse(await native.check(database)).faults).toEqual([])
  await native.close(database)
})

test.each(['', '1a', 'a b', 'a-b', 'é', 'x'.repeat(65), '$nodes', '"; drop', 5, null])(
  'the name %j is refused',
  async (name) => {
    const db = await newDatabase()
    // Wrong on purpose.
    expect(await codeOf(() => db.createTable(name as string))).toBe('invalid_name')
    const properties = { [String(name)]: 'int64' as const }
    if (typeof name === 'string') {
      expect(await codeOf(() => db.createTable('t', { properties }))).toBe('invalid_name')
    }
    expect(db.tableNames).toEqual([])
  },
)

test('a table that is there, or is not', async () => {
  const db = await newDatabase()
  await db.createTable('t')
  expect(await codeOf(() => db.createTable('t'))).toBe('exists')
  expect(await codeOf(() => db.table('u'))).toBe('not_found')
})

describe('a cursor', () => {
  test('goes on after the database was opened again', async () => {
    const db = await newDatabase({ durability: 'sync' })
    const calls = await callsOf(db)
    await calls.insertMany(sampleRows(30))
    const whole = [...calls.findSync().ids]
    const page = calls.findSync({ limit: 10 })
    expect([page.truncated, typeof page.cursor]).toEqual(['rows', 'string'])
    const cursor = page.cursor ?? ''
    await db.close()
    await using again = await Database.open(db.path)
    const rest = again.table('calls').findSync({ cursor })
    expect([...page.ids, ...rest.ids]).toEqual(whole)
    expect(rest.cursor).toBeNull()
  })

  test('that was forged, cut, or of another query or database is refused', async () => {
    const calls = await callsOf(await newDatabase())
    await calls.insertMany(sampleRows(30))
    const cursor = calls.findSync({ limit: 10 }).cursor ?? ''
    for (let at = 0; at < cursor.length; at++) {
      const other = cursor[at] === 'A' ? 'B' : 'A'
      const forged = cursor.slice(0, at) + other + cursor.slice(at + 1)
      const bytes = Buffer.from(forged, 'base64url')
      // The last character has bits that mean nothing.
      if (bytes.equals(Buffer.from(cursor, 'base64url'))) continue
      expect(await codeOf(() => calls.findSync({ cursor: forged }))).toBe('invalid')
    }
    expect(await codeOf(() => calls.findSync({ cursor: cursor.slice(0, -4) }))).toBe('invalid')
    expect(await codeOf(() => calls.findSync({ cursor, from: 5 }))).toBe('invalid')
    expect(await codeOf(() => calls.findSync({ cursor, newestFirst: true }))).toBe('invalid')
    const elsewhere = await callsOf(await newDatabase())
    expect(await codeOf(() => elsewhere.findSync({ cursor }))).toBe('invalid')
  })
})

describe('a directory', () => {
  test('that is not there, with create: false', async () => {
    const path = join(await temporaryDirectory(), 'nothing')
    expect(await codeOf(() => Database.open(path, { create: false }))).toBe('not_found')
    expect(await codeOf(() => Database.open(path, { readOnly: true }))).toBe('not_found')
  })

  test('that is something else', async () => {
    const path = await temporaryDirectory()
    await writeFile(join(path, 'README'), 'mine')
    expect(await codeOf(() => Database.open(path))).toBe('not_a_database')
    const file = join(path, 'README')
    expect(await codeOf(() => Database.open(file))).toBe('not_a_database')
  })

  test('whose manifest is noise', async () => {
    const path = join(await temporaryDirectory(), 'graph.db')
    await mkdir(path)
    await writeFile(join(path, 'MANIFEST'), 'x'.repeat(1000))
    expect(['not_a_database', 'corrupt']).toContain(await codeOf(() => Database.open(path)))
  })

  test('that another one has open names the holder', async () => {
    const db = await newDatabase()
    const second = Database.open(db.path)
    await expect(second).rejects.toThrow(EngineError)
    await expect(second).rejects.toThrow(String(process.pid))
    expect(await codeOf(() => second)).toBe('locked')
  })
})

test.each<[string, unknown]>([
  ['a path of nothing', ['']],
  ['a path with a zero byte', ['a\0b']],
  ['a path that is no text', [5]],
  ['an unknown option', ['graph.db', { sync: true }]],
  ['a third durability', ['graph.db', { durability: 'none' }]],
  ['a limit of 0', ['graph.db', { memtableBytesMax: 0 }]],
  ['a flag that is no flag', ['graph.db', { readOnly: 1 }]],
  ['an unknown unit', ['graph.db', { timeUnit: 'ns' }]],
])('opening with %s is refused', async (_, args) => {
  // Wrong on purpose.
  const [path, options] = args as [string, object]
  expect(await codeOf(() => Database.open(path, options))).toBe('invalid')
})
