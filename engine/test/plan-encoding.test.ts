import { expect, test } from 'vitest'
import { ByteWriter } from '../lib/byte-writer.ts'
import { EngineError, type EngineErrorCode } from '../lib/errors.ts'
import type { Filter } from '../lib/filter.ts'
import * as plans from '../lib/plans.ts'
import { Catalog } from '../lib/schema.ts'
import type { Selection } from '../lib/selection.ts'
import { callsLayout, WireReader } from './_wire.ts'

const context = { layout: callsLayout(), timeUnit: 'ms' as const }
const lowest = -(2n ** 63n)
const highest = 2n ** 63n - 1n

function written<Plan>(
  write: (writer: ByteWriter, plan: Plan, at: typeof context) => void,
  plan: Plan,
) {
  const writer = new ByteWriter()
  write(writer, plan, context)
  const wire = new WireReader(writer.bytes().slice())
  expect(wire.u32()).toBe(0x3150_4748)
  const header = {
    kind: wire.u8(),
    rows: wire.u32(),
    bytes: wire.u64(),
    examined: wire.u64(),
    frontier: wire.u32(),
    deadline: wire.i64(),
  }
  return { header, wire }
}

function selectionOf(selection: Selection) {
  return written(plans.writeFind, selection).wire.selection()
}

function filterOf(where: Filter): unknown {
  return selectionOf({ where }).filter
}

function codeOf(work: () => unknown): EngineErrorCode | undefined {
  try {
    work()
  } catch (error) {
    return error instanceof EngineError ? error.code : undefined
  }
  return undefined
}

test('columns are those of this plan, whatever the one before asked for', () => {
  const asked: (string | { property: string })[] = ['id', 'at', 'amt', 'members']
  const read = () => {
    const { wire } = written(plans.writeFind, { columns: asked })
    wire.selection()
    wire.u8()
    return wire.many(wire.u16(), () => wire.column())
  }
  expect([read(), read()]).toEqual(Array(2).fill(['1/0', '2/0', '10/2', '7/0']))
  asked[1] = 'seq'
  expect(read()).toEqual(['1/0', '11/0', '10/2', '7/0'])
  asked[1] = { property: 'kind' }
  expect([read(), read()]).toEqual(Array(2).fill(['1/0', '10/3', '10/2', '7/0']))
  asked.push('label')
  expect(read()).toEqual(['1/0', '10/3', '10/2', '7/0', '5/0'])
  asked[1] = 'nope'
  expect(codeOf(read)).toBe('not_found')
})

test('columns that a getter names are remembered by what it said when they were written', () => {
  const read = (columns: string[]) => {
    const { wire } = written(plans.writeFind, { columns })
    wire.selection()
    wire.u8()
    return wire.many(wire.u16(), () => wire.column())
  }
  read(['id', 'at', 'amt', 'members'])
  let reads = 0
  const changing = ['', 'at', 'amt']
  Object.defineProperty(changing, 0, { get: () => (reads++ === 0 ? 'seq' : 'id') })
  expect(read(changing)).toEqual(['11/0', '2/0', '10/2'])
  expect(read(['id', 'at', 'amt'])).toEqual(['1/0', '2/0', '10/2'])
})

test('a find of everything asks for all columns and sets no limit', () => {
  const { header, wire } = written(plans.writeFind, {})
  expect(header).toEqual({ kind: 1, rows: 0, bytes: 0n, examined: 0n, frontier: 0, deadline: 0n })
  expect(wire.selection()).toEqual({
    table: 7,
    from: lowest,
    to: highest,
    validAt: undefined,
    ids: [],
    keys: [],
    members: [],
    atLeast: 1,
    filter: undefined,
  })
  expect(wire.u8()).toBe(0)
  const columns = wire.many(wire.u16(), () => wire.column())
  expect(columns.slice(0, 8)).toEqual(['1/0', '2/0', '3/0', '4/0', '5/0', '7/0', '8/0', '9/0'])
  expect(columns.slice(8)).toEqual(['10/0', '10/1', '10/2', '10/3', '10/4'])
  expect([wire.text(), wire.isAtEnd]).toEqual(['', true])
})

