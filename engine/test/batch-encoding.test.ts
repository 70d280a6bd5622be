import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Batch } from '../lib/batch.ts'
import { EngineError, type EngineErrorCode } from '../lib/errors.ts'
import type { HyperedgeInput } from '../lib/hyperedges.ts'
import { callsLayout, WireReader } from './_wire.ts'

const context = { layout: callsLayout(), timeUnit: 'ms' as const }
const never = 2n ** 63n - 1n

function readerOf(
  batch: Batch,
  baseSeq?: number,
): { count: number; base: bigint; wire: WireReader } {
  const wire = new WireReader(batch.bytes(baseSeq))
  expect(wire.u32()).toBe(0x3142_4748)
  return { count: wire.u32(), base: wire.u64(), wire }
}

function insertedRows(rows: readonly HyperedgeInput[]) {
  const batch = new Batch()
  batch.insert(rows, context)
  const { wire } = readerOf(batch)
  expect([wire.u8(), wire.u32()]).toEqual([1, 7])
  const read = wire.rows()
  expect(wire.isAtEnd).toBe(true)
  return read
}

function codeOf(work: () => unknown): EngineErrorCode | undefined {
  try {
    work()
  } catch (error) {
    return error instanceof EngineError ? error.code : undefined
  }
  return undefined
}

test('of a long list of labels a small batch has those that it uses', () => {
  const batch = new Batch()
  const names = Array.from({ length: 300 }, (_, place) => `label ${place}`)
  const codes = new Uint32Array([200, 0, 7, 200])
  const columns = {
    at: new Float64Array(4),
    memberOffsets: new Uint32Array([0, 1, 2, 3, 4]),
    members: new Uint32Array(4),
    label: { names, codes },
  }
  batch.insertColumns(columns, context)
  const { wire } = readerOf(batch)
  expect([wire.u8(), wire.u32()]).toEqual([1, 7])
  expect(wire.rows().label).toEqual(['label 199', null, 'label 6', 'label 199'])
  expect(wire.isAtEnd).toBe(true)
  expect(batch.bytes().length).toBeLessThan(200)
  codes[3] = 301
  expect(codeOf(() => batch.insertColumns(columns, context))).toBe('invalid')
})

test('an array that says nothing of its bytes is refused, and the rest of its batch stays', () => {
  const columns = (amt: Float64Array) => ({
    at: new Float64Array(2),
    memberOffsets: new Uint32Array([0, 1, 2]),
    members: new Uint32Array([1, 2]),
    props: { amt },
  })
  const good = columns(new Float64Array([1, 2]))
  const bad = columns(Object.setPrototypeOf(new Float64Array([1, 2]), { length: 2 }))
  const batch = new Batch()
  batch.insertColumns(good, context)
  expect(codeOf(() => batch.insertColumns(bad, context))).toBe('too_large')
  batch.insertColumns(good, context)
  const wanted = new Batch()
  wanted.insertColumns(good, context)
  wanted.insertColumns(good, context)
  expect(batch.bytes()).toEqual(wanted.bytes())
})

test('a text is no list of labels, however long', () => {
  const columns = {
    at: new Float64Array(1),
    memberOffsets: new Uint32Array([0, 1]),
    members: new Uint32Array(1),
    label: { names: 'abc' as unknown as readonly string[], codes: new Uint32Array([1]) },
  }
  expect(codeOf(() => new Batch().insertColumns(columns, context))).toBe('invalid')
})

test('a hyperedge keeps the order of its members, their roles, and all that it was given', () => {
  const rows = insertedRows([
    {
      at: 1,
      until: 2000n,
      members: ['ann', 7, { node: 'bob', role: 'host' }],
      weight: 2.5,
      label: 'meets',
      key: 'k1',
      props: { amt: 3, kind: 'ü', flag: true, count: -5n, seen: new Date(5) },
    },
    { at: 0.001, members: { guest: ['bob'], host: [2n ** 64n - 1n] } },
  ])
  expect(rows.at).toEqual([1000n, 1n])
  expect(rows.until).toEqual([2000n, never])
  expect(rows.weight).toEqual([2.5, 1])
  expect(rows.label).toEqual(['meets', null])
  expect(rows.members).toEqual([
    ['ann', 7n, 'bob'],
    ['bob', 2n ** 64n - 1n],
  ])
  expect(rows.roles).toEqual([null, null, 'host', 'guest', 'host'])
  expect(rows.key).toEqual(['k1', ''])
  expect(rows.props).toEqual([
    { property: 2, type: 3, present: [1, 0], values: [3, 0] },
    { property: 3, type: 4, present: [1, 0], values: ['ü', ''] },
    { property: 0, type: 1, present: [1, 0], values: [1n, 0n] },
    { property: 1, type: 2, present: [1, 0], values: [-5n, 0n] },
    { property: 4, type: 5, present: [1, 0], values: [5000n, 0n] },
  ])
})

