import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenVectors, openVectors } from './_vectors.ts'

let vectors: OpenVectors
beforeAll(async () => {
  vectors = await openVectors()
})
afterAll(async () => {
  await vectors[Symbol.asyncDispose]()
})

type Value = string | number | boolean
interface Row {
  readonly s?: string | string[]
  readonly n?: number | number[]
  readonly b?: boolean
  readonly o?: { readonly x: number }
  readonly mixed?: Value
}

const word = fc.constantFrom('', 'a', 'ab', 'abc', 'b', 'é', '😀', 'a'.repeat(600))
const number = fc.constantFrom(-1.5, -0, 0, 1, 2, 3, 1e300, 2 ** 40)
const row: fc.Arbitrary<Row> = fc.record(
  {
    s: fc.oneof(word, fc.array(word, { maxLength: 3 })),
    n: fc.oneof(number, fc.array(number, { maxLength: 3 })),
    b: fc.boolean(),
    o: fc.record({ x: number }),
    mixed: fc.oneof(word, number, fc.boolean()),
  },
  { requiredKeys: [] },
)

const shortWord = word.filter((text) => text.length < 500)
const leaf = fc.oneof(
  fc.record({ s: fc.record({ eq: shortWord }) }),
  fc.record({ s: fc.record({ ne: shortWord }) }),
  fc.record({ s: fc.record({ prefix: shortWord }) }),
  fc.record({ s: fc.record({ in: fc.array(shortWord, { maxLength: 12 }) }) }),
  fc.record({ s: fc.record({ gte: shortWord, lt: shortWord }) }),
  fc.record({ s: shortWord, b: fc.boolean() }),
  fc.record({ n: fc.record({ eq: number }) }),
  fc.record({ n: fc.record({ in: fc.array(number, { maxLength: 4 }) }) }),
  fc.record({ n: fc.record({ gt: number }) }),
  fc.record({ n: fc.record({ gte: number, lte: number }) }),
  fc.record({ 'o.x': fc.record({ lt: number }) }),
  fc.record({ b: fc.boolean() }),
  fc.record({ mixed: fc.record({ eq: fc.oneof(shortWord, number, fc.boolean()) }) }),
  fc.record({ mixed: fc.record({ exists: fc.boolean() }) }),
)
const { filter } = fc.letrec((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.record({ and: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
  ),
}))

/** The plain meaning of a filter, value by value. */
function matches(row: Row, filter: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(filter).every(([name, condition]) => {
    const parts = condition as Readonly<Record<string, unknown>>[]
    if (name === 'and') return parts.every((part) => matches(row, part))
    if (name === 'or') return parts.some((part) => matches(row, part))
    if (name === 'not') return !matches(row, condition as Readonly<Record<string, unknown>>)
    const values = valuesOf(row, name)
    if (typeof condition !== 'object') return values.some((value) => same(value, condition))
    return Object.entries(condition as object).every(([operator, operand]) =>
      holds(values, operator, operand),
    )
  })
}

function valuesOf(row: Row, name: string): Value[] {
  const value = name === 'o.x' ? row.o?.x : (row as Record<string, unknown>)[name]
  if (value === undefined) return []
  return (Array.isArray(value) ? value : [value]) as Value[]
}

const same = (one: Value, other: unknown) => one === other

function holds(values: readonly Value[], operator: string, operand: unknown): boolean {
  const compare = (test: (value: Value) => boolean) =>
    values.some((value) => typeof value === typeof operand && test(value))
  switch (operator) {
    case 'eq':
      return values.some((value) => same(value, operand))
    case 'ne':
      return !values.some((value) => same(value, operand))
    case 'in':
      return values.some((value) => (operand as Value[]).some((each) => same(value, each)))
    case 'exists':
      return values.length > 0 === operand
    case 'prefix':
      return values.some((value) => typeof value === 'string' && value.startsWith(String(operand)))
    case 'lt':
      return compare((value) => value < (operand as Value))
    case 'lte':
      return compare((value) => value <= (operand as Value))
    case 'gt':
      return compare((value) => value > (operand as Value))
    default:
      return compare((value) => value >= (operand as Value))
  }
}

