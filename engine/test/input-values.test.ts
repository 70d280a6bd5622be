import { describe, expect, test } from 'vitest'
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

test('a number of time keeps its fraction where microseconds pass 2^53', () => {
  expect(toMicros(9_007_199_255_000.25, 'ms', 'at')).toBe(9_007_199_255_000_250n)
  expect(toMicros(-9_007_199_255_000.25, 'ms', 'at')).toBe(-9_007_199_255_000_250n)
  expect(toMicros(9_007_199_256.75, 's', 'at')).toBe(9_007_199_256_750_000n)
})
