import { describe, expect, test } from 'vitest'
import { Database, type Table } from '../lib/index.ts'
import { toMicros } from '../lib/instants.ts'
import { callsOf, codeOf, newDatabase } from './_database.ts'

test('a hole in a column of properties is null', async () => {
  const calls = await callsOf(await newDatabase())
  const holes = <Value>(value: Value): Value[] => {
    const column = new Array<Value>(2)
    column[1] = value
    return column
  }
  await calls.insertColumns({
    at: new Float64Array([1, 2]),
    memberOffsets: new Uint32Array([0, 1, 2]),
    members: new Uint32Array([1, 2]),
    props: {
      flag: holes(true),
      count: holes(1),
      amt: holes(1.5),
      kind: holes('x'),
      seen: holes(5),
    },
  })
  expect(calls.findSync().rows()[0]?.props).toEqual({
    flag: null,
    count: null,
    amt: null,
    kind: null,
    seen: null,
  })
})

test('properties with names that every object has are null unless given', async () => {
  const db = await newDatabase()
  const properties = { constructor: 'string', toString: 'int64', ['__proto__']: 'string' } as const
  const table = await db.createTable('odd', { properties })
  const { id } = await table.insert({ at: 1, members: [1], props: { toString: 3 } })
  await table.insert({ at: 2, members: [1], props: { constructor: 'x', ['__proto__']: 'y' } })
  const [first, second] = table.findSync().rows()
  expect(Object.entries(first?.props ?? {}).sort()).toEqual([
    ['__proto__', null],
    ['constructor', null],
    ['toString', 3],
  ])
  expect(Object.entries(second?.props ?? {}).sort()).toEqual([
    ['__proto__', 'y'],
    ['constructor', 'x'],
    ['toString', null],
  ])
  await table.update(id, { props: { constructor: 'z' } })
  expect(table.get(id)?.props?.toString).toBe(3)
})

describe('updateMany', () => {
  test('changes of one hyperedge are made in the order given', async () => {
    const calls = await callsOf(await newDatabase())
    const { ids } = await calls.insertMany([
      { at: 1, members: [1] },
      { at: 1, members: [1] },
    ])
    const [a = 0, b = 0] = ids
    await calls.updateMany([
      { id: a, weight: 1 },
      { id: b, weight: 5, label: 'five' },
      { id: a, weight: 2, label: 'two' },
      { id: b, weight: 6 },
      { id: a, weight: 3 },
    ])
    expect(calls.get(a)).toMatchObject({ weight: 3, label: 'two' })
    expect(calls.get(b)).toMatchObject({ weight: 6, label: 'five' })
  })

  test('one that cannot be encoded leaves nothing of the others in its transaction', async () => {
    const db = await newDatabase()
    const calls = await callsOf(db)
    const { id } = await calls.insert({ at: 1, members: [1] })
    await db.transaction(async (tx) => {
      const table = tx.table('calls')
      expect(await codeOf(() => table.update([id, id], { weight: Number.NaN }))).toBe('invalid')
      table.insert({ at: 2, members: [2] })
    })
    expect(calls.get(id)?.weight).toBe(1)
  })

  test('a key cannot be changed', async () => {
    const calls = await callsOf(await newDatabase())
    const { id } = await calls.insert({ at: 1, members: [1], key: 'k' })
    // Wrong on purpose.
    const change = { key: 'other', weight: 2 } as never
    expect(await codeOf(() => calls.update(id, change))).toBe('invalid')
    expect(await codeOf(() => calls.updateMany([{ id, key: 'other' } as never]))).toBe('invalid')
    expect(calls.get(id)).toMatchObject({ key: 'k', weight: 1 })
  })
})

describe('members', () => {
  test('a term given twice counts once', async () => {
    const calls = await callsOf(await newDatabase())
    await calls.insertMany([
      { at: 1, members: ['a'] },
      { at: 2, members: ['a', 7] },
      { at: 3, members: { host: ['a'], guest: [7] } },
    ])
    const at = (members: object) => [...calls.findSync({ members } as never).column('at').values]
    expect(at({ exactly: ['a', 'a'] })).toEqual([1000n])
    expect(at({ exactly: ['a', 7, 7n] })).toEqual([2000n, 3000n])
    const host = { node: 'a', role: 'host' }
    expect(at({ exactly: [host, { ...host }, 7] })).toEqual([3000n])
    expect(at({ atLeast: 2, of: ['a', 'a', 7] })).toEqual([2000n, 3000n])
    expect(at({ all: ['a', 'a'] })).toHaveLength(3)
  })

  test.each<[string, object]>([
    ['more of them than there are terms', { atLeast: 2, of: ['a', 'a'] }],
    ['a node with and without a role', { exactly: ['a', { node: 'a', role: 'host' }] }],
    ['without and with', { exactly: [{ node: 'a', role: 'host' }, 'a'] }],
    ['any with atLeast', { any: ['a', 'b'], atLeast: 2 }],
    ['two forms', { all: ['a'], any: ['b'] }],
    ['a form that there is not', { any: ['a'], none: ['b'] }],
  ])('%s is invalid', async (_, members) => {
    const calls = await callsOf(await newDatabase())
    expect(await codeOf(() => calls.findSync({ members } as never))).toBe('invalid')
  })
})