test('a find carries what it is given', () => {
  const { header, wire } = written(plans.writeFind, {
    from: '1970-01-01T00:00:01Z',
    to: 2n,
    validAt: new Date(3),
    ids: [1, 2 ** 53 - 1],
    keys: ['k'],
    limit: 10,
    maxBytes: 2 ** 40,
    maxExamined: 7,
    deadlineMs: 1.5,
    newestFirst: true,
    columns: ['amt', 'seq', { property: 'kind' }],
    cursor: 'AQL_',
  })
  expect(header).toMatchObject({ rows: 10, bytes: 2n ** 40n, examined: 7n, deadline: 1500n })
  expect(wire.selection()).toMatchObject({
    from: 1_000_000n,
    to: 2n,
    validAt: 3000n,
    ids: [1n, 2n ** 53n - 1n],
    keys: ['k'],
  })
  expect(wire.u8()).toBe(1)
  expect(wire.many(wire.u16(), () => wire.column())).toEqual(['10/2', '11/0', '10/3'])
  expect(wire.many(wire.u32(), () => wire.u8())).toEqual([1, 2, 255])
})

test('a table with the most properties is read whole unless told otherwise', () => {
  const properties = Array.from({ length: 1024 }, (_, at) => ({ name: `p${at}`, type: 2 }))
  const table = { id: 7, name: 'wide', properties, indexes: [], ttl: null, history: null }
  const layout = new Catalog(
    JSON.stringify({ version: 1, tables: [{ ...table, arityMax: 5 }] }),
  ).find('wide')
  if (layout === undefined) throw new Error('no table')
  const wide = { layout, timeUnit: 'ms' as const }
  const names = properties.map(({ name }) => name)
  for (const asked of [{}, { columns: names }]) {
    const { wire } = written((writer, plan) => plans.writeFind(writer, plan, wide), asked)
    wire.selection()
    wire.u8()
    const found = wire.many(wire.u16(), () => wire.column())
    expect(found.slice(-1024)).toEqual(properties.map((_, at) => `10/${at}`))
    expect([wire.text(), wire.isAtEnd]).toEqual(['', true])
    const nodes = written((writer, plan) => plans.writeNodesPlan(writer, plan, wide), asked)
    expect([nodes.wire.u32(), nodes.wire.u8()]).toEqual([0, 0])
    expect(nodes.wire.many(nodes.wire.u16(), () => nodes.wire.column())).toHaveLength(1024)
    expect([nodes.wire.text(), nodes.wire.isAtEnd]).toEqual(['', true])
  }
  const tooMany = Array.from({ length: 65_536 }, () => 'p0')
  expect(codeOf(() => plans.writeFind(new ByteWriter(), { columns: tooMany }, wide))).toBe(
    'invalid',
  )
})

test('members are one, all, any, at least so many, or exactly some', () => {
  const parts = (selection: Selection) => {
    const { members, atLeast, filter } = selectionOf(selection)
    return [members, atLeast, filter]
  }
  const two = [
    ['ann', undefined],
    [7n, 'host'],
  ]
  const terms = ['ann', { node: 7, role: 'host' }]
  expect(parts({ members: 'ann' })).toEqual([[['ann', undefined]], 1, undefined])
  expect(parts({ members: { node: 7, role: 'host' } })).toEqual([[[7n, 'host']], 1, undefined])
  expect(parts({ members: { any: terms } })).toEqual([two, 1, undefined])
  expect(parts({ members: { all: terms } })).toEqual([two, 2, undefined])
  expect(parts({ members: { atLeast: 2, of: terms } })).toEqual([two, 2, undefined])
  expect(parts({ members: { exactly: terms } })).toEqual([two, 2, ['6/0', 1, 2n]])
  expect(parts({ members: { exactly: terms }, where: { column: 'label', eq: 'x' } })).toEqual([
    two,
    2,
    {
      and: [
        ['6/0', 1, 2n],
        ['5/0', 1, 'x'],
      ],
    },
  ])
})