test('what no hyperedge gives is not written', () => {
  const rows = insertedRows([{ at: 0, members: [1, 2] }])
  expect(rows).toMatchObject({ n: 1, members: [[1n, 2n]] })
  for (const field of ['until', 'weight', 'label', 'roles', 'key', 'props'] as const) {
    expect(rows[field]).toBeUndefined()
  }
})

test('any members come out as they went in', () => {
  const node = fc.oneof(
    fc.nat(),
    fc.maxSafeNat(),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.string({ minLength: 1, unit: 'grapheme' }),
  )
  const members = fc.array(node, { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.array(members, { minLength: 1, maxLength: 30 }), (lists) => {
      const rows = insertedRows(lists.map((list) => ({ at: 0, members: list })))
      const wide = lists.map((list) =>
        list.map((one) => (typeof one === 'number' ? BigInt(one) : one)),
      )
      expect(rows.members).toEqual(wide)
    }),
  )
})

test('a batch grows past its first buffer', () => {
  const rows = insertedRows(
    Array.from({ length: 5000 }, (_, at) => ({ at, members: [`node ${at}`], key: `key ${at}` })),
  )
  expect(rows.members[4999]).toEqual(['node 4999'])
  expect(rows.key?.[4999]).toBe('key 4999')
})

test('columns are written as rows are', () => {
  const byColumns = new Batch()
  const rowCount = byColumns.insertColumns(
    {
      at: new Float64Array([1, 2]),
      memberOffsets: new Uint32Array([0, 1, 3]),
      members: { keys: ['ann', 9], index: new Uint32Array([0, 1, 0]) },
      roles: [null, 'host', 'guest'],
      weight: new Float64Array([1, 0.5]),
      label: ['a', null],
      key: [null, 'k'],
      until: new Float64Array([Number.NaN, 5]),
      props: { amt: new Float64Array([1, 2]), kind: [null, 'x'] },
    },
    context,
  )
  const { wire } = readerOf(byColumns)
  expect([wire.u8(), wire.u32()]).toEqual([1, 7])
  expect(rowCount).toBe(2)
  expect(wire.rows()).toEqual({
    n: 2,
    at: [1000n, 2000n],
    until: [never, 5000n],
    weight: [1, 0.5],
    label: ['a', null],
    members: [['ann'], [9n, 'ann']],
    roles: [null, 'host', 'guest'],
    key: ['', 'k'],
    props: [
      { property: 2, type: 3, present: undefined, values: [1, 2] },
      { property: 3, type: 4, present: [0, 1], values: ['', 'x'] },
    ],
  })
})

test('a transaction that began with nothing has a base, other commits have none', () => {
  expect(readerOf(new Batch(), 0).base).toBe(1n)
  expect(readerOf(new Batch()).base).toBe(0n)
})

test('changes that give different fields go as operations of one commit', () => {
  const batch = new Batch()
  batch.update([5, 6, 7], [{ label: 'x' }, { props: { amt: null } }, { label: null }], context)
  batch.delete([8], context.layout)
  const { count, base, wire } = readerOf(batch, 41)
  expect([count, base]).toEqual([3, 42n])
  expect([wire.u8(), wire.u32(), ...wire.aligned(wire.u32(), () => wire.u64())]).toEqual([
    2,
    7,
    5n,
    7n,
  ])
  expect(wire.rows().label).toEqual(['x', null])
  expect([wire.u8(), wire.u32(), ...wire.aligned(wire.u32(), () => wire.u64())]).toEqual([2, 7, 6n])
  expect(wire.rows().props).toEqual([{ property: 2, type: 3, present: [0], values: [0] }])
  expect([wire.u8(), wire.u32(), ...wire.aligned(wire.u32(), () => wire.u64())]).toEqual([3, 7, 8n])
  expect(wire.isAtEnd).toBe(true)
})

test('a property that a change does not give is unchanged', () => {
  const batch = new Batch()
  batch.update([1, 2], [{ props: { amt: 1 } }, { props: { kind: null } }], context)
  const { wire } = readerOf(batch)
  wire.u8()
  wire.u32()
  wire.aligned(wire.u32(), () => wire.u64())
  expect(wire.rows().props?.map(({ present }) => present)).toEqual([
    [1, 2],
    [2, 0],
  ])
})

