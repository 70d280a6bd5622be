import { tableFromIPC } from 'apache-arrow'
import { expect, test } from 'vitest'
import { ByteWriter } from '../lib/byte-writer.ts'
import { type BatchSource, ColumnBatch } from '../lib/column-batch.ts'
import { EngineError } from '../lib/errors.ts'
import { NodeKeys } from '../lib/node-keys.ts'
import { ResultBuffer } from '../lib/result-buffer.ts'
import { columnLabelsOf } from '../lib/result-names.ts'
import { SymbolCache } from '../lib/symbol-cache.ts'
import { callsLayout, resultBytes } from './_wire.ts'

const never = 2n ** 63n - 1n

function copyOf(writer: ByteWriter): ArrayBuffer {
  return writer.bytes().slice().buffer
}

function symbolsFrom(texts: readonly string[]): SymbolCache {
  return new SymbolCache((first) => {
    const writer = new ByteWriter()
    const left = texts.slice(first - 1)
    writer.u32(left.length)
    for (const text of left) writer.text(text)
    return copyOf(writer)
  })
}

/** Answers as the core does. */
function nodesFrom(keys: readonly (string | bigint)[]): NodeKeys {
  const keysOf = (numbers: Uint32Array) => {
    const asked = Array.from(numbers, (number) => keys[number] ?? 0n)
    const texts = asked.map((key) => (typeof key === 'string' ? key : undefined))
    const writer = new ByteWriter()
    const areIntegers = texts.every((text) => text === undefined)
    writer.u8(areIntegers ? 1 : 0)
    writer.align8()
    if (!areIntegers) writer.array(Uint8Array.from(texts, (text) => (text === undefined ? 0 : 1)))
    writer.align8()
    for (const key of asked)
      writer.u64(typeof key === 'bigint' ? key : BigInt(Buffer.byteLength(key)))
    for (const text of texts) writer.utf8(text ?? '')
    return copyOf(writer)
  }
  return new NodeKeys({ keysOf })
}

function sourceOf(symbols: SymbolCache, nodes: NodeKeys): BatchSource {
  return { symbols, nodes, timeUnit: 'ms', writeJsonRows: () => 0 }
}

function batchOf(keys: readonly (string | bigint)[]) {
  const offsets = new Uint32Array([0, 2, 3])
  const texts = new TextEncoder().encode('äb')
  const buffer = resultBytes(2, [
    { type: 1, kind: 1, values: new Float64Array([10, 11]), count: 2 },
    { type: 2, kind: 2, values: new BigInt64Array([-1500n, 1_700_000_000_123_457n]), count: 2 },
    { type: 2, kind: 3, values: new BigInt64Array([never, 5000n]), count: 2 },
    { type: 3, kind: 5, values: new Uint32Array([0, 2]), count: 2 },
    { type: 6, kind: 7, values: new Uint32Array([0, 1, 2]), count: 3, offsets },
    { type: 6, kind: 8, values: new Uint32Array([1, 0, 0]), count: 3, offsets },
    {
      type: 5,
      kind: 9,
      values: texts,
      count: 3,
      offsets: new Uint32Array([0, 3, 3]),
      validity: new Uint8Array([1]),
    },
    { type: 4, kind: 10, property: 0, values: new Uint8Array([1, 0]), count: 2 },
    {
      type: 1,
      kind: 10,
      property: 2,
      values: new Float64Array([2.5, 0]),
      count: 2,
      validity: new Uint8Array([1]),
    },
    { type: 2, kind: 10, property: 1, values: new BigInt64Array([2n ** 60n, 3n]), count: 2 },
  ])
  const source = sourceOf(symbolsFrom(['host', 'meets']), nodesFrom(keys))
  return new ColumnBatch(new ResultBuffer(buffer), source, columnLabelsOf(callsLayout()))
}

test('a result is read as arrays over its one buffer', () => {
  const batch = batchOf([1n, 2n, 3n])
  expect(batch.rowCount).toBe(2)
  expect([batch.truncated, batch.cursor, batch.snapshotLost]).toEqual(['rows', 'AQL_', false])
  expect([batch.snapshotSeq, batch.rowsExamined, batch.runningMs]).toEqual([42, 7, 1.5])
  expect(batch.ids).toEqual(new Float64Array([10, 11]))
  expect(batch.ids.buffer).toBe(batch.buffer)
  expect(batch.eventTs).toEqual(new BigInt64Array([-1500n, 1_700_000_000_123_457n]))
  expect(batch.eventTsMs).toEqual(new Float64Array([-1.5, 1_700_000_000_123.457]))
  expect(batch.memberOffsets).toEqual(new Uint32Array([0, 2, 3]))
  expect(batch.memberNumbers).toEqual(new Uint32Array([0, 1, 2]))
  expect(batch.labels).toEqual([null, 'meets'])
  expect(() => batch.weights).toThrow(EngineError)
})

test('rows have what the columns have', () => {
  expect(batchOf(['ann', 7n, 2n ** 63n]).rows()).toEqual([
    {
      id: 10,
      at: -1.5,
      until: null,
      label: null,
      members: ['ann', 7],
      roles: ['host', null],
      key: 'äb',
      props: { flag: true, amt: 2.5, count: 2n ** 60n },
    },
    {
      id: 11,
      at: 1_700_000_000_123.457,
      until: 5,
      label: 'meets',
      members: [2n ** 63n],
      roles: null,
      key: null,
      props: { flag: false, amt: null, count: 3 },
    },
  ])
})