test('the least and the greatest end are null where that is never', async () => {
  const calls = await callsOf(await newDatabase())
  await calls.insertMany([
    { at: 1, members: [1] },
    { at: 1, until: 9, members: [1] },
  ])
  const measures = { min: { min: 'until' }, max: { max: 'until' } } as const
  expect(calls.aggregateSync({ measures }).rows()).toEqual([{ min: 9, max: null }])
})

test.each([
  ['a measure like a group', { groupBy: ['label'], measures: { label: 'count' } }],
  [
    'a property like a group',
    { groupBy: ['label', { property: 'label' }], measures: { n: 'count' } },
  ],
  ['a measure like a bucket', { groupBy: [{ bucketMs: 5 }], measures: { bucket: 'count' } }],
  ['a group twice', { groupBy: ['label', 'label'], measures: { n: 'count' } }],
  ['a measure like a property', { groupBy: [{ property: 'amt' }], measures: { amt: 'count' } }],
])('figures with %s are invalid', async (_, options) => {
  const db = await newDatabase()
  const table = await db.createTable('t', { properties: { label: 'string', amt: 'int64' } })
  await table.insert({ at: 1, members: [1], label: 'x' })
  expect(await codeOf(() => table.aggregateSync(options as never))).toBe('invalid')
  expect(await codeOf(() => table.aggregate(options as never))).toBe('invalid')
})

describe('a name that nothing has is invalid', () => {
  const row = { at: 1, members: [1] }
  const columns = {
    at: new Float64Array([1]),
    memberOffsets: new Uint32Array([0, 1]),
    members: new Uint32Array([1]),
  }
  const measures = { n: 'count' } as const
  const side = { table: 'calls' }
  // Each wrong on purpose.
  const label = { label: 'x' } as never
  test.each<[string, (db: Database, calls: Table) => unknown]>([
    ['in a find', (_, calls) => calls.find(label)],
    ['in a find here', (_, calls) => calls.findSync(label)],
    ['in a count', (_, calls) => calls.count(label)],
    ['in a count, which has no limit', (_, calls) => calls.count({ limit: 1 } as never)],
    ['in pages', (_, calls) => calls.pages({ limit: 1 } as never).next()],
    ['in a get', (_, calls) => calls.get(1, label)],
    ['in a get by key', (_, calls) => calls.getByKey('k', label)],
    ['in figures', (_, calls) => calls.aggregate({ measures, label: 'x' } as never)],
    ['in figures here', (_, calls) => calls.aggregateSync({ measures, groupby: [] } as never)],
    ['in a walk', (_, calls) => calls.expand({ seeds: [1], hop: 2 } as never)],
    ['in a path', (_, calls) => calls.shortestPath({ seed: 1, target: 2, hop: 2 } as never)],
    ['in an explain', (_, calls) => calls.explain(label)],
    ['in a term', (_, calls) => calls.find({ members: { node: 1, rol: 'a' } as never })],
    ['in a join', (db) => db.join({ left: side, right: side, within: 1 } as never)],
    [
      'in a side of a join',
      (db) => db.join({ left: side, right: { ...side, limit: 1 } as never, withinMs: 1 }),
    ],
    ['in a snapshot', (db) => db.snapshot({ at: 1 } as never)],
    ['in a find of nodes', (db) => db.nodes.find({ node: [1] } as never)],
    ['in a get of a node', (db) => db.nodes.get(1, { at: 1 } as never)],
    ['in a hyperedge', (_, calls) => calls.insert({ ...row, lable: 'x' } as never)],
    ['in a later hyperedge', (_, calls) => calls.insertMany([row, { ...row, tag: 1 } as never])],
    [
      'in a member',
      (_, calls) => calls.insert({ at: 1, members: [{ node: 1, rol: 'a' } as never] }),
    ],
    ['in columns', (_, calls) => calls.insertColumns({ ...columns, labels: ['x'] } as never)],
    ['in a change', (_, calls) => calls.update(1, { wieght: 2 } as never)],
    ['in a write', (_, calls) => calls.insert(row, { durable: true } as never)],
    ['in a transaction', (db) => db.transaction(() => 1, { durable: true } as never)],
    ['in a declaration', (db) => db.createTable('t', { ttl: 5 } as never)],
    ['in options of a table', (_, calls) => calls.setOptions({ ttl: 5 } as never)],
  ])('%s', async (_, work) => {
    const db = await newDatabase()
    const calls = await callsOf(db)
    await calls.insert({ ...row, key: 'k' })
    await db.nodes.declare({ age: 'int64' })
    expect(await codeOf(() => work(db, calls))).toBe('invalid')
    expect(calls.findSync().rowCount).toBe(1)
    expect(db.hasTable('t')).toBe(false)
  })

  test('a row of a result can be inserted, with all its columns', async () => {
    const calls = await callsOf(await newDatabase())
    await calls.insert({ ...row, label: 'x', props: { amt: 1 } })
    const found = calls.findSync({ columns: ['id', 'at', 'members', 'arity', 'seq'] }).rows()
    expect((await calls.insertMany([...found, ...calls.findSync().rows()])).inserted).toBe(2)
  })
})

