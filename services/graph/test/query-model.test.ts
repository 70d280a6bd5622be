import { readEnvironment } from '@hypermesh/kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openGraph } from './_graph.ts'

// Statements made at random, run by the service and by a model that knows nothing but arrays.

type Truth = boolean | null
type Scalar = string | number | boolean | null
interface Row {
  readonly ts: number
  readonly members: readonly (string | number)[]
  readonly roles: readonly (string | null)[]
  readonly label: string | null
  readonly weight: number
  readonly n: number | null
  readonly f: number | null
  readonly s: string | null
  readonly ok: boolean | null
}
interface Condition {
  readonly text: string
  readonly test: (row: Row) => Truth
}

// SEED repeats a run.
const seed = Number(readEnvironment().SEED ?? Date.now() % 2 ** 31)
let state = seed || 1
const random = (bound: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return Math.floor((state / 2 ** 32) * bound)
}
const pick = <Value>(values: readonly Value[]): Value => values[random(values.length)] as Value
const nodes = ['ann', 'bob', 'eve', 1, 2, 3, 4] as const
const roleNames = [null, 'host', 'guest'] as const
const texts = ['', 'a', 'ab', 'b', 'é', '\u{1f600}', '\uffff'] as const
const maybe = <Value>(value: Value): Value | null => (random(4) === 0 ? null : value)

const rows: readonly Row[] = Array.from({ length: 400 }, (_, at) => {
  const members = [...new Set(Array.from({ length: 1 + random(4) }, () => pick(nodes)))]
  return {
    ts: 1000 + Math.floor(at / 3),
    members,
    roles: members.map(() => pick(roleNames)),
    label: maybe(pick(['x', 'y', 'z'])),
    weight: random(8) / 4,
    n: maybe(random(7) - 3),
    f: maybe(random(9) / 2 - 2),
    s: maybe(pick(texts)),
    ok: maybe(random(2) === 0),
  }
})

function literal(value: Scalar): string {
  if (value === null) return 'NULL'
  if (typeof value === 'string') return `'${value}'`
  return typeof value === 'boolean' ? String(value).toUpperCase() : String(value)
}

function order(left: Scalar, right: Scalar): number {
  if (typeof left === 'string' && typeof right === 'string') {
    return Buffer.compare(Buffer.from(left), Buffer.from(right))
  }
  return Number(left) - Number(right)
}

const operators: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (one) => one === 0,
  '<>': (one) => one !== 0,
  '<': (one) => one < 0,
  '<=': (one) => one <= 0,
  '>': (one) => one > 0,
  '>=': (one) => one >= 0,
}

function comparison(): Condition {
  const operator = pick(Object.keys(operators))
  const holds = operators[operator] ?? (() => false)
  const [column, read, value] = pick([
    ['event_ts', (row: Row) => row.ts, 1000 + random(140)],
    ['weight', (row: Row) => row.weight, random(8) / 4],
    ['n', (row: Row) => row.n, random(7) - 3],
    ['f', (row: Row) => row.f, random(9) / 2 - 2],
    ['s', (row: Row) => row.s, pick(texts)],
    ['label', (row: Row) => row.label, pick(['x', 'y', 'z', 'w'])],
    ['arity', (row: Row) => row.members.length, 1 + random(4)],
    ['n + h.f', (row: Row) => (row.n === null || row.f === null ? null : row.n + row.f), random(5)],
  ] as const satisfies readonly (readonly [string, (row: Row) => Scalar, Scalar])[])
  const test = (row: Row): Truth => {
    const given = read(row)
    return given === null ? null : holds(order(given, value))
  }
  const flip: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }
  if (random(3) > 0) return { text: `h.${column} ${operator} ${literal(value)}`, test }
  return { text: `${literal(value)} ${flip[operator] ?? operator} h.${column}`, test }
}

