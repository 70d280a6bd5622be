import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ColumnName, Database, type Hyperedge, microsToText } from '@hypermesh/engine'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { firstRow, rowsPage } from '../src/hyperedge-reading.ts'

const seed = Date.now() % 2 ** 31
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

function wanted({ members, role, at, weight, label, ...props }: Edge, id: number) {
  return {
    ...{ id, at: microsToText(at), until: null, weight: weight + 0, label },
    members: members.map((one) => (typeof one === 'string' ? one : whole(one))),
    roles: role === null ? null : [role, ...members.slice(1).map(() => null)],
    key: null,
    props: {
      ...props,
      whole: whole(props.whole),
      since: props.since === null ? null : microsToText(props.since),
    },
  }
}

let tables = 0

test(`rows as JSON say what was inserted: seed ${seed}`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edge, { minLength: 1, maxLength: 12 }), async (edges) => {
      const table = await database.createTable(`t${tables++}`, { properties })
      const { ids } = await table.insertMany(
        edges.map(({ members, role, at, weight, label, ...props }) => ({
          ...{ at, weight, label, props },
          members: members.map((one, place) => ({ node: one, role: place === 0 ? role : null })),
        })),
      )
      const batch = table.findSync()
      const page = JSON.parse(Buffer.from(rowsPage('hyperedges', batch, table.schema)).toString())
      const rows = edges.map((one, place) => wanted(one, ids[place] ?? 0))
      const byId = (one: { id: number }, other: { id: number }) => one.id - other.id
      // Without the sign of zero.
      expect(JSON.stringify(page.hyperedges.sort(byId))).toBe(JSON.stringify(rows))
      expect([page.next_cursor, page.seq]).toEqual([null, batch.snapshotSeq])
      const columns: ColumnName[] = ['word']
      const first = firstRow(table.findSync({ columns }), table.schema) ?? new Uint8Array()
      const [row] = table.findSync({ columns }).rows() as Hyperedge[]
      expect(JSON.parse(Buffer.from(first).toString())).toEqual({ props: row?.props })
    }),
    { seed, numRuns: 60 },
  )
})