test('conditions nest, and compare by the type of their column', () => {
  expect(filterOf({ column: 'amt', gte: 3, lt: 5 })).toEqual({
    and: [
      ['10/2', 6, 3],
      ['10/2', 3, 5],
    ],
  })
  expect(filterOf({ column: 'count', eq: 1.5 })).toEqual(['10/1', 1, 1.5])
  expect(filterOf({ column: 'count', in: [1, 2n] })).toEqual(['10/1', 7, 1n, 2n])
  expect(filterOf({ column: 'flag', ne: true })).toEqual(['10/0', 2, 1n])
  expect(filterOf({ column: 'seen', gt: '1970-01-02' })).toEqual(['10/4', 5, 86_400_000_000n])
  expect(filterOf({ column: 'kind', prefix: 'a' })).toEqual(['10/3', 10, 'a'])
  expect(filterOf({ column: 'kind', eq: null })).toEqual(['10/3', 8])
  expect(filterOf({ column: 'kind', isNull: false })).toEqual(['10/3', 9])
  const inner = { column: 'arity', lte: 2 } as const
  expect(filterOf({ or: [{ not: inner }, { and: [inner] }] })).toEqual({
    or: [{ not: ['6/0', 4, 2n] }, { and: [['6/0', 4, 2n]] }],
  })
})

test('an aggregate carries its groups, measures and the greatest asked for', () => {
  const { header, wire } = written(plans.writeAggregate, {
    groupBy: [{ bucketMs: 60_000, origin: 5 }, 'node', 'role', { property: 'kind' }],
    measures: { n: 'count', total: { sum: 'weight' }, who: { distinct: 'members' } },
    top: { by: 'total', count: 3 },
  })
  expect(header.kind).toBe(2)
  wire.selection()
  expect([wire.u8(), wire.u8(), wire.i64(), wire.i64()]).toEqual([4, 1, 60_000_000n, 5000n])
  expect([wire.u8(), wire.u8(), wire.u8(), wire.u16()]).toEqual([2, 3, 5, 3])
  expect([wire.u8(), wire.u8()]).toEqual([3, 1])
  expect([wire.u8(), wire.column(), wire.u8(), wire.column()]).toEqual([2, '4/0', 6, '7/0'])
  expect([wire.u8(), wire.u32(), wire.u32(), wire.isAtEnd]).toEqual([1, 1, 3, true])
})

test('walks, paths, joins and nodes carry what they are given', () => {
  const walk = written(plans.writeExpand, {
    seeds: ['ann', 2n ** 63n],
    hops: 3,
    order: 'any',
    toRole: 'host',
    maxFrontier: 9,
  })
  expect(walk.header).toMatchObject({ kind: 3, frontier: 9 })
  walk.wire.selection()
  expect(walk.wire.many(walk.wire.u32(), () => walk.wire.node())).toEqual(['ann', 2n ** 63n])
  expect([walk.wire.u32(), walk.wire.u8()]).toEqual([3, 1])
  const role = () => walk.wire.text()
  expect([walk.wire.optional(role), walk.wire.optional(role)]).toEqual([undefined, 'host'])
  expect(walk.wire.isAtEnd).toBe(true)

  const path = written(plans.writePath, { seed: 1, target: 2 }).wire
  path.selection()
  expect([path.u32(), path.node(), path.u32(), path.u8()]).toEqual([1, 1n, 255, 3])
  expect([path.u8(), path.u8(), path.node(), path.isAtEnd]).toEqual([0, 0, 2n, true])

  const sides = { left: context, right: context }
  const join = written((writer, plan: plans.JoinPlan) => plans.writeJoin(writer, plan, sides), {
    left: {},
    right: { from: 0 },
    withinMs: 2,
    rightRole: 'r',
  }).wire
  join.selection()
  expect(join.selection().from).toBe(0n)
  expect([join.i64(), join.i64(), join.u32()]).toEqual([-2000n, 2000n, 1])
  expect([join.u8(), join.optional(() => join.text()), join.isAtEnd]).toEqual([0, 'r', true])

  const nodes = written(plans.writeNodesPlan, { nodes: ['x'], columns: ['amt'] }).wire
  expect(nodes.many(nodes.u32(), () => nodes.node())).toEqual(['x'])
  expect([nodes.u8(), nodes.u16(), nodes.column(), nodes.u32(), nodes.isAtEnd]).toEqual([
    0,
    1,
    '10/2',
    0,
    true,
  ])
})

