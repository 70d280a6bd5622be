import { env } from 'node:process'
import { expect, test } from 'vitest'
import type { ColumnBatch, JsonSink, Table } from '../lib/index.ts'
import { microsToText } from '../lib/instants.ts'
import { callsOf, codeOf, newDatabase, sampleRows } from './_database.ts'

/** Gives no more room than it was asked for. */
class TightSink implements JsonSink {
  bytes: Uint8Array
  length = 0

  constructor(bytesFirst = 0) {
    this.bytes = new Uint8Array(bytesFirst)
  }

  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const larger = new Uint8Array(this.length + count)
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }

  text(): string {
    return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes.subarray(0, this.length))
  }
}

function jsonOf<Row>(batch: ColumnBatch<Row>, rows?: number): string {
  const sink = new TightSink()
  batch.writeJson(sink, '\n', rows)
  return sink.text()
}

/** By the objects that rows are made of. */
function stringified<Row>(batch: ColumnBatch<Row>): string {
  const instants = new Set(['at', 'until', 'seen'])
  const toJson = function (this: unknown, name: string, value: unknown) {
    if (typeof value === 'bigint') return { int: String(value) }
    if (!instants.has(name) || value === null) return value
    // The database counts in microseconds.
    return microsToText(BigInt(Number(value)))
  }
  return batch
    .rows()
    .map((row) => JSON.stringify(row, toJson))
    .join('\n')
}

async function sampleTable(count: number): Promise<Table> {
  const table = await callsOf(await newDatabase({ timeUnit: 'us' }))
  await table.insertMany(sampleRows(count))
  return table
}

test('rows as JSON are what JSON.stringify makes of the rows', async () => {
  const table = await sampleTable(200)
  for (const columns of [
    undefined,
    ['id', 'seq', 'arity', 'amt', 'label'],
    ['kind', 'roles'],
    ['amt'],
  ] as const) {
    const batch = table.findSync(columns === undefined ? {} : { columns })
    expect(jsonOf(batch)).toBe(stringified(batch))
  }
  expect(jsonOf(table.findSync(), 3)).toBe(
    stringified(table.findSync()).split('\n').slice(0, 3).join('\n'),
  )
  const batch = table.findSync()
  expect(jsonOf(batch, Number.POSITIVE_INFINITY)).toBe(stringified(batch))
  expect(jsonOf(table.findSync({ ids: [1_000_000] }))).toBe('')
})

test('a row that is larger than the room for it is written all the same', async () => {
  const table = await (await newDatabase({ timeUnit: 'us' })).createTable('wide', {
    properties: { text: 'string' },
    arityMax: 5000,
  })
  const members = Array.from({ length: 3000 }, (_, at) => at * 1000)
  await table.insert({ at: 1, members, props: { text: '"ü\n'.repeat(200_000) } })
  const batch = table.findSync()
  const sink = new TightSink(100)
  sink.reserve(10)
  sink.length = 10
  batch.writeJson(sink)
  expect(sink.text().slice(10)).toBe(stringified(batch))
})

test('doubles of all sizes are written as JavaScript writes them', async () => {
  const table = await (await newDatabase()).createTable('doubles')
  // SEED repeats a run.
  const { SEED = Date.now() % 2 ** 31 } = env
  const seed = Number(SEED)
  let state = seed
  const halves = new Uint32Array(2)
  const weights = Array.from({ length: 20_000 }, (_, at) => {
    for (const half of [0, 1]) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      halves[half] = state ^ (state >>> 15)
    }
    const bits = new Float64Array(halves.buffer)[0] ?? 0
    if (at % 3 === 0) return Number.isFinite(bits) ? bits : 0.5
    if (at % 3 === 1) return ((halves[0] ?? 0) % 1e9) / 10 ** (at % 12)
    return Math.fround((halves[1] ?? 0) / 2 ** 32) * 10 ** ((at % 50) - 25)
  })
  await table.insertMany(weights.map((weight, at) => ({ at, weight, members: [at] })))
  const lines = jsonOf(table.findSync({ columns: ['weight'] })).split('\n')
  const wanted = weights.map((weight) =>
    Object.is(weight, -0) ? '{"weight":-0}' : JSON.stringify({ weight }),
  )
  expect(lines, `seed ${seed}`).toEqual(wanted)
})

test('rows of a result whose buffer or database is gone are not written', async () => {
  const db = await newDatabase()
  const table = await callsOf(db)
  await table.insertMany(sampleRows(3))
  const batch = table.findSync()
  structuredClone(batch.buffer, { transfer: [batch.buffer] })
  expect(await codeOf(() => jsonOf(batch))).toBe('closed')
  const other = table.findSync()
  await db.close()
  expect(await codeOf(() => jsonOf(other))).toBe('closed')
})
