import { HyperMeshError } from '@hypermesh/contract'
import { formatPrimitive, type Primitive } from './iceberg-type.ts'
import type { AvroValue } from './manifest-types.ts'

/**
 * A value of a primitive type: int, date, float and double are numbers; long, time, timestamps and
 * the unscaled value of a decimal are bigints; text (as UTF-8), uuid, fixed and binary are bytes.
 */
export type Scalar = boolean | number | bigint | Uint8Array

/** Single-value binary serialization (table specification, appendix D). */
export function encodeSingleValue(type: Primitive, value: Scalar): Uint8Array {
  switch (type.kind) {
    case 'boolean':
      if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0)
      break
    case 'int':
    case 'date':
      if (typeof value === 'number') return fixedWidth(4, (view) => view.setInt32(0, value, true))
      break
    case 'float':
      if (typeof value === 'number') return fixedWidth(4, (view) => view.setFloat32(0, value, true))
      break
    case 'double':
      if (typeof value === 'number') return fixedWidth(8, (view) => view.setFloat64(0, value, true))
      break
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      if (typeof value === 'bigint') {
        return fixedWidth(8, (view) => view.setBigInt64(0, value, true))
      }
      break
    case 'decimal':
      if (typeof value === 'bigint') return encodeTwosComplement(value)
      break
    default:
      if (value instanceof Uint8Array) return value
  }
  throw new HyperMeshError('internal', `a ${typeof value} is no ${formatPrimitive(type)}`)
}

/**
 * Undefined when the bytes do not fit the type. Bounds of a file that was written before its column
 * was promoted are those of the narrower type.
 */
export function decodeSingleValue(type: Primitive, bytes: Uint8Array): Scalar | undefined {
  const view = wordsOf(bytes)
  switch (type.kind) {
    case 'boolean':
      return bytes.length === 1 ? bytes[0] !== 0 : undefined
    case 'int':
    case 'date':
      return bytes.length === 4 ? view.getInt32(0, true) : undefined
    case 'float':
      return bytes.length === 4 ? view.getFloat32(0, true) : undefined
    case 'double':
      return bytes.length === 4 ? view.getFloat32(0, true) : decodeWide(bytes, 'float')
    case 'long':
      return bytes.length === 4 ? BigInt(view.getInt32(0, true)) : decodeWide(bytes, 'integer')
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return decodeWide(bytes, 'integer')
    case 'decimal':
      return bytes.length >= 1 && bytes.length <= 16 ? decodeTwosComplement(bytes) : undefined
    case 'uuid':
      return bytes.length === 16 ? bytes : undefined
    default:
      return bytes
  }
}

/** The first eight bytes, in a place of all calls: a view for each value was most of reading bounds. */
const words = new DataView(new ArrayBuffer(8))

function wordsOf(bytes: Uint8Array): DataView {
  const count = Math.min(bytes.length, 8)
  for (let index = 0; index < count; index += 1) words.setUint8(index, bytes[index] as number)
  return words
}

function decodeWide({ length }: Uint8Array, kind: 'float' | 'integer'): Scalar | undefined {
  if (length !== 8) return undefined
  return kind === 'float' ? words.getFloat64(0, true) : words.getBigInt64(0, true)
}

/**
 * Order of two values of one type; bytes are compared unsigned. A number and a bigint compare by
 * value. NaN when they have no order, as with NaN or values of different types.
 */
export function compareScalars(left: Scalar, right: Scalar): number {
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    const both = left instanceof Uint8Array && right instanceof Uint8Array
    return both ? Buffer.compare(left, right) : Number.NaN
  }
  if (left < right) return -1
  return left > right ? 1 : left >= right ? 0 : Number.NaN
}

/** A value of a partition tuple; undefined when it does not fit the type. */
export function fromAvroValue(type: Primitive, value: AvroValue): Scalar | undefined {
  if (value === null) return undefined
  switch (type.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'int':
    case 'date':
    case 'float':
    case 'double':
      return typeof value === 'number' ? value : undefined
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return typeof value === 'bigint' || Number.isSafeInteger(value)
        ? BigInt(value as number)
        : undefined
    case 'decimal':
      return Buffer.isBuffer(value) && value.length > 0 ? decodeTwosComplement(value) : undefined
    case 'string':
      return typeof value === 'string' ? Buffer.from(value) : undefined
    default:
      return Buffer.isBuffer(value) ? value : undefined
  }
}

/** The inverse; `bytes` is the width of the Avro type where that is fixed. */
export function toAvroValue(type: Primitive, value: Scalar, bytes = 0): AvroValue {
  if (type.kind === 'decimal' && typeof value === 'bigint') {
    const short = Buffer.from(encodeTwosComplement(value))
    return Buffer.concat([
      Buffer.alloc(Math.max(0, bytes - short.length), value < 0n ? 255 : 0),
      short,
    ])
  }
  if (value instanceof Uint8Array) {
    return type.kind === 'string' ? Buffer.from(value).toString('utf8') : Buffer.from(value)
  }
  if (typeof value !== 'bigint') return value
  const rounded = Number(value)
  return Number.isSafeInteger(rounded) ? rounded : value
}

function fixedWidth(bytes: number, write: (view: DataView) => void): Uint8Array {
  const buffer = new ArrayBuffer(bytes)
  write(new DataView(buffer))
  return new Uint8Array(buffer)
}

/** Big-endian two's complement of the fewest bytes. */
function encodeTwosComplement(value: bigint): Uint8Array {
  let width = 1
  while (BigInt.asIntN(8 * width, value) !== value) width += 1
  const bytes = new Uint8Array(width)
  let rest = BigInt.asUintN(8 * width, value)
  for (let index = width - 1; index >= 0; index -= 1) {
    bytes[index] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

function decodeTwosComplement(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(8 * bytes.length, value)
}
