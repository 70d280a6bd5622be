import type { Long } from '@hypermesh/contract'
import avro from 'avsc'

/** Avro `long` without rounding: a number where exact, else a bigint. */
export const avroLong = avro.types.LongType.__with(
  {
    fromBuffer: readVarint,
    toBuffer: writeVarint,
    fromJSON: (value: Long) => value,
    toJSON: (value: Long) => value,
    isValid: isLong,
    compare: (left: Long, right: Long) => (left < right ? -1 : left > right ? 1 : 0),
  },
  true,
)

function isLong(value: unknown): boolean {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value
  return Number.isSafeInteger(value)
}

function readVarint(bytes: Buffer): Long {
  // Four groups of seven bits stay inside what bit operators handle exactly.
  if (bytes.length <= 4) {
    let raw = 0
    for (let index = bytes.length - 1; index >= 0; index -= 1) {
      raw = (raw << 7) | ((bytes[index] ?? 0) & 0x7f)
    }
    return (raw >>> 1) ^ -(raw & 1)
  }
  let raw = 0n
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    raw = (raw << 7n) | BigInt((bytes[index] ?? 0) & 0x7f)
  }
  const value = BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n))
  const rounded = Number(value)
  return Number.isSafeInteger(rounded) ? rounded : value
}

function writeVarint(value: Long): Buffer {
  const bytes: number[] = []
  if (typeof value === 'number' && value >= -0x40000000 && value < 0x40000000) {
    let raw = ((value << 1) ^ (value >> 31)) >>> 0
    while (raw >= 0x80) {
      bytes.push((raw & 0x7f) | 0x80)
      raw >>>= 7
    }
    bytes.push(raw)
    return Buffer.from(bytes)
  }
  const exact = BigInt(value)
  let raw = BigInt.asUintN(64, (exact << 1n) ^ (exact >> 63n))
  while (raw >= 0x80n) {
    bytes.push(Number(raw & 0x7fn) | 0x80)
    raw >>= 7n
  }
  bytes.push(Number(raw))
  return Buffer.from(bytes)
}
