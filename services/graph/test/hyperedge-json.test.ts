import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ColumnName, Database, type Hyperedge, microsToText } from '@hypermesh/engine'
import { readEnvironment } from '@hypermesh/kit'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { firstRow, rowsPage } from '../src/hyperedge-reading.ts'

// SEED repeats a run.
const seed = Number(readEnvironment().SEED ?? Date.now() % 2 ** 31)
const directory = await mkdtemp(join(tmpdir(), 'hypermesh-json-'))
let database: Database

beforeAll(async () => {
  database = await Database.open(join(directory, 'g'), { create: true, timeUnit: 'us' })
})
afterAll(async () => {
  await database.close()
  await rm(directory, { recursive: true })
})

const nothing = fc.constant(null)
const instant = fc.oneof(
  fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }),
  fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
  fc.integer({ min: -1e6, max: 1e6 }).map((ms) => BigInt(ms) * 1000n),
)
const double = fc.double({ noNaN: true, noDefaultInfinity: true })
const text = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  fc.constant('"ü\n'),
)
const node = fc.oneof(fc.nat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), text)
const edge = fc.record({
  at: instant,
  until: fc.oneof(nothing, fc.constant(2n ** 62n + 5n)),
  key: fc.boolean(),
  members: fc.uniqueArray(node, { minLength: 1, maxLength: 6, selector: String }),
  role: fc.oneof(nothing, text),
  weight: double,
  label: fc.oneof(nothing, text),
  whole: fc.oneof(nothing, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  amount: fc.oneof(
    nothing,
    double,
    fc.integer().map((cents) => cents / 100),
  ),
  since: fc.oneof(nothing, instant),
  word: fc.oneof(nothing, text),
  yes: fc.oneof(nothing, fc.boolean()),
})
type Edge = typeof edge extends fc.Arbitrary<infer One> ? One : never

const properties = {
  ...({ whole: 'int64', amount: 'float64', since: 'timestamp' } as const),
  ...({ word: 'string', yes: 'bool' } as const),
}

/** As JSON has an integer: one that no number holds exactly is text. */
function whole(value: bigint | number | null) {
  if (value === null) return null
  return Number.isSafeInteger(Number(value)) ? Number(value) : { int: `${value}` }
}

function wanted(
  { members, role, at, until, weight, label, key, ...props }: Edge,
  { id, ownKey }: { readonly id: number; readonly ownKey: string },
) {
  return {
    ...{ id, at: microsToText(at), until: until === null ? null : microsToText(until) },
    ...{ weight, label },
    members: members.map((one) => (typeof one === 'string' ? one : whole(one))),
    roles: role === null ? null : [role, ...members.slice(1).map(() => null)],
    key: key ? ownKey : null,
    props: {
      ...props,
      whole: whole(props.whole),
      since: props.since === null ? null : microsToText(props.since),
    },
  }
}

const negativeZero = 'the number that JSON.stringify has no sign of'

/** As JSON.stringify does, but -0 keeps its sign. */
function toText(value: unknown): string {
  const marked = JSON.stringify(value, (_, one) => (Object.is(one, -0) ? negativeZero : one))
  return marked.replaceAll(`"${negativeZero}"`, '-0')
}

let tables = 0

test(`rows as JSON are what JSON.stringify makes of what was inserted: seed ${seed}`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edge, { minLength: 1, maxLength: 12 }), async (edges) => {
      const table = await database.createTable(`t${tables++}`, { properties })
      const keyOf = (place: number) => `"key ${place}`
      const { ids } = await table.insertMany(
        edges.map(({ members, role, at, until, weight, label, key, ...props }, place) => ({
          ...{ at, until, weight, label, props, key: key ? keyOf(place) : null },
          members: members.map((one, at) => ({ node: one, role: at === 0 ? role : null })),
        })),
      )
      const batch = table.findSync()
      const text = Buffer.from(rowsPage('hyperedges', batch)).toString()
      const page = JSON.parse(text) as { readonly hyperedges: readonly { readonly id: number }[] }
      const placeOf = new Map(Array.from(ids, (id, place) => [id, place]))
      const rows = page.hyperedges.map(({ id }) => {
        const place = placeOf.get(id) ?? -1
        return wanted(edges[place] as Edge, { id, ownKey: keyOf(place) })
      })
      expect(new Set(page.hyperedges.map(({ id }) => id))).toEqual(new Set(ids))
      const { snapshotSeq: seq, rowsExamined: examined } = batch
      expect(text).toBe(toText({ hyperedges: rows, next_cursor: null, seq, examined }))
      const columns: ColumnName[] = ['word']
      const one = firstRow(table.findSync({ columns })) ?? new Uint8Array()
      const [row] = table.findSync({ columns }).rows() as Hyperedge[]
      expect(JSON.parse(Buffer.from(one).toString())).toEqual({ props: row?.props })
    }),
    { seed, numRuns: 60 },
  )
})
