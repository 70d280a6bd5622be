import { Readable } from 'node:stream'
import {
  Table as ArrowTable,
  type DataType,
  DateDay,
  DateMillisecond,
  Field,
  List,
  makeData,
  makeVector,
  TimestampNanosecond,
  TimestampSecond,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import { expect, test } from 'vitest'
import {
  type Hyperedge,
  type HyperedgeInput,
  importArrow,
  importHif,
  importNdjson,
  type PropertyType,
  type Table,
} from '../lib/index.ts'
import { newDatabase } from './_database.ts'
import { formatNames, formats } from './_formats.ts'

async function tableOf(properties: Record<string, PropertyType> = {}): Promise<Table> {
  return await (await newDatabase()).createTable('t', { properties })
}

async function piecesOf(pieces: AsyncIterable<string | Uint8Array>): Promise<Buffer[]> {
  const all: Buffer[] = []
  for await (const piece of pieces) all.push(Buffer.from(piece))
  return all
}

/** Another table with what the first one has, by way of a file. */
async function copyOf(table: Table, format: keyof typeof formats): Promise<Table> {
  const { write, read } = formats[format]
  const properties = table.schema.properties.map(({ name, type }) => [name, type] as const)
  const copy = await tableOf(Object.fromEntries(properties))
  await read(copy, Readable.from(await piecesOf(write(table))))
  return copy
}

test.each(formatNames)('%s keeps a property and a role called int', async (format) => {
  for (const type of ['string', 'int64'] as const) {
    const table = await tableOf({ int: type })
    const value = type === 'string' ? '5' : 2n ** 60n
    const rows: HyperedgeInput[] = [
      { at: 1, members: { int: ['5'] }, props: { int: value } },
      { at: 2, members: [5, 2n ** 60n, '7'], props: { int: null } },
    ]
    await table.insertMany(rows)
    const copy = await copyOf(table, format)
    expect(copy.findSync().rows()).toEqual(table.findSync().rows())
    expect(copy.findSync().rows()[0]?.props).toEqual({ int: value })
  }
})

test('NDJSON has integers of any size as members, in roles, as instants and as properties', async () => {
  const table = await tableOf({ int: 'int64', text: 'string' })
  const int = { int: String(2n ** 60n) }
  const lines = [
    { at: { int: '1000' }, until: { int: '2000' }, members: [int, { node: int, role: 'host' }] },
    { at: 2, members: { int: [int, '5'] }, props: { int } },
  ]
  await importNdjson(
    table,
    lines.map((line) => `${JSON.stringify(line)}\n`),
  )
  const columns = ['at', 'until', 'members', 'roles', 'int']
  expect(table.findSync({ columns }).rows()).toEqual([
    {
      at: 1,
      until: 2,
      members: [2n ** 60n, 2n ** 60n],
      roles: [null, 'host'],
      props: { int: null },
    },
    {
      at: 2,
      until: null,
      members: [2n ** 60n, '5'],
      roles: ['int', 'int'],
      props: { int: 2n ** 60n },
    },
  ])
  const refused = (line: unknown) => importNdjson(table, [JSON.stringify(line)])
  await expect(refused({ at: 1, members: [{ int: 'x' }] })).rejects.toThrow('line 1: no integer: x')
  await expect(refused({ at: 1, members: [1], props: { text: { int: '5' } } })).rejects.toThrow(
    'line 1: ',
  )
})

test.each(formatNames)(
  '%s keeps properties that have the name of what objects have',
  async (format) => {
    for (const type of ['string', 'timestamp'] as const) {
      const names = ['__proto__', 'constructor', 'toString', 'valueOf']
      const all = names.map((name) => [name, type] as const)
      const table = await tableOf(Object.fromEntries(all))
      const one = type === 'string' ? 'text' : 5000n
      const props = Object.fromEntries(names.map((name) => [name, one]))
      await table.insertMany([
        { at: 1, members: [1], props },
        { at: 2, members: [1], props: Object.fromEntries([['__proto__', one]]) },
        { at: 3, members: [1] },
      ])
      const shown = type === 'string' ? one : 5
      const copy = await copyOf(table, format)
      const fields = copy
        .findSync()
        .rows()
        .map((row) => Object.entries(row.props ?? {}))
      expect(fields).toEqual([
        names.map((name) => [name, shown]),
        names.map((name, place) => [name, place === 0 ? shown : null]),
        names.map((name) => [name, null]),
      ])
    }
  },
)

test('an attribute of HIF called props is not lost', async () => {
  const document = {
    incidences: [{ edge: 1, node: 1 }],
    edges: [{ edge: 1, attrs: { event_ts: 1, props: 'text' } }],
  }
  const table = await tableOf({ props: 'string' })
  await importHif(table, [JSON.stringify(document)])
  expect(table.findSync().rows()[0]?.props).toEqual({ props: 'text' })
  const without = importHif(await tableOf(), [JSON.stringify(document)])
  await expect(without).rejects.toMatchObject({ code: 'not_found' })
})

test.each(formatNames)('%s keeps numbers to the last bit', async (format) => {
  const table = await tableOf({ amt: 'float64', count: 'int64' })
  const numbers = [-0, 0, 0.1, -1.5e-300, 5e-324, Number.MAX_VALUE, 2 ** 53 + 2, -1e21]
  await table.insertMany(
    numbers.map((number, at) => ({
      at,
      members: ['"', at],
      weight: number,
      props: { amt: number, count: at === 0 ? -(2n ** 63n) + 1n : 0 },
    })),
  )
  const copy = (await copyOf(table, format)).findSync()
  expect([...copy.weights]).toStrictEqual(numbers)
  expect(Array.from(copy.values('amt'))).toStrictEqual(numbers)
  expect(copy.rows().map(withoutId)).toEqual(table.findSync().rows().map(withoutId))
})

test.each(formatNames)(
  '%s shows one state: of a snapshot, a transaction, the past',
  async (format) => {
    const db = await newDatabase()
    const table = await db.createTable('t', { historyMs: 3_600_000 })
    await table.insertMany(Array.from({ length: 9 }, (_, at) => ({ at, members: [at, 'x'] })))
    const { seq } = await table.insert({ at: 9, members: ['y'] })
    const rows = table.findSync().rows().map(withoutId)
    using snapshot = db.snapshot()
    const { write, read } = formats[format]
    const copied = async (reader: Table | ReturnType<typeof snapshot.table>, asOf?: number) => {
      const copy = await tableOf()
      const options = { pageRows: 2, ...(asOf === undefined ? {} : { asOf }) }
      await read(copy, Readable.from(await piecesOf(write(reader, options))))
      return copy.findSync().rows().map(withoutId)
    }
    await db.transaction(async (transaction) => {
      await table.insert({ at: 10, members: ['z'] })
      expect(await copied(transaction.table('t'))).toEqual(rows)
    })
    expect(await copied(snapshot.table('t'))).toEqual(rows)
    expect(await copied(table, seq)).toEqual(rows)
  },
)

test.each(formatNames)('%s shows the state that it began with', async (format) => {
  const table = await tableOf()
  const { ids } = await table.insertMany(
    Array.from({ length: 9 }, (_, at) => ({ at, members: [at, 'x'] })),
  )
  const rows = table.findSync().rows().map(withoutId)
  const { write, read } = formats[format]
  const pieces: Buffer[] = []
  for await (const piece of write(table, { pageRows: 2 })) {
    pieces.push(Buffer.from(piece))
    await table.update([...ids], { members: ['changed'] })
    await table.insert({ at: 5, members: ['new'] })
  }
  const copy = await tableOf()
  await read(copy, Readable.from(pieces))
  expect(copy.findSync().rows().map(withoutId)).toEqual(rows)
})

test.each(['s', 'ms', 'us'] as const)(
  'Arrow has instants of each type, numbers count %s',
  async (timeUnit) => {
    const db = await newDatabase({ timeUnit })
    const table = await db.createTable('t', { properties: { seen: 'timestamp' } })
    const micros = [-1n, -1001n, -86_400_000_000n, 0n, 1_700_000_000_123_457n]
    const vectorOf = <Type extends DataType>(type: Type, data: BigInt64Array | Int32Array) =>
      makeVector(makeData({ type, length: data.length, nullCount: 0, data } as never))
    const days = Int32Array.of(-1, 0, 19_723, -2, 1)
    const columns = {
      seconds: vectorOf(
        new TimestampSecond('UTC'),
        new BigInt64Array(micros.map((one) => one / 1000n)),
      ),
      nanoseconds: vectorOf(
        new TimestampNanosecond('UTC'),
        new BigInt64Array(micros.map((one) => one * 1000n + 999n)),
      ),
      days: vectorOf(new DateDay(), days),
      milliseconds: vectorOf(new DateMillisecond(), new BigInt64Array(micros)),
    }
    const wanted = {
      seconds: micros.map((one) => (one / 1000n) * 1_000_000n),
      nanoseconds: micros,
      days: Array.from(days, (day) => BigInt(day) * 86_400_000_000n),
      milliseconds: micros.map((one) => one * 1000n),
    }
    for (const name of ['seconds', 'nanoseconds', 'days', 'milliseconds'] as const) {
      const at = columns[name]
      const members = vectorFromArray(
        micros.map(() => [name]),
        new List(new Field('item', new Utf8(), true)),
      )
      const file = tableToIPC(new ArrowTable({ at, members, seen: at }), 'stream')
      const { inserted } = await importArrow(table, Readable.from([Buffer.from(file)]))
      expect(inserted).toBe(micros.length)
      const batch = table.findSync({ members: { all: [name] } })
      const sorted = wanted[name].toSorted((left, right) => (left < right ? -1 : 1))
      expect([...batch.eventTs]).toEqual(sorted)
      expect([...batch.column('seen').values]).toEqual(sorted)
    }
  },
)

function withoutId({ id: _, ...row }: Hyperedge): Omit<Hyperedge, 'id'> {
  return row
}
