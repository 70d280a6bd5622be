import { at, type Dataset } from './dataset.ts'

/**
 * How the hyperedges lie in a sorted key-value store: `e ts id` → the record, `n node ts id` → nothing.
 * Numbers in keys are big-endian, so that their order is that of the bytes.
 */
export function edgeKey(ts: number, id: number): Buffer {
  const key = Buffer.allocUnsafe(13)
  key[0] = 0x65
  key.writeUIntBE(Math.floor(ts / 2 ** 32), 1, 4)
  key.writeUInt32BE(ts % 2 ** 32, 5)
  key.writeUInt32BE(id, 9)
  return key
}

export function nodeKey(node: number, ts: number, id: number): Buffer {
  const key = Buffer.allocUnsafe(17)
  key[0] = 0x6e
  key.writeUInt32BE(node, 1)
  key.writeUInt32BE(Math.floor(ts / 2 ** 32), 5)
  key.writeUInt32BE(ts % 2 ** 32, 9)
  key.writeUInt32BE(id, 13)
  return key
}

/** The key of the edge that a node's key names. */
export function edgeKeyOf(nodeKeyBytes: Buffer): Buffer {
  const key = Buffer.allocUnsafe(13)
  key[0] = 0x65
  nodeKeyBytes.copy(key, 1, 5)
  return key
}

export function tsOf(key: Buffer): number {
  return key.readUInt32BE(1) * 2 ** 32 + key.readUInt32BE(5)
}

export function idOf(key: Buffer): number {
  return key.readUInt32BE(key.length - 4)
}

/** weight, amt, kind, qty, label, then the members: fixed places, no decoding of the whole. */
export function recordOf(data: Dataset, edge: number): Buffer {
  const first = at(data.offsets, edge)
  const arity = at(data.offsets, edge + 1) - first
  const record = Buffer.allocUnsafe(28 + 4 * arity)
  record.writeDoubleLE(at(data.weight, edge), 0)
  record.writeDoubleLE(at(data.amt, edge), 8)
  record.writeInt32LE(at(data.kind, edge), 16)
  record.writeInt32LE(at(data.qty, edge), 20)
  record.writeInt32LE(at(data.label, edge), 24)
  for (let m = 0; m < arity; m++) record.writeUInt32LE(at(data.members, first + m), 28 + 4 * m)
  return record
}

/** A hyperedge as an object, from its key and its record. */
export function objectOf(key: Buffer, record: Buffer) {
  const members = new Array<number>((record.length - 28) / 4)
  for (let i = 0; i < members.length; i++) members[i] = record.readUInt32LE(28 + 4 * i)
  return {
    id: idOf(key),
    ts: tsOf(key),
    weight: record.readDoubleLE(0),
    label: record.readInt32LE(24),
    members,
  }
}

export function* membersOf(record: Buffer): Generator<number> {
  for (let place = 28; place < record.length; place += 4) yield record.readUInt32LE(place)
}

export function sumOfMembers(record: Buffer): number {
  let sum = 0
  for (let place = 28; place < record.length; place += 4) sum += record.readUInt32LE(place)
  return sum
}
