import type { ByteWriter } from './byte-writer.ts'
import { EngineError, invalid, quote } from './errors.ts'
import { microsMax, microsMin, type TimeUnit, toMicros } from './instants.ts'
import { type PropertySchema, propertyTypeCodes, type TableLayout } from './schema.ts'
import { typedArrayOf } from './typed-arrays.ts'

/** A property's value: by its type, or null. A timestamp is an instant. */
export type PropertyValue = string | number | bigint | boolean | Date | null

/** Property name → value. What is left out is null in an insert, and unchanged in an update. */
export type PropertyValues = Readonly<Record<string, PropertyValue | undefined>>

/** What a missing value means. */
export const presence = { null: 0, value: 1, unchanged: 2 } as const

/** `properties` of the wire, from one record a row. */
export function writePropertyRows(
  writer: ByteWriter,
  rows: readonly (PropertyValues | undefined)[],
  context: PropertyContext,
): void {
  const used = usedProperties(rows, context.layout)
  writer.u16(used.length)
  for (const property of used) writePropertyRow(writer, property, rows, context)
}

/** What property values are encoded with. */
export interface PropertyContext {
  readonly layout: TableLayout
  readonly timeUnit: TimeUnit
  /** What a value that is not given means. */
  readonly missing: 0 | 2
}

function usedProperties(
  rows: readonly (PropertyValues | undefined)[],
  layout: TableLayout,
): readonly PropertySchema[] {
  const used: PropertySchema[] = []
  const seen = new Set<number>()
  for (const props of rows) {
    if (props === undefined) continue
    if (typeof props !== 'object' || props === null) {
      throw invalid(`props must be an object, not ${quote(props)}`)
    }
    for (const name in props) {
      const property = layout.property(name)
      if (seen.has(property.index)) continue
      seen.add(property.index)
      used.push(property)
    }
  }
  return used
}

function writePropertyRow(
  writer: ByteWriter,
  property: PropertySchema,
  rows: readonly (PropertyValues | undefined)[],
  context: PropertyContext,
): void {
  const { name, type, index } = property
  writer.u16(index)
  writer.u8(propertyTypeCodes[type])
  const allGiven = rows.every((props) => (givenValue(props, name) ?? null) !== null)
  writer.u8(allGiven ? 0 : 1)
  if (!allGiven) {
    writer.align8()
    for (const props of rows) {
      const value = givenValue(props, name)
      if (value === undefined) writer.u8(context.missing)
      else writer.u8(value === null ? presence.null : presence.value)
    }
  }
  writer.align8()
  if (type === 'string') {
    writeTexts(writer, rows, property)
    return
  }
  for (const props of rows) {
    const value = givenValue(props, name)
    if (value === undefined || value === null) writer.int(0)
    else writeScalar(writer, property, value, context.timeUnit)
  }
}

/** A property may be called `constructor`: what every object has by birth is not given. */
function givenValue(props: PropertyValues | undefined, name: string): PropertyValue | undefined {
  if (props === undefined) return undefined
  return name in Object.prototype && !Object.hasOwn(props, name) ? undefined : props[name]
}

function writeTexts(
  writer: ByteWriter,
  rows: readonly (PropertyValues | undefined)[],
  property: PropertySchema,
): void {
  const offsets = writer.skip((rows.length + 1) * 4)
  let end = 0
  writer.patchU32(offsets, 0)
  for (let row = 0; row < rows.length; row++) {
    const value = givenValue(rows[row], property.name)
    if (typeof value === 'string') end += writer.utf8(value)
    else if (value !== undefined && value !== null) throw mismatch(property, value)
    writer.patchU32(offsets + (row + 1) * 4, end)
  }
}

/** Eight bytes. */
function writeScalar(
  writer: ByteWriter,
  property: PropertySchema,
  value: PropertyValue,
  unit: TimeUnit,
): void {
  const { name, type } = property
  if (type === 'float64') {
    if (typeof value !== 'number') throw mismatch(property, value)
    if (!Number.isFinite(value)) throw invalid(`property ${name} must be finite, not ${value}`)
    writer.f64(value)
  } else if (type === 'bool') {
    if (typeof value !== 'boolean') throw mismatch(property, value)
    writer.int(value ? 1 : 0)
  } else if (type === 'timestamp') {
    if (typeof value === 'boolean') throw mismatch(property, value)
    const micros = toMicros(value, unit, `property ${name}`)
    if (typeof micros === 'number') writer.int(micros)
    else writer.i64(micros)
  } else {
    writeInteger(writer, property, value)
  }
}

function writeInteger(writer: ByteWriter, property: PropertySchema, value: PropertyValue): void {
  const { name } = property
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value) {
      throw invalid(`property ${name} must be an int64, not ${value}`)
    }
    writer.i64(value)
    return
  }
  if (typeof value !== 'number') throw mismatch(property, value)
  if (!Number.isSafeInteger(value)) {
    const exact = 'a whole number within ±(2^53 − 1), or a bigint'
    throw new EngineError('type_mismatch', `property ${name} is int64: give ${exact}, not ${value}`)
  }
  writer.int(value)
}