test('node properties may be declared twice at once', async () => {
  const db = await newDatabase()
  await Promise.all([
    db.nodes.declare({ age: 'int64' }),
    db.nodes.declare({ age: 'int64', name: 'string' }),
    db.nodes.declare({ name: 'string', city: 'string' }),
  ])
  await db.nodes.set('x', { age: 1, name: 'y', city: 'z' })
  expect(db.nodes.get('x')).toEqual({ age: 1, name: 'y', city: 'z' })
  expect(await codeOf(() => db.nodes.declare({ age: 'string' }))).toBe('exists')
  const [one, other] = await Promise.allSettled([
    db.nodes.declare({ more: 'string' }),
    db.nodes.declare({ more: 'bool' }),
  ])
  expect([one.status, other.status].sort()).toEqual(['fulfilled', 'rejected'])
})

describe('what is not of the right type is invalid', () => {
  const columns = {
    at: new Float64Array([1]),
    memberOffsets: new Uint32Array([0, 1]),
    members: new Uint32Array([1]),
  }
  test.each<[string, (db: Database, calls: Table) => unknown]>([
    ['measures', (_, calls) => calls.aggregate({ measures: null as never })],
    ['measures here', (_, calls) => calls.aggregateSync({ measures: null as never })],
    ['labels', (_, calls) => calls.insertColumns({ ...columns, label: null as never })],
    ['roles', (_, calls) => calls.insertColumns({ ...columns, roles: null as never })],
    ['a role', (_, calls) => calls.insertColumns({ ...columns, roles: 5 as never })],
    ['names', (_, calls) => calls.insertColumns({ ...columns, roles: { names: null } as never })],
    ['columns', (_, calls) => calls.insertColumns({ ...columns, props: null as never })],
    ['a signal', (_, calls) => calls.find({ signal: null as never })],
    ['pages', (_, calls) => calls.pages(null as never).next()],
    ['changes', (_, calls) => calls.updateMany([null as never])],
    ['options of a table', (_, calls) => calls.setOptions(null as never)],
    ['a declaration', (db) => db.createTable('t', null as never)],
    ['a transaction', (db) => db.transaction(5 as never)],
    ['a snapshot', (db) => db.snapshot(null as never)],
    ['options of a node', (db) => db.nodes.get(1, null as never)],
    ['entries', (db) => db.nodes.setMany([null as never])],
    ['a path', () => Database.open('graph\ud800.db')],
  ])('%s', async (_, work) => {
    const db = await newDatabase()
    const calls = await callsOf(db)
    expect(await codeOf(() => work(db, calls))).toBe('invalid')
  })

  test('no options of a transaction are those of the database', async () => {
    const db = await newDatabase()
    expect((await db.transaction(() => 5, null as never)).value).toBe(5)
  })

  test('a result whose buffer was transferred says so', async () => {
    const calls = await callsOf(await newDatabase())
    await calls.insert({ at: 1, members: [1] })
    const batch = calls.findSync()
    structuredClone(batch.ids.buffer, { transfer: [batch.ids.buffer] })
    for (const read of [() => batch.truncated, () => batch.cursor, () => batch.runningMs]) {
      expect(await codeOf(read)).toBe('closed')
    }
  })
})

test('a number of time keeps its fraction where microseconds pass 2^53', () => {
  expect(toMicros(9_007_199_255_000.25, 'ms', 'at')).toBe(9_007_199_255_000_250n)
  expect(toMicros(-9_007_199_255_000.25, 'ms', 'at')).toBe(-9_007_199_255_000_250n)
  expect(toMicros(9_007_199_256.75, 's', 'at')).toBe(9_007_199_256_750_000n)
})