function simple(): Condition {
  const node = pick([...nodes, 'nobody', 9])
  const role = pick(['host', 'guest'])
  const list = Array.from({ length: 1 + random(3) }, () => maybe(random(7) - 3))
  return pick<() => Condition>([
    comparison,
    comparison,
    comparison,
    () => ({
      text: `${literal(node)} IN h.members`,
      test: ({ members }) => members.includes(node),
    }),
    () => ({
      text: `${literal(node)} IN h.members('${role}')`,
      test: ({ members, roles }) => members.some((one, at) => one === node && roles[at] === role),
    }),
    () => ({ text: 'h.s IS NULL', test: ({ s }) => s === null }),
    () => ({ text: 'h.label IS NOT NULL', test: ({ label }) => label !== null }),
    () => ({
      text: "h.s STARTS WITH 'a'",
      test: ({ s }) => (s === null ? null : s.startsWith('a')),
    }),
    () => ({ text: "h.s CONTAINS 'b'", test: ({ s }) => (s === null ? null : s.includes('b')) }),
    () => ({ text: 'h.ok', test: ({ ok }) => ok }),
    () => ({
      text: `h.n IN [${list.map(literal).join(', ')}]`,
      test: ({ n }) => {
        if (n === null) return null
        if (list.includes(n)) return true
        return list.includes(null) ? null : false
      },
    }),
  ])()
}

function condition(depth: number): Condition {
  const kind = depth === 0 ? 3 : random(5)
  if (kind === 0) {
    const { text, test } = condition(depth - 1)
    const negated = (row: Row): Truth => {
      const value = test(row)
      return value === null ? null : !value
    }
    return { text: `NOT (${text})`, test: negated }
  }
  if (kind > 2) return simple()
  const parts = Array.from({ length: 2 + random(2) }, () => condition(depth - 1))
  const decisive = kind === 1
  const test = (row: Row): Truth => {
    const values = parts.map((part) => part.test(row))
    if (values.includes(decisive)) return decisive
    return values.includes(null) ? null : !decisive
  }
  return { text: `(${parts.map(({ text }) => text).join(decisive ? ' OR ' : ' AND ')})`, test }
}

let graph: Awaited<ReturnType<typeof openGraph>>
const run = (query: string, more: object = {}) =>
  graph.call<{ rows: unknown[][]; next_cursor: string | null }>('POST', '/db/query', {
    ...{ query, limit: 10_000 },
    ...more,
  })

beforeAll(async () => {
  graph = await openGraph()
  await graph.call('PUT', '/db')
  await run(
    'CREATE HYPEREDGE TABLE H () PROPERTIES (place INTEGER, n INTEGER, f REAL, s STRING, ok BOOLEAN)',
  )
  await run('CREATE INDEX ON H (n)')
  await run('CREATE INDEX ON H (label, s)')
  const insert = async (from: number, to: number) => {
    const query =
      'INSERT INTO H (event_ts, members, roles, label, weight, place, n, f, s, ok) VALUES '
    const values = rows.slice(from, to).map(({ ts, members, roles, label, ...row }, at) => {
      const lists = [members, roles].map((list) => `[${list.map(literal).join(', ')}]`)
      const rest = [label, row.weight, from + at, row.n, row.f, row.s, row.ok].map(literal)
      return `(${[ts, ...lists, ...rest].join(', ')})`
    })
    await run(query + values.join(', '))
  }
  // A part in segments, the rest in memory.
  await insert(0, 250)
  await graph.call('POST', '/db/compact')
  await insert(250, rows.length)
})
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
})

test(`150 conditions select what the model selects, whole and in pages: seed ${seed}`, async () => {
  for (let round = 0; round < 150; round++) {
    const { text, test } = condition(3)
    const query = `MATCH HYPEREDGE (h:H) WHERE ${text} RETURN h.place`
    const expected = rows.flatMap((row, at) => (test(row) === true ? [at] : []))
    const context = `seed ${seed}, round ${round}: ${query}`
    expect((await run(query)).rows.flat(), context).toEqual(expected)
    const limit = 1 + random(60)
    const paged: unknown[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof run>> = await run(query, {
        limit,
        ...(cursor === null ? {} : { cursor }),
      })
      expect(page.rows.length, context).toBeLessThanOrEqual(limit)
      paged.push(...page.rows.flat())
      cursor = page.next_cursor
    } while (cursor !== null)
    expect(paged, context).toEqual(expected)
  }
})