test('members are numbers where all are exact, else bigints or a list of both', () => {
  expect(batchOf([1n, 2n, 3n]).members).toEqual(new Uint32Array([1, 2, 3]))
  expect(batchOf([1n, 2n ** 40n, 3n]).members).toEqual(new Float64Array([1, 2 ** 40, 3]))
  expect(batchOf([1n, 2n ** 60n, 3n]).members).toEqual(new BigUint64Array([1n, 2n ** 60n, 3n]))
  expect(batchOf(['ü', 'b', 3n]).members).toEqual(['ü', 'b', 3])
})

test('keys that were learned stay right as nodes are added', () => {
  const keys: (string | bigint)[] = [70n, 80n]
  const nodes = nodesFrom(keys)
  expect([...nodes.keysOf(Uint32Array.of(1, 0))]).toEqual([80, 70])
  keys.push(90n)
  expect([...nodes.keysOf(Uint32Array.of(2, 0))]).toEqual([90, 70])
  keys.push('x', 100n)
  expect([...nodes.keysOf(Uint32Array.of(4, 1))]).toEqual([100, 80])
  expect([...nodes.keysOf(Uint32Array.of(3, 1))]).toEqual(['x', 80])
  expect([...nodes.keysOf(Uint32Array.of(2, 1))]).toEqual([90, 80])
})

test('keys that come beside the numbers are taken, without asking for any', () => {
  const members = { type: 6, kind: 7, values: new Uint32Array([2, 0, 1]), count: 3 }
  const offsets = new Uint32Array([0, 2, 3])
  const keys = new Uint32Array([70, 2 ** 32 - 3, 0])
  const fail = () => {
    throw new Error('asked for keys')
  }
  const source = sourceOf(symbolsFrom([]), new NodeKeys({ keysOf: fail }))
  const result = new ResultBuffer(resultBytes(2, [{ ...members, offsets, keys }]))
  const batch = new ColumnBatch(result, source, columnLabelsOf(callsLayout()))
  expect(batch.members).toEqual(keys)
  expect(batch.memberNumbers).toEqual(members.values)
  expect(batch.rows()).toEqual([{ members: [70, 2 ** 32 - 3] }, { members: [0] }])
})

test('small keys come as 32 bits, as many as were asked for', () => {
  const reply = new ArrayBuffer(16)
  new Uint8Array(reply)[0] = 2
  new Uint32Array(reply, 8).set([9, 7])
  const nodes = new NodeKeys({ keysOf: () => reply })
  expect(nodes.keysOf(Uint32Array.of(3, 4))).toEqual(new Uint32Array([9, 7]))
})

test('the same in Arrow, over the same buffer', async () => {
  const batch = batchOf(['ann', 7n, 'bob'])
  const table = await batch.toArrow()
  expect(table.getChild('id')?.toArray().buffer).toBe(batch.buffer)
  for (const read of [table, tableFromIPC(await batch.toIPC())]) {
    expect(read.numRows).toBe(2)
    const rows = read.toArray().map((row) => row.toJSON())
    expect(rows.map(({ key }) => key)).toEqual(['äb', null])
    expect(rows.map(({ label }) => label)).toEqual([null, 'meets'])
    expect(rows.map(({ until }) => until)).toEqual([null, 5])
    expect(rows.map(({ amt }) => amt)).toEqual([2.5, null])
    expect(rows.map(({ flag }) => flag)).toEqual([true, false])
    expect(rows.map(({ members }) => [...members])).toEqual([['ann', '7'], ['bob']])
    expect(rows.map((row) => [...row.membersInteger])).toEqual([[false, true], [false]])
    expect(rows.map(({ roles }) => [...roles])).toEqual([['host', null], [null]])
  }
})

test('a property called __proto__ is a field like others', () => {
  const buffer = resultBytes(1, [
    { type: 1, kind: 64, property: 0, values: new Float64Array([5]), count: 1 },
  ])
  const source = sourceOf(symbolsFrom([]), nodesFrom([]))
  const measures = JSON.parse('{"__proto__":"count"}')
  const names = columnLabelsOf(callsLayout(), measures)
  const [row] = new ColumnBatch(new ResultBuffer(buffer), source, names).rows()
  expect(Object.entries(row ?? {})).toEqual([['__proto__', 5]])
})

test('a hundred thousand rows with texts as members are all made', () => {
  const rowCount = 100_000
  const offsets = Uint32Array.from({ length: rowCount + 1 }, (_, row) => row * 3)
  const numbers = Uint32Array.from({ length: rowCount * 3 }, (_, at) => at % 3)
  const buffer = resultBytes(rowCount, [
    { type: 1, kind: 1, values: new Float64Array(rowCount), count: rowCount },
    { type: 2, kind: 2, values: new BigInt64Array(rowCount), count: rowCount },
    { type: 6, kind: 7, values: numbers, count: rowCount * 3, offsets },
  ])
  const source = sourceOf(symbolsFrom([]), nodesFrom(['a', 'b', 'c']))
  const batch = new ColumnBatch(new ResultBuffer(buffer), source, columnLabelsOf(undefined))
  const rows = batch.rows()
  expect(rows.length).toBe(rowCount)
  expect(rows.at(-1)).toEqual({ id: 0, at: 0, members: ['a', 'b', 'c'] })
})
