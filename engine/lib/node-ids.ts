import type { ByteWriter } from './byte-writer.ts'
import { EngineError, invalid, quote } from './errors.ts'
import { mapFor } from './large-map.ts'

/**
 * A node: a string, or an unsigned integer below 2^64 (a bigint where a number is not exact). `7`
 * and `'7'` are two nodes. Results give a number wherever it is exact.
 */
export type NodeId = string | number | bigint

const u64Max = 2n ** 64n - 1n

/** Throws `invalid` unless the value is a node id. */
export function assertNodeId(value: unknown): asserts value is NodeId {
  if (typeof value === 'string') {
    if (value === '') throw invalid('a node id must not be the empty string')
    return
  }
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && value >= 0) return
    throw invalid(`a node id must be a whole number of 0 to 2^53 − 1, not ${value}`)
  }
  if (typeof value === 'bigint') {
    if (value >= 0n && value <= u64Max) return
    throw invalid(`a node id must be below 2^64 and not negative, not ${value}n`)
  }
  throw invalid(`a node id must be a string or an unsigned integer, not ${quote(value)}`)
}

/** One node of a plan. */
export function writeNode(writer: ByteWriter, node: unknown): void {
  assertNodeId(node)
  if (typeof node === 'string') {
    writer.u8(1)
    writer.text(node)
  } else {
    writer.u8(0)
    writeInteger(writer, node)
  }
}

/** Many nodes of a batch. Requires: all are node ids. */
export function writeNodes(writer: ByteWriter, nodes: readonly NodeId[]): void {
  let largest = 0
  for (const node of nodes) {
    if (typeof node === 'string') {
      writeKeyedNodes(writer, nodes)
      return
    }
    if (typeof node === 'bigint') largest = Number.POSITIVE_INFINITY
    else if (node > largest) largest = node
  }
  if (largest <= 0xffff_ffff) {
    writer.u8(1)
    writer.align8()
    // The bound rules bigints out.
    for (const node of nodes) writer.u32(node as number)
    return
  }
  writer.u8(2)
  writer.align8()
  for (const node of nodes) writeInteger(writer, node as number | bigint)
}

/** Nodes given as one array: the keys themselves, or distinct keys and an index into them. */
export type NodeColumn =
  | Uint32Array
  | BigUint64Array
  | readonly NodeId[]
  | { readonly keys: readonly NodeId[]; readonly index: Uint32Array }

/** How many nodes the column has. */
export function nodeCount(column: NodeColumn): number {
  const { index } = column as { readonly index?: Uint32Array }
  return index instanceof Uint32Array ? index.length : (column as ArrayLike<unknown>).length
}

/** Many nodes of a batch, checked. */
export function writeNodeColumn(writer: ByteWriter, column: NodeColumn): void {
  if (column instanceof Uint32Array || column instanceof BigUint64Array) {
    writer.u8(column instanceof Uint32Array ? 1 : 2)
    writer.align8()
    writer.array(column)
    return
  }
  if (Array.isArray(column)) {
    for (const node of column) assertNodeId(node)
    writeNodes(writer, column)
    return
  }
  const { keys, index } = column as { keys: readonly NodeId[]; index: Uint32Array }
  if (!Array.isArray(keys) || !(index instanceof Uint32Array)) {
    throw invalid('members must be a Uint32Array, a BigUint64Array, an array, or { keys, index }')
  }
  for (const node of keys) assertNodeId(node)
  for (let place = 0; place < index.length; place++) {
    if ((index[place] ?? 0) >= keys.length) {
      throw invalid(`members.index[${place}] is ${index[place]}, but there are ${keys.length} keys`)
    }
  }
  writeKeys(writer, keys)
  writer.align8()
  writer.array(index)
}

function writeKeyedNodes(writer: ByteWriter, nodes: readonly NodeId[]): void {
  if (nodes.length <= 16) {
    writeKeys(writer, nodes)
    writer.align8()
    for (let place = 0; place < nodes.length; place++) writer.u32(place)
    return
  }
  const places = mapFor<NodeId, number>(nodes.length)
  const index = new Uint32Array(nodes.length)
  for (let at = 0; at < nodes.length; at++) {
    // Within the bound.
    const node = nodes[at] as NodeId
    let place = places.get(node)
    if (place === undefined) {
      place = places.size
      places.set(node, place)
    }
    index[at] = place
  }
  writeKeys(writer, [...places.keys()])
  writer.align8()
  writer.array(index)
}

function writeKeys(writer: ByteWriter, keys: readonly NodeId[]): void {
  writer.u8(3)
  writer.u32(keys.length)
  writer.align8()
  for (const key of keys) writer.u8(typeof key === 'string' ? 1 : 0)
  writer.align8()
  const values = writer.skip(keys.length * 8)
  const heapBytes = writer.length
  writer.u32(0)
  for (let place = 0; place < keys.length; place++) {
    const key = keys[place]
    const at = values + place * 8
    if (typeof key === 'string') {
      writer.patchU32(at, writer.utf8(key))
      writer.patchU32(at + 4, 0)
    } else if (typeof key === 'number') {
      writer.patchU32(at, key % 4_294_967_296)
      writer.patchU32(at + 4, Math.floor(key / 4_294_967_296))
    } else if (typeof key === 'bigint') {
      writer.patchU32(at, Number(key & 0xffff_ffffn))
      writer.patchU32(at + 4, Number(key >> 32n))
    } else {
      throw new EngineError('internal', 'a node id was not checked')
    }
  }
  writer.patchU32(heapBytes, writer.length - heapBytes - 4)
}

function writeInteger(writer: ByteWriter, value: number | bigint): void {
  if (typeof value === 'number') writer.int(value)
  else writer.u64(value)
}
