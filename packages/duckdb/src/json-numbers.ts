import { DuckDBDecimalType, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api'
import type { ByteSink } from './byte-sink.ts'
import type { ColumnVector } from './column-vector.ts'
import { FixedText } from './fixed-text.ts'
import { doubleWriter } from './json-doubles.ts'
import { decimalText } from './planned-value.ts'
import { floatText, wholeJson } from './scalar-text.ts'
import type { ValueWriter } from './value-writer.ts'

const two32 = 4_294_967_296
const trueText = new FixedText('true')
const falseText = new FixedText('false')

/** Integers: JSON numbers up to 2^53-1 either way, else decimal strings. */
export function integerWriter(
  vector: ColumnVector,
  type: DuckDBType,
  sink: ByteSink,
): ValueWriter | undefined {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN: {
      const data = vector.data(1)
      return (index) => sink.put(data[index] === 0 ? falseText : trueText)
    }
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
      return longWriter(vector, type.typeId === DuckDBTypeId.BIGINT, sink)
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT: {
      const read = hugeReader(vector, type.typeId === DuckDBTypeId.HUGEINT)
      return (index) => sink.ascii(wholeJson(read(index)))
    }
    default: {
      const values = smallIntegers(vector, type.typeId)
      return values && ((index) => sink.integer(values[index] as number))
    }
  }
}

function smallIntegers(vector: ColumnVector, typeId: DuckDBTypeId) {
  const view = <T>(
    array: new (buffer: ArrayBufferLike, offset: number, length: number) => T,
    bytes: number,
  ) => {
    const data = vector.data(bytes)
    return new array(data.buffer, data.byteOffset, vector.count)
  }
  switch (typeId) {
    case DuckDBTypeId.TINYINT:
      return view(Int8Array, 1)
    case DuckDBTypeId.SMALLINT:
      return view(Int16Array, 2)
    case DuckDBTypeId.INTEGER:
      return view(Int32Array, 4)
    case DuckDBTypeId.UTINYINT:
      return view(Uint8Array, 1)
    case DuckDBTypeId.USMALLINT:
      return view(Uint16Array, 2)
    case DuckDBTypeId.UINTEGER:
      return view(Uint32Array, 4)
    default:
      return undefined
  }
}

function longWriter(vector: ColumnVector, signed: boolean, sink: ByteSink): ValueWriter {
  const data = vector.data(8)
  const low = new Uint32Array(data.buffer, data.byteOffset, vector.count * 2)
  const high = new Int32Array(data.buffer, data.byteOffset, vector.count * 2)
  const wide = new BigInt64Array(data.buffer, data.byteOffset, vector.count)
  return (index) => {
    const upper = high[index * 2 + 1] as number
    // Within ±2^53; the one value at -2^53 is left to the exact way.
    if (upper >= -2_097_152 && upper < 2_097_152 && (signed || upper >= 0)) {
      const value = upper * two32 + (low[index * 2] as number)
      if (value >= Number.MIN_SAFE_INTEGER) {
        sink.integer(value)
        return
      }
    }
    const exact = wide[index] as bigint
    sink.ascii(wholeJson(signed ? exact : BigInt.asUintN(64, exact)))
  }
}

export function hugeReader(vector: ColumnVector, signed: boolean): (index: number) => bigint {
  const data = vector.data(16)
  const low = new BigUint64Array(data.buffer, data.byteOffset, vector.count * 2)
  const high = new BigInt64Array(data.buffer, data.byteOffset, vector.count * 2)
  return (index) => {
    const value = ((high[index * 2 + 1] as bigint) << 64n) | (low[index * 2] as bigint)
    return signed ? value : BigInt.asUintN(128, value)
  }
}

/** Floating point and decimals. */
export function numberWriter(
  vector: ColumnVector,
  type: DuckDBType,
  sink: ByteSink,
): ValueWriter | undefined {
  switch (type.typeId) {
    case DuckDBTypeId.DOUBLE: {
      const data = vector.data(8)
      return doubleWriter(new Float64Array(data.buffer, data.byteOffset, vector.count), sink)
    }
    case DuckDBTypeId.FLOAT: {
      const data = vector.data(4)
      const values = new Float32Array(data.buffer, data.byteOffset, vector.count)
      return (index) => writeFloat(sink, values[index] as number)
    }
    case DuckDBTypeId.DECIMAL: {
      return decimalWriter(vector, type, sink)
    }
    default:
      return undefined
  }
}

function writeFloat(sink: ByteSink, value: number): void {
  sink.ascii(Number.isFinite(value) ? floatText(value) : `"${value}"`)
}

/** Above it a quotient of two whole numbers may be rounded up to a whole one. */
const quotientMax = 1e15

function decimalWriter(vector: ColumnVector, type: DuckDBType, sink: ByteSink): ValueWriter {
  const exact = unscaledReader(vector, type)
  const short = shortUnscaledReader(vector, type)
  const scale = decimalScale(type)
  const unit = 10 ** scale
  return (index) => {
    const value = short(index)
    if (!(Math.abs(value) < quotientMax)) {
      sink.ascii(`"${decimalText(exact(index), scale)}"`)
      return
    }
    sink.byte(34)
    if (value < 0) sink.byte(45)
    const magnitude = Math.abs(value)
    const whole = Math.floor(magnitude / unit)
    sink.integer(whole)
    if (scale > 0) {
      sink.byte(46)
      sink.padded(magnitude - whole * unit, scale)
    }
    sink.byte(34)
  }
}

/** As a number; NaN where it does not fit one. */
function shortUnscaledReader(vector: ColumnVector, type: DuckDBType): (index: number) => number {
  const width = 'width' in type ? Number(type.width) : 38
  if (width > 18) return () => Number.NaN
  if (width <= 9) {
    const values = smallIntegers(vector, width > 4 ? DuckDBTypeId.INTEGER : DuckDBTypeId.SMALLINT)
    return (index) => values?.[index] ?? 0
  }
  const data = vector.data(8)
  const low = new Uint32Array(data.buffer, data.byteOffset, vector.count * 2)
  const high = new Int32Array(data.buffer, data.byteOffset, vector.count * 2)
  return (index) => {
    const upper = high[index * 2 + 1] as number
    if (upper < -2_097_152 || upper >= 2_097_152) return Number.NaN
    return upper * two32 + (low[index * 2] as number)
  }
}

/** A decimal's integer, from as many bytes as its width takes. */
export function unscaledReader(vector: ColumnVector, type: DuckDBType): (index: number) => bigint {
  const width = 'width' in type ? Number(type.width) : 38
  if (width > 18) return hugeReader(vector, true)
  if (width > 9) {
    const data = vector.data(8)
    const values = new BigInt64Array(data.buffer, data.byteOffset, vector.count)
    return (index) => values[index] as bigint
  }
  const values = smallIntegers(vector, width > 4 ? DuckDBTypeId.INTEGER : DuckDBTypeId.SMALLINT)
  return (index) => BigInt(values?.[index] ?? 0)
}

function decimalScale(type: DuckDBType): number {
  return type instanceof DuckDBDecimalType ? type.scale : 0
}
