import { HyperMeshError, printable } from '@hypermesh/contract'
import { damagedArrow, type FlatTable } from './flatbuffer.ts'

export type TimeUnit = 'second' | 'milli' | 'micro' | 'nano'

/** A type of Arrow's columnar format, as far as it says how values lie in memory. */
export type ArrowType =
  | { readonly kind: 'null' | 'bool' }
  | { readonly kind: 'int'; readonly bits: number; readonly signed: boolean }
  | { readonly kind: 'float'; readonly bits: number }
  | {
      readonly kind: 'decimal'
      readonly bits: number
      readonly precision: number
      readonly scale: number
    }
  | { readonly kind: 'date'; readonly unit: 'day' | 'milli' }
  | { readonly kind: 'time' | 'duration'; readonly unit: TimeUnit }
  | { readonly kind: 'timestamp'; readonly unit: TimeUnit; readonly zone: string | undefined }
  | { readonly kind: 'interval'; readonly unit: 'month' | 'day' | 'month-day-nano' }
  | { readonly kind: 'text' | 'binary'; readonly layout: 'small' | 'large' | 'view' }
  | { readonly kind: 'fixed-binary'; readonly bytes: number }
  | { readonly kind: 'list' | 'list-view'; readonly layout: 'small' | 'large' }
  | { readonly kind: 'fixed-list'; readonly length: number }
  | { readonly kind: 'struct' | 'map' }

export interface ArrowField {
  readonly name: string
  readonly type: ArrowType
  readonly children: readonly ArrowField[]
  /** Values are indices of this type into the dictionary of this id. */
  readonly dictionary: { readonly id: number; readonly indices: ArrowType } | undefined
  /** The name of an extension type, such as `arrow.uuid`. */
  readonly extension: string | undefined
}

const depthMax = 50
/** Of all levels: offsets can share tables, so a small file could name endlessly many. */
const fieldsMax = 200_000

/** The columns that a schema message names. Throws `unsupported` for a type that cannot be read. */
export function readSchema(schema: FlatTable): ArrowField[] {
  if (schema.int16(0) !== 0) {
    throw new HyperMeshError('unsupported', 'the Arrow file is big-endian; write it little-endian')
  }
  const budget = { fields: fieldsMax }
  return schema.tables(1).map((field) => readField(field, 0, budget))
}

function readField(table: FlatTable, depth: number, budget: { fields: number }): ArrowField {
  budget.fields -= 1
  if (depth > depthMax || budget.fields < 0) throw damagedArrow('its schema has no end')
  const name = table.text(0) ?? ''
  const dictionary = table.table(4)
  const metadata = new Map(table.tables(6).map((pair) => [pair.text(0), pair.text(1)]))
  const children = table.tables(5).map((child) => readField(child, depth + 1, budget))
  const type = readType(table.int8(2), table.table(3), name)
  assertChildren(type, children)
  return {
    name,
    type,
    children,
    dictionary: dictionary && {
      id: dictionary.int64(0),
      indices: readIndices(dictionary.table(1)),
    },
    extension: metadata.get('ARROW:extension:name'),
  }
}

function readIndices(table: FlatTable | undefined): ArrowType {
  if (table === undefined) return { kind: 'int', bits: 32, signed: true }
  return readType(2, table, 'an index')
}

const units: readonly TimeUnit[] = ['second', 'milli', 'micro', 'nano']

/** `id` is the number of the type in Arrow's union of types. */
function readType(id: number, table: FlatTable | undefined, name: string): ArrowType {
  const int16 = (field: number, absent = 0) => table?.int16(field, absent) ?? absent
  const int32 = (field: number, absent = 0) => table?.int32(field, absent) ?? absent
  const unit = (absent = 0) => oneOf(units, int16(0, absent))
  switch (id) {
    case 1:
      return { kind: 'null' }
    case 2:
      return { kind: 'int', bits: bits(int32(0), [8, 16, 32, 64]), signed: table?.int8(1) === 1 }
    case 3:
      return { kind: 'float', bits: oneOf([16, 32, 64], int16(0)) }
    case 6:
      return { kind: 'bool' }
    case 7:
      return {
        kind: 'decimal',
        bits: bits(int32(2, 128), [32, 64, 128, 256]),
        precision: int32(0),
        scale: int32(1),
      }
    case 8:
      return { kind: 'date', unit: oneOf(['day', 'milli'] as const, int16(0, 1)) }
    case 9:
      return { kind: 'time', unit: unit(1) }
    case 10:
      return { kind: 'timestamp', unit: unit(), zone: table?.text(1) || undefined }
    case 11:
      return {
        kind: 'interval',
        unit: oneOf(['month', 'day', 'month-day-nano'] as const, int16(0)),
      }
    case 13:
      return { kind: 'struct' }
    case 15:
      return { kind: 'fixed-binary', bytes: atLeastZero(int32(0)) }
    case 16:
      return { kind: 'fixed-list', length: atLeastZero(int32(0)) }
    case 17:
      return { kind: 'map' }
    case 18:
      return { kind: 'duration', unit: unit(1) }
  }
  const known = layouts[id]
  if (known !== undefined) return known
  throw new HyperMeshError(
    'unsupported',
    `column "${printable(name)}" is of ${others[id] ?? `type number ${id}`}, which is not read; ` +
      'cast it to another type',
  )
}

const layouts: Readonly<Record<number, ArrowType>> = {
  4: { kind: 'binary', layout: 'small' },
  5: { kind: 'text', layout: 'small' },
  12: { kind: 'list', layout: 'small' },
  19: { kind: 'binary', layout: 'large' },
  20: { kind: 'text', layout: 'large' },
  21: { kind: 'list', layout: 'large' },
  23: { kind: 'binary', layout: 'view' },
  24: { kind: 'text', layout: 'view' },
  25: { kind: 'list-view', layout: 'small' },
  26: { kind: 'list-view', layout: 'large' },
}
const others: Readonly<Record<number, string>> = {
  14: 'an Arrow union type',
  22: 'Arrow’s run-end encoded type',
}

function assertChildren(type: ArrowType, children: readonly ArrowField[]): void {
  const one = ['list', 'list-view', 'fixed-list', 'map'].includes(type.kind)
  const isEntries = type.kind !== 'map' || children[0]?.children.length === 2
  if (one && (children.length !== 1 || !isEntries)) throw damagedArrow('a list has no item type')
}

function oneOf<T>(values: readonly T[], index: number): T {
  const value = values[index]
  if (value === undefined) throw damagedArrow('a type has an unknown unit')
  return value
}

function bits(value: number, known: readonly number[]): number {
  if (known.includes(value)) return value
  throw damagedArrow(`a type of ${value} bits is unknown`)
}

function atLeastZero(value: number): number {
  if (value >= 0) return value
  throw damagedArrow('a width is negative')
}
