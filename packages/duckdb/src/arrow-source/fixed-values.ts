import { HyperMeshError, printable } from '@hypermesh/contract'
import type { ArrowField, ArrowType, TimeUnit } from './arrow-schema.ts'
import { typed } from './arrow-vector.ts'

export interface TakenValues {
  readonly count: number
  /** A bit for each value; what lies where a value is null means nothing. */
  readonly valid: Uint8Array | undefined
}

/** Values of fixed width from Arrow's form into DuckDB's. Throws where one cannot be held exactly. */
export function toDuckDbBytes(
  field: ArrowField,
  bytes: Uint8Array,
  values: TakenValues,
): Uint8Array {
  const { type } = field
  const inexact = (what: string) => inexactValue(field, what)
  switch (type.kind) {
    case 'float':
      return type.bits === 16 ? bytesOf(halves(bytes, values.count)) : bytes
    case 'decimal':
      return decimals(bytes, type, values, inexact)
    case 'date':
      return type.unit === 'day' ? bytes : bytesOf(days(bytes, values, inexact))
    case 'time':
      return times(bytes, type.unit, values, inexact)
    case 'timestamp': {
      if (type.zone === undefined || type.unit === 'micro') return bytes
      return bytesOf(micros(bytes, type.unit, values, inexact))
    }
    case 'duration':
      return intervals(values, micros(bytes, type.unit, values, inexact))
    case 'interval':
      return intervalValues(bytes, type.unit, values, inexact)
    case 'fixed-binary':
      return uuids(bytes, values.count)
    default:
      return bytes
  }
}

type Inexact = (what: string) => HyperMeshError

function inexactValue({ name }: ArrowField, what: string): HyperMeshError {
  return new HyperMeshError('invalid', `column "${printable(name)}" holds ${what}`)
}

const bytesOf = (array: ArrayBufferView) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

const isValid = (valid: Uint8Array | undefined, index: number) =>
  valid === undefined || (((valid[index >> 3] ?? 0) >> (index & 7)) & 1) === 1

/** Each value that is not null through a function, as 64-bit integers. */
function mapLongs(
  bytes: Uint8Array,
  { count, valid }: TakenValues,
  convert: (value: bigint) => bigint,
): BigInt64Array {
  const from = typed(bytes, BigInt64Array, count)
  const to = new BigInt64Array(count)
  for (let index = 0; index < count; index += 1) {
    if (isValid(valid, index)) to[index] = convert(from[index] ?? 0n)
  }
  return to
}

const microsOf = { second: 1_000_000n, milli: 1000n, micro: 1n } as const

function micros(
  bytes: Uint8Array,
  unit: TimeUnit,
  values: TakenValues,
  inexact: Inexact,
): BigInt64Array {
  if (unit === 'micro') return mapLongs(bytes, values, (value) => value)
  if (unit === 'nano') {
    return mapLongs(bytes, values, (value) => {
      if (value % 1000n === 0n) return value / 1000n
      throw inexact('nanoseconds, which a table does not hold; make them microseconds')
    })
  }
  const factor = microsOf[unit]
  return mapLongs(bytes, values, (value) => {
    const product = value * factor
    if (BigInt.asIntN(64, product) === product) return product
    throw inexact('a time that is too far away for microseconds')
  })
}

const dayMillis = 86_400_000n

function days(bytes: Uint8Array, values: TakenValues, inexact: Inexact): Int32Array {
  const whole = mapLongs(bytes, values, (value) => {
    if (value % dayMillis === 0n) return value / dayMillis
    throw inexact('a date with a time of day')
  })
  return Int32Array.from(whole, Number)
}

function times(
  bytes: Uint8Array,
  unit: TimeUnit,
  values: TakenValues,
  inexact: Inexact,
): Uint8Array {
  const isShort = unit === 'second' || unit === 'milli'
  const whole = isShort
    ? bytesOf(BigInt64Array.from(typed(bytes, Int32Array, values.count), BigInt))
    : bytes
  // DuckDB has times in nanoseconds too; whether they fit the table is decided where they are cast.
  const factor = unit === 'nano' ? 1n : microsOf[unit]
  const day = dayMillis * (unit === 'nano' ? 1_000_000n : 1000n)
  const converted = mapLongs(whole, values, (value) => {
    const result = value * factor
    if (result >= 0n && result < day) return result
    throw inexact('a time of day that no day has')
  })
  return bytesOf(converted)
}