test(`100 figures by group are the model's: seed ${seed}`, async () => {
  const keys = [
    ['h.label', (row: Row) => row.label],
    ['h.n', (row: Row) => row.n],
    ['h.s', (row: Row) => row.s],
    ['h.ok', (row: Row) => row.ok],
    ['h.arity', (row: Row) => row.members.length],
  ] as const
  const figures =
    'count(*), count(h.n), sum(h.n), min(h.f), max(h.s), avg(h.f), count(DISTINCT h.n), sum(h.f)'
  for (let round = 0; round < 100; round++) {
    const { text, test } = condition(2)
    const chosen = [...new Set([pick(keys), pick(keys)])].slice(0, random(3))
    const names = chosen.map(([name]) => name)
    const query = `MATCH HYPEREDGE (h:H) WHERE ${text} RETURN ${[...names, figures].join(', ')}`
    const groups = new Map<string, Row[]>(chosen.length === 0 ? [['[]', []]] : [])
    for (const row of rows.filter((one) => test(one) === true)) {
      const key = JSON.stringify(chosen.map(([, read]) => read(row)))
      groups.set(key, [...(groups.get(key) ?? []), row])
    }
    const expected = [...groups].map(([key, of]) => [...JSON.parse(key), ...figuresOf(of)])
    const sorted = (all: unknown[][]) => all.map((one) => JSON.stringify(one)).sort()
    expect(sorted((await run(query)).rows), `seed ${seed}, round ${round}: ${query}`).toEqual(
      sorted(expected),
    )
  }
})

function figuresOf(of: readonly Row[]): Scalar[] {
  const n = of.flatMap((row) => (row.n === null ? [] : [row.n]))
  const f = of.flatMap((row) => (row.f === null ? [] : [row.f]))
  const s = of.flatMap((row) => (row.s === null ? [] : [row.s]))
  const sum = (all: readonly number[]) => all.reduce((total, one) => total + one, 0)
  return [
    of.length,
    n.length,
    n.length === 0 ? null : sum(n),
    f.length === 0 ? null : Math.min(...f),
    s.toSorted(order).at(-1) ?? null,
    f.length === 0 ? null : sum(f) / f.length,
    new Set(n).size,
    f.length === 0 ? null : sum(f),
  ]
}

test(`60 joins pair what the model pairs: seed ${seed}`, async () => {
  for (let round = 0; round < 60; round++) {
    const [left, right] = [condition(1), condition(1)]
    const [least, distance] = [1 + random(3), random(20)]
    const isShared = random(3) > 0
    const terms = [
      left.text.replaceAll('h.', 'a.'),
      right.text.replaceAll('h.', 'b.'),
      `a.event_ts >= 1000 AND a.event_ts < ${1000 + 20}`,
      `b.event_ts - a.event_ts <= ${distance} AND a.event_ts <= b.event_ts`,
      ...(isShared ? [`shared(a, b) >= ${least}`] : []),
    ]
    const query = `MATCH HYPEREDGE (a:H), (b:H) WHERE ${terms.join(' AND ')} RETURN a.place, b.place, shared(a, b) ORDER BY a.place, b.place`
    const expected: number[][] = []
    for (const [at, one] of rows.entries()) {
      if (left.test(one) !== true || one.ts >= 1020) continue
      for (const [other, two] of rows.entries()) {
        const apart = two.ts - one.ts
        const shared = one.members.filter((node) => two.members.includes(node)).length
        const fits = at !== other && apart >= 0 && apart <= distance && right.test(two) === true
        if (fits && (!isShared || shared >= least)) expected.push([at, other, shared])
      }
    }
    expect((await run(query)).rows, `seed ${seed}, round ${round}: ${query}`).toEqual(expected)
  }
})

test(`updates and deletes change what the model changes: seed ${seed}`, async () => {
  const alive = new Map(rows.map((row, at) => [at, { ...row }]))
  for (let round = 0; round < 20; round++) {
    const { text, test } = condition(2)
    const isDelete = round % 4 === 3
    const matched = [...alive]
      .filter(([, row]) => test(row) === true)
      .slice(0, isDelete ? 400 : 400)
    if (isDelete && matched.length > alive.size / 4) continue
    const query = isDelete
      ? `DELETE HYPEREDGE (h:H) WHERE ${text}`
      : `UPDATE HYPEREDGE (h:H) SET h.n = h.n + 1, h.label = NULL WHERE ${text}`
    await run(query)
    for (const [at, row] of matched) {
      if (isDelete) alive.delete(at)
      else alive.set(at, { ...row, n: row.n === null ? null : row.n + 1, label: null })
    }
    const found = await run('MATCH HYPEREDGE (h:H) RETURN h.place, h.n, h.label ORDER BY h.place')
    const expected = [...alive].map(([at, { n, label }]) => [at, n, label])
    expect(found.rows, `seed ${seed}, round ${round}: ${query}`).toEqual(expected)
  }
})
