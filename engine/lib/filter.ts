import type { ByteWriter } from './byte-writer.ts'
import { type ColumnName, type ColumnRef, resolveColumn, writeColumn } from './columns.ts'
import { EngineError, invalid, quote } from './errors.ts'
import { type Instant, type TimeUnit, toMicros } from './instants.ts'
import type { TableLayout } from './schema.ts'

/** What a column is compared with. */
export type FilterValue = string | number | bigint | boolean | Date

/**
 * A condition on one column; several comparisons in one object must all hold. A null satisfies
 * `isNull` and `eq: null` alone, under `not` as well: as in SQL, 3 is neither less nor not less than it.
 *
 * @example { column: 'amt', gte: 3, lt: 5 }
 */
export interface Comparison {
  readonly column: ColumnName
  readonly eq?: FilterValue | null
  readonly ne?: FilterValue | null
  readonly lt?: FilterValue
  readonly lte?: FilterValue
  readonly gt?: FilterValue
  readonly gte?: FilterValue
  /** Equal to any of these. */
  readonly in?: readonly FilterValue[]
  readonly isNull?: boolean
  /** Strings that start with this. */
  readonly prefix?: string
}

/** A condition on hyperedges, nested at most 64 deep. */
export type Filter =
  | Comparison
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter }

/** What names and values mean where they are encoded. */
export interface EncodeContext {
  readonly layout: TableLayout
  readonly timeUnit: TimeUnit
}

const depthMax = 64
const operators: ReadonlyMap<string, number> = new Map([
  ['eq', 1],
  ['ne', 2],
  ['lt', 3],
  ['lte', 4],
  ['gt', 5],
  ['gte', 6],
  ['in', 7],
  ['isNull', 8],
  ['prefix', 10],
])
const opIsNull = 8
const opIsNotNull = 9

/** `filter` of the wire. */
export function writeFilter(
  writer: ByteWriter,
  filter: unknown,
  context: EncodeContext,
  depth = 1,
): void {
  if (depth > depthMax) throw invalid(`where is nested deeper than ${depthMax}`)
  if (typeof filter !== 'object' || filter === null) {
    throw invalid(`where must be an object, not ${quote(filter)}`)
  }
  if ('column' in filter) {
    writeComparisons(writer, filter as Comparison, context)
    return
  }
  const [name, ...others] = Object.keys(filter)
  const inner: unknown = (filter as Record<string, unknown>)[name ?? '']
  if (others.length > 0) throw invalid(`where mixes ${[name, ...others].join(', ')}; nest them`)
  if (name === 'not') {
    writer.u8(4)
    writeFilter(writer, inner, context, depth + 1)
    return
  }
  if (name !== 'and' && name !== 'or') {
    throw invalid('where needs a column, and, or, or not')
  }
  if (!Array.isArray(inner) || inner.length === 0) {
    throw invalid(`where.${name} must be an array with at least one condition`)
  }
  writer.u8(name === 'and' ? 2 : 3)
  writer.u32(inner.length)
  for (const part of inner) writeFilter(writer, part, context, depth + 1)
}

function writeComparisons(writer: ByteWriter, filter: Comparison, context: EncodeContext): void {
  const column = resolveColumn(context.layout, filter.column)
  if (column.type === 'list') {
    throw invalid(`where cannot compare ${column.name}; use the option members`)
  }
  const comparisons: [string, unknown][] = []
  for (const [name, value] of Object.entries(filter)) {
    if (name === 'column' || value === undefined) continue
    if (!operators.has(name)) throw invalid(`where has no comparison ${quote(name)}`)
    comparisons.push([name, value])
  }
  if (comparisons.length === 0) throw invalid(`where compares ${column.name} with nothing`)
  if (comparisons.length > 1) {
    writer.u8(2)
    writer.u32(comparisons.length)
  }
  for (const [name, value] of comparisons) {
    writer.u8(1)
    writeColumn(writer, column)
    writeOperands(writer, { name, value, column, context })
  }
}

interface Operation {
  readonly name: string
  readonly value: unknown
  readonly column: ColumnRef
  readonly context: EncodeContext
}

function writeOperands(writer: ByteWriter, operation: Operation): void {
  const { name, value, column, context } = operation
  const nullTest = toNullTest(name, value)
  if (nullTest !== undefined) {
    writer.u8(nullTest)
    writer.u32(0)
    return
  }
  writer.u8(operators.get(name) ?? 0)
  if (name === 'in') {
    if (!Array.isArray(value)) throw invalid(`where.in of ${column.name} must be an array`)
    writer.u32(value.length)
    for (const one of value) writeValue(writer, column, one, context)
    return
  }
  if (name === 'prefix' && column.type !== 'string') {
    throw mismatch(column, 'prefix', value)
  }
  writer.u32(1)
  writeValue(writer, column, value, context)
}

function toNullTest(name: string, value: unknown): number | undefined {
  if (name === 'isNull') {
    if (typeof value !== 'boolean') throw invalid('where.isNull must be true or false')
    return value ? opIsNull : opIsNotNull
  }
  if (value !== null) return undefined
  if (name === 'eq') return opIsNull
  if (name === 'ne') return opIsNotNull
  throw invalid(`where.${name} cannot be null`)
}

function writeValue(
  writer: ByteWriter,
  column: ColumnRef,
  value: unknown,
  context: EncodeContext,
): void {
  if (column.type === 'string') {
    if (typeof value !== 'string') throw mismatch(column, 'a string', value)
    writer.u8(3)
    writer.text(value)
    return
  }
  if (column.type === 'timestamp') {
    const micros = toMicros(value, context.timeUnit, `where on ${column.name}`)
    writer.u8(1)
    if (typeof micros === 'number') writer.int(micros)
    else writer.i64(micros)
    return
  }
  if (column.type === 'bool') {
    if (typeof value !== 'boolean') throw mismatch(column, 'true or false', value)
    writer.u8(1)
    writer.int(value ? 1 : 0)
    return
  }
  writeNumber(writer, column, value)
}

function writeNumber(writer: ByteWriter, column: ColumnRef, value: unknown): void {
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value) {
      throw invalid(`where compares ${column.name} with ${value}, which is not an int64`)
    }
    writer.u8(1)
    writer.i64(value)
    return
  }
  if (typeof value !== 'number') throw mismatch(column, 'a number', value)
  if (Number.isNaN(value)) throw invalid(`where compares ${column.name} with NaN`)
  // An integer column is compared exactly with a float, and the other way round.
  if (column.type === 'int64' && Number.isSafeInteger(value)) {
    writer.u8(1)
    writer.int(value)
  } else {
    writer.u8(2)
    writer.f64(value)
  }
}

function mismatch(column: ColumnRef, expected: string, value: unknown): EngineError {
  const message = `${column.name} is ${column.type}: where takes ${expected}, not ${quote(value)}`
  return new EngineError('type_mismatch', message)
}

/** An instant of an option, as i64. */
export function writeInstant(
  writer: ByteWriter,
  value: Instant,
  unit: TimeUnit,
  name: string,
): void {
  const micros = toMicros(value, unit, name)
  if (typeof micros === 'number') writer.int(micros)
  else writer.i64(micros)
}