/** Months, days, microseconds: 4, 4 and 8 bytes. */
function intervals({ count }: TakenValues, micros: BigInt64Array): Uint8Array {
  const result = new BigInt64Array(2 * count)
  for (let index = 0; index < count; index += 1) result[2 * index + 1] = micros[index] ?? 0n
  return bytesOf(result)
}

function intervalValues(
  bytes: Uint8Array,
  unit: Extract<ArrowType, { kind: 'interval' }>['unit'],
  { count, valid }: TakenValues,
  inexact: Inexact,
): Uint8Array {
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const to = new DataView(new ArrayBuffer(16 * count))
  for (let index = 0; index < count; index += 1) {
    if (!isValid(valid, index)) continue
    const at = 16 * index
    if (unit === 'month') to.setInt32(at, from.getInt32(4 * index, true), true)
    else if (unit === 'day') {
      to.setInt32(at + 4, from.getInt32(8 * index, true), true)
      to.setBigInt64(at + 8, BigInt(from.getInt32(8 * index + 4, true)) * 1000n, true)
    } else {
      const nanos = from.getBigInt64(at + 8, true)
      if (nanos % 1000n !== 0n) throw inexact('an interval with nanoseconds; make it microseconds')
      to.setInt32(at, from.getInt32(at, true), true)
      to.setInt32(at + 4, from.getInt32(at + 4, true), true)
      to.setBigInt64(at + 8, nanos / 1000n, true)
    }
  }
  return bytesOf(to)
}

/** Half-precision floats, each of which a single holds exactly. */
function halves(bytes: Uint8Array, count: number): Float32Array {
  const from = typed(bytes, Uint16Array, count)
  return Float32Array.from(from, (half) => {
    const sign = half >> 15 === 1 ? -1 : 1
    const exponent = (half >> 10) & 31
    const fraction = half & 1023
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
    if (exponent === 0) return sign * fraction * 2 ** -24
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  })
}

/** DuckDB holds a UUID as a number of 128 bits whose highest bit is flipped, so that it sorts. */
function uuids(bytes: Uint8Array, count: number): Uint8Array {
  const to = new Uint8Array(16 * count)
  for (let at = 0; at < to.length; at += 16) {
    for (let byte = 0; byte < 16; byte += 1) to[at + byte] = bytes[at + 15 - byte] ?? 0
    to[at + 15] = (to[at + 15] ?? 0) ^ 0x80
  }
  return to
}

function decimals(
  bytes: Uint8Array,
  type: Extract<ArrowType, { kind: 'decimal' }>,
  { count, valid }: TakenValues,
  inexact: Inexact,
): Uint8Array {
  const { precision } = type
  const from = type.bits / 8
  const width = precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16
  const limit = 10n ** BigInt(precision)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const to = new Uint8Array(count * width)
  for (let index = 0; index < count; index += 1) {
    if (!isValid(valid, index)) continue
    const value = readDecimal(view, index * from, from)
    if (value >= limit || value <= -limit) {
      throw inexact(`a number of more than the ${precision} digits that its type states`)
    }
    const negative = value < 0n ? 255 : 0
    for (let byte = 0; byte < width; byte += 1) {
      to[index * width + byte] = byte < from ? (bytes[index * from + byte] ?? 0) : negative
    }
  }
  return to
}

function readDecimal(view: DataView, at: number, width: number): bigint {
  if (width === 4) return BigInt(view.getInt32(at, true))
  let value = view.getBigInt64(at + width - 8, true)
  for (let word = width - 16; word >= 0; word -= 8) {
    value = (value << 64n) | view.getBigUint64(at + word, true)
  }
  return value
}