/**
 * Numbers of a property: an int64 of any of these, where a Float64Array holds whole numbers; a
 * float64 of a Float64Array; a timestamp of a BigInt64Array of microseconds, in range where it is null
 * as well.
 */
export type PropertyNumbers = Float64Array | BigInt64Array | Int32Array | Uint32Array

/** Values of one property, one a row. */
export type PropertyColumn =
  | PropertyNumbers
  | readonly (PropertyValue | undefined)[]
  | { readonly values: PropertyNumbers; readonly present: Uint8Array }

/** `properties` of the wire, from one array a property. */
export function writePropertyColumns(
  writer: ByteWriter,
  columns: Readonly<Record<string, PropertyColumn>>,
  rowCount: number,
  { layout, timeUnit }: Pick<PropertyContext, 'layout' | 'timeUnit'>,
): void {
  const names = Object.keys(columns)
  writer.u16(names.length)
  for (let place = 0; place < names.length; place++) {
    const name = names[place] as string
    const property = layout.property(name)
    const column = columns[name]
    if (Array.isArray(column)) {
      assertLength(column.length, rowCount, name)
      // Unlike `map`, it takes a hole for what reads as undefined.
      const rows = Array.from(column, (value: PropertyValue | undefined) => ({ [name]: value }))
      writePropertyRow(writer, property, rows, { layout, timeUnit, missing: presence.null })
    } else {
      writeTypedColumn(writer, property, column, rowCount)
    }
  }
}

function writeTypedColumn(
  writer: ByteWriter,
  property: PropertySchema,
  column: unknown,
  rowCount: number,
): void {
  const { name, type, index } = property
  let values = column
  let present: unknown
  let array = typedArrayOf(values)
  if (array === undefined) {
    // Nothing was checked yet.
    ;({ values, present } = Object(column))
    array = typedArrayOf(values)
  }
  if (!holds(type, array)) {
    throw new EngineError('type_mismatch', `property ${name} is ${type}: give ${typedArrays[type]}`)
  }
  const numbers = values as PropertyNumbers
  assertLength(numbers.length, rowCount, name)
  if (present !== undefined) {
    if (!(present instanceof Uint8Array))
      throw invalid(`props.${name}.present must be a Uint8Array`)
    assertLength(present.length, rowCount, name)
  }
  // With `present` the numbers of nulls are nobody's business; the core checks the others.
  if (type === 'float64' && present === undefined) {
    const row = notFinite(numbers as Float64Array)
    if (row >= 0) {
      throw invalid(`property ${name} of row ${row} must be finite, not ${numbers[row]}`)
    }
  }
  if (type === 'timestamp') assertInstants(numbers as BigInt64Array, name)
  // u16 number, u8 type, u8 whether presences follow.
  writer.u32(index | (propertyTypeCodes[type] << 16) | (present === undefined ? 0 : 1 << 24))
  if (present !== undefined) {
    writer.align8()
    writer.array(present)
  }
  writer.align8()
  if (type !== 'int64' || array === 'BigInt64Array') {
    writer.array(numbers)
    return
  }
  const row = writer.integers(numbers as Exclude<PropertyNumbers, BigInt64Array>, present)
  if (row < 0) return
  const exact = 'a whole number within ±(2^53 − 1)'
  throw invalid(`property ${name} of row ${row} must be ${exact}, not ${numbers[row]}`)
}

const typedArrays: Readonly<Record<PropertySchema['type'], string>> = {
  bool: 'an array',
  string: 'an array',
  int64: 'an array, or a BigInt64Array, Int32Array, Uint32Array or Float64Array',
  float64: 'an array or a Float64Array',
  timestamp: 'an array or a BigInt64Array of microseconds',
}

/** Whether a typed array of that name may give a property of the type. */
function holds(type: PropertySchema['type'], array: string | undefined): boolean {
  if (array === 'Float64Array') return type === 'float64' || type === 'int64'
  if (array === 'BigInt64Array') return type === 'int64' || type === 'timestamp'
  return type === 'int64' && (array === 'Int32Array' || array === 'Uint32Array')
}

/** The ends of int64 are no instants: rows could not give them either. */
function assertInstants(values: BigInt64Array, name: string): void {
  const row = values.findIndex((value) => value < microsMin || value > microsMax)
  if (row < 0) return
  throw invalid(`property ${name} of row ${row} is out of range: ${values[row]} µs`)
}

/** The first row whose number is not finite; else −1. */
export function notFinite(values: Float64Array): number {
  for (let row = 0; row < values.length; row++) if (!Number.isFinite(values[row])) return row
  return -1
}

/** Throws `invalid` unless a column has one value a row. */
export function assertLength(length: number, rowCount: number, name: string): void {
  if (length !== rowCount) throw invalid(`${name} has ${length} values for ${rowCount} rows`)
}

function mismatch(property: PropertySchema, value: unknown): EngineError {
  const { name, type } = property
  return new EngineError('type_mismatch', `property ${name} is ${type}, not ${quote(value)}`)
}