test('a filter nested too deeply is refused rather than followed', () => {
  let filter: Filter = { column: 'amt', eq: 1 }
  for (let depth = 0; depth < 70; depth++) filter = { not: filter }
  expect(codeOf(() => filterOf(filter))).toBe('invalid')
})

test.each<[string, unknown, EngineErrorCode]>([
  ['a limit of 0', { limit: 0 }, 'invalid'],
  ['a fractional limit', { limit: 1.5 }, 'invalid'],
  ['a deadline of 0', { deadlineMs: 0 }, 'invalid'],
  ['a deadline of NaN', { deadlineMs: Number.NaN }, 'invalid'],
  ['an unknown column', { columns: ['nope'] }, 'not_found'],
  ['columns that are no array', { columns: 'id' }, 'invalid'],
  ['a cursor of other characters', { cursor: 'a b' }, 'invalid'],
  ['a cursor that is no text', { cursor: 5 }, 'invalid'],
  ['an id of NaN', { ids: [Number.NaN] }, 'invalid'],
  ['an id of 0', { ids: [0] }, 'invalid'],
  ['no ids at all', { ids: [] }, 'invalid'],
  ['a list of members without all or any', { members: ['ann'] }, 'invalid'],
  ['all of none', { members: { all: [] } }, 'invalid'],
  ['at least more than there are', { members: { atLeast: 2, of: [1] } }, 'invalid'],
  ['a member of NaN', { members: Number.NaN }, 'invalid'],
  ['a start out of range', { from: 1e300 }, 'invalid'],
  ['a condition on nothing', { where: {} }, 'invalid'],
  ['a condition that compares nothing', { where: { column: 'amt' } }, 'invalid'],
  ['an unknown comparison', { where: { column: 'amt', near: 3 } }, 'invalid'],
  ['a condition on members', { where: { column: 'members', eq: 'ann' } }, 'invalid'],
  ['a string against a number', { where: { column: 'amt', eq: '3' } }, 'type_mismatch'],
  ['a number against a string', { where: { column: 'kind', eq: 3 } }, 'type_mismatch'],
  ['a prefix of a number', { where: { column: 'amt', prefix: '3' } }, 'type_mismatch'],
  ['NaN', { where: { column: 'amt', eq: Number.NaN } }, 'invalid'],
  ['an empty or', { where: { or: [] } }, 'invalid'],
  ['and beside or', { where: { and: [], or: [] } }, 'invalid'],
])('a find is refused with %s', (_, plan, code) => {
  // Wrong on purpose.
  expect(codeOf(() => written(plans.writeFind, plan as plans.FindPlan))).toBe(code)
})

test.each<[string, unknown]>([
  ['no measures', { measures: {} }],
  ['an unknown measure', { measures: { n: { median: 'amt' } } }],
  ['the sum of members', { measures: { n: { sum: 'members' } } }],
  ['five keys', { groupBy: ['node', 'role', 'label', 'label', 'label'], measures: { n: 'count' } }],
  ['buckets of no width', { groupBy: [{ bucketMs: 0 }], measures: { n: 'count' } }],
  ['the greatest of an unknown measure', { measures: { n: 'count' }, top: { by: 'm', count: 1 } }],
])('an aggregate is refused with %s', (_, plan) => {
  // Wrong on purpose.
  const write = () => written(plans.writeAggregate, plan as plans.AggregatePlan)
  expect(codeOf(write)).toBe('invalid')
})
