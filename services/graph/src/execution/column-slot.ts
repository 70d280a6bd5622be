import { type ColumnBatch, type ColumnName, microsNever, type TableSchema } from '@hypermesh/engine'
import type { Value, ValueType } from './value-type.ts'

type Read = (row: number) => Value

interface FixedColumn {
  readonly column: ColumnName
  readonly type: ValueType
}

/** What every hyperedge has, by its name in the language, in the order of `RETURN *`. */
const fixedColumns: ReadonlyMap<string, FixedColumn> = new Map([
  ['id', { column: 'id', type: 'int64' }],
  ['event_ts', { column: 'at', type: 'timestamp' }],
  ['valid_to', { column: 'until', type: 'timestamp' }],
  ['weight', { column: 'weight', type: 'float64' }],
  ['label', { column: 'label', type: 'string' }],
  ['members', { column: 'members', type: 'list<node>' }],
  ['roles', { column: 'roles', type: 'list<string>' }],
  ['key', { column: 'key', type: 'string' }],
  ['arity', { column: 'arity', type: 'int64' }],
  ['seq', { column: 'seq', type: 'int64' }],
])
/** `RETURN *` leaves out what is derived. */
const derived: ReadonlySet<string> = new Set(['arity', 'seq'])

export function columnNamesOf({ properties }: TableSchema): string[] {
  const fixed = [...fixedColumns.keys()]
  return [...fixed, ...properties.map(({ name }) => name).filter((name) => !fixedColumns.has(name))]
}

export function returnedNamesOf(schema: TableSchema): string[] {
  return columnNamesOf(schema).filter((name) => !derived.has(name))
}

/** A column as an expression reads it, from whichever rows were loaded last. */
export class ColumnSlot {
  readonly name: string
  readonly column: ColumnName
  readonly type: ValueType
  readonly isProperty: boolean
  #read: Read = () => null

  private constructor(name: string, fixed: FixedColumn, isProperty: boolean) {
    this.name = name
    this.column = fixed.column
    this.type = fixed.type
    this.isProperty = isProperty
  }

  /** Undefined where the table has no such column. */
  static of(schema: TableSchema, name: string): ColumnSlot | undefined {
    const fixed = fixedColumns.get(name)
    if (fixed !== undefined) return new ColumnSlot(name, fixed, false)
    const property = schema.properties.find((one) => one.name === name)
    if (property === undefined) return undefined
    return new ColumnSlot(name, { column: { property: name }, type: property.type }, true)
  }

  get(row: number): Value {
    return this.#read(row)
  }

  /** Reads from a batch that has the column. */
  load(batch: ColumnBatch<unknown>): void {
    this.#read = this.#reader(batch)
  }

  /** Reads values that were kept. */
  hold(values: readonly Value[]): void {
    this.#read = (row) => values[row] ?? null
  }

  #reader(batch: ColumnBatch<unknown>): Read {
    const { type } = this
    const name = this.#nameIn(batch)
    if (type === 'list<node>' || type === 'list<string>') return listReader(batch, name)
    if (type === 'timestamp') return instantReader(batch, name)
    const values = batch.values(name) as ArrayLike<Value>
    return (row) => values[row] ?? null
  }

  #nameIn(batch: ColumnBatch<unknown>): string {
    if (!this.isProperty) return String(this.column)
    const prefixed = `props.${this.name}`
    return batch.columnNames.includes(prefixed) ? prefixed : this.name
  }
}

function listReader(batch: ColumnBatch<unknown>, name: string): Read {
  const values = batch.values(name) as ArrayLike<Value>
  const offsets = batch.column(name).offsets ?? new Uint32Array(1)
  return (row) => {
    const start = offsets[row] ?? 0
    const list: Value[] = []
    const end = offsets[row + 1] ?? start
    for (let at = start; at < end; at++) list.push(values[at] ?? null)
    return list
  }
}

/** Microseconds, whatever unit the database counts in. */
function instantReader(batch: ColumnBatch<unknown>, name: string): Read {
  const { values, validity } = batch.column(name)
  return (row) => {
    if (validity !== undefined && ((validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0) return null
    const micros = values[row] as bigint
    return micros === microsNever ? null : micros
  }
}