test('an operation that fails leaves the batch as it was', () => {
  const batch = new Batch()
  batch.insert([{ at: 0, members: [1] }], context)
  const before = batch.bytes().slice()
  expect(() => batch.insert([{ at: 0, members: [] }], context)).toThrow('members must not be empty')
  expect(batch.bytes()).toEqual(before)
})

describe('refused before anything is sent', () => {
  const good = { at: 0, members: [1] }
  test.each<[string, unknown, EngineErrorCode]>([
    ['no members', { at: 0 }, 'invalid'],
    ['an empty list of members', { at: 0, members: [] }, 'invalid'],
    ['members of all roles empty', { at: 0, members: { host: [] } }, 'invalid'],
    ['more members than the table allows', { at: 0, members: [1, 2, 3, 4, 5, 6] }, 'too_large'],
    ['a negative node id', { at: 0, members: [-1] }, 'invalid'],
    ['a fractional node id', { at: 0, members: [1.5] }, 'invalid'],
    ['a node id of 2^53', { at: 0, members: [2 ** 53] }, 'invalid'],
    ['a node id of 2^64', { at: 0, members: [2n ** 64n] }, 'invalid'],
    ['a node id of NaN', { at: 0, members: [Number.NaN] }, 'invalid'],
    ['a node id of null', { at: 0, members: [null] }, 'invalid'],
    ['an empty node id', { at: 0, members: [''] }, 'invalid'],
    ['half a surrogate pair', { at: 0, members: ['\ud800'] }, 'invalid'],
    ['a role that is no string', { at: 0, members: [{ node: 1, role: 5 }] }, 'invalid'],
    ['roles of another length', { at: 0, members: [1], roles: ['a', 'b'] }, 'invalid'],
    ['no instant', { members: [1] }, 'invalid'],
    ['an instant of NaN', { at: Number.NaN, members: [1] }, 'invalid'],
    ['an instant out of range', { at: 2n ** 63n, members: [1] }, 'invalid'],
    ['an end before the start', { ...good, until: -1 }, 'invalid'],
    ['an infinite weight', { ...good, weight: Number.POSITIVE_INFINITY }, 'invalid'],
    ['a weight that is no number', { ...good, weight: '1' }, 'invalid'],
    ['a label that is no string', { ...good, label: 1 }, 'invalid'],
    ['an empty key', { ...good, key: '' }, 'invalid'],
    ['a long key', { ...good, key: 'k'.repeat(256) }, 'too_large'],
    ['an unknown property', { ...good, props: { nope: 1 } }, 'not_found'],
    ['a string for a float', { ...good, props: { amt: '1' } }, 'type_mismatch'],
    ['a number for a string', { ...good, props: { kind: 1 } }, 'type_mismatch'],
    ['a number for a bool', { ...good, props: { flag: 1 } }, 'type_mismatch'],
    ['a fraction for an integer', { ...good, props: { count: 1.5 } }, 'type_mismatch'],
    ['an integer beyond 64 bits', { ...good, props: { count: 2n ** 63n } }, 'invalid'],
    ['a float of NaN', { ...good, props: { amt: Number.NaN } }, 'invalid'],
    ['a hyperedge that is none', 5, 'invalid'],
  ])('%s', (_, row, code) => {
    // Wrong on purpose.
    expect(codeOf(() => new Batch().insert([row as HyperedgeInput], context))).toBe(code)
  })

  test.each([
    ['memberOffsets too short', { memberOffsets: new Uint32Array([0]) }],
    ['memberOffsets past the members', { memberOffsets: new Uint32Array([0, 9]) }],
    ['an index past the keys', { members: { keys: [1], index: new Uint32Array([1]) } }],
    ['a weight of NaN', { weight: new Float64Array([Number.NaN]) }],
    ['instants of another kind', { at: [1] }],
    ['roles of another length', { roles: ['a', 'b'] }],
    ['a label column of another length', { label: [] }],
  ])('in columns, %s', (_, change) => {
    const columns = {
      at: new Float64Array([1]),
      memberOffsets: new Uint32Array([0, 1]),
      members: new Uint32Array([5]),
      ...change,
    }
    // Wrong on purpose.
    expect(codeOf(() => new Batch().insertColumns(columns as never, context))).toBe('invalid')
  })
})