test('a filter lets through what its plain meaning does, also what came after it was first asked', async () => {
  const every = [{ s: 'a', n: 1, b: true, o: { x: 1 }, mixed: 1 }]
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 60 }),
      fc.array(row, { maxLength: 40 }),
      fc.array(filter, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(99), { maxLength: 10 }),
      async (first, second, filters, gone) => {
        await vectors.call('PUT', '/f', { dimension: 1, metric: 'l2' })
        const rows = [...every, ...first]
        const write = (from: number, all: readonly Row[]) =>
          vectors.call('POST', '/f/points', {
            points: all.map((metadata, index) => ({ id: from + index, vector: [index], metadata })),
          })
        await write(0, rows)
        const check = async (dead: readonly number[]) => {
          for (const each of filters) {
            const given = each as Readonly<Record<string, unknown>>
            const expected = rows.flatMap((one, id) =>
              matches(one, given) && !dead.includes(id) ? [id] : [],
            )
            const { points } = await vectors.call<{ points: { id: number }[] }>(
              'POST',
              '/f/scroll',
              { filter: given, limit: 1000 },
            )
            expect(points.map(({ id }) => id)).toEqual(expected)
            const search = { vector: [0], k: 1000, filter: given }
            const { hits } = await vectors.call<{ hits: { id: number }[] }>(
              'POST',
              '/f/search',
              search,
            )
            expect(hits.map(({ id }) => id).toSorted((one, other) => one - other)).toEqual(expected)
            const counted = await vectors.call('POST', '/f/count', { filter: given })
            expect(counted).toEqual({ count: expected.length })
          }
        }
        await check([])
        if (second.length > 0) await write(rows.length, second)
        rows.push(...second)
        await vectors.call('POST', '/f/points/delete', { ids: [...gone, 'none'] })
        await check(gone)
        await vectors.call('DELETE', '/f')
      },
    ),
    { numRuns: 40 },
  )
}, 120_000)

test('dates are compared as instants, whatever their offset', async () => {
  await vectors.call('PUT', '/dates', { dimension: 1, metric: 'l2', fields: { at: 'datetime' } })
  const dates = [
    '2024-01-01',
    '2024-01-01T02:00:00+02:00',
    '2024-06-01T12:00:00.5Z',
    '2023-12-31T23:59:59Z',
  ]
  const points = dates.map((at, id) => ({ id, vector: [id], metadata: { at } }))
  await vectors.call('POST', '/dates/points', { points })
  const count = (at: object) => vectors.call('POST', '/dates/count', { filter: { at } })
  expect(await count({ eq: '2024-01-01T00:00:00Z' })).toEqual({ count: 2 })
  expect(await count({ gte: '2024-01-01' })).toEqual({ count: 3 })
  expect(await count({ lt: '2024-01-01' })).toEqual({ count: 1 })
  expect(await vectors.call('POST', '/dates/facet', { field: 'at', limit: 1 })).toEqual({
    values: [{ value: '2024-01-01T00:00:00.000Z', count: 2 }],
  })
})

test('a field that an object would have by itself is an ordinary one', async () => {
  await vectors.call('PUT', '/odd', { dimension: 1, metric: 'l2' })
  const metadata = JSON.parse('{"constructor": "x", "__proto__": 1, "and": 2}')
  await vectors.call('POST', '/odd/points', { points: [{ id: 1, vector: [1], metadata }] })
  const filter = JSON.parse('{"constructor": "x", "__proto__": 1, "and": {"lt": 3}}')
  expect(await vectors.call('POST', '/odd/count', { filter })).toEqual({ count: 1 })
  await expect(vectors.call('POST', '/odd/count', { filter: { toString: 1 } })).rejects.toThrow(
    'no field "toString"',
  )
})
