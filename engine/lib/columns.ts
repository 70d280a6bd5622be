import type { ByteWriter } from './byte-writer.ts'
import { invalid, quote } from './errors.ts'
import type { PropertyType, TableLayout } from './schema.ts'

/** What every hyperedge has, by the name that options and rows use. */
export type FixedColumn =
  | 'id'
  | 'at'
  | 'until'
  | 'weight'
  | 'label'
  | 'arity'
  | 'members'
  | 'roles'
  | 'key'
  | 'seq'

/**
 * A column of a table: one that every hyperedge has, or the name of a property. Where a property has
 * the name of a fixed column, `{ property: 'label' }` means the property.
 */
export type ColumnName = FixedColumn | (string & {}) | { readonly property: string }

/** The column kinds of the wire. */
export const columnKinds = {
  id: 1,
  at: 2,
  until: 3,
  weight: 4,
  label: 5,
  arity: 6,
  members: 7,
  roles: 8,
  key: 9,
  property: 10,
  seq: 11,
} as const

/** A column as a plan names it. */
export interface ColumnRef {
  readonly kind: number
  /** The number of the property, else 0. */
  readonly property: number
  readonly name: string
  readonly type: PropertyType | 'list'
}

const fixed: ReadonlyMap<string, ColumnRef> = new Map(
  (
    [
      ['id', 'int64'],
      ['at', 'timestamp'],
      ['until', 'timestamp'],
      ['weight', 'float64'],
      ['label', 'string'],
      ['arity', 'int64'],
      ['members', 'list'],
      ['roles', 'list'],
      ['key', 'string'],
      ['seq', 'int64'],
    ] as const
  ).map(([name, type]) => [name, { kind: columnKinds[name], property: 0, name, type }]),
)

/** What a find returns unless told: everything but `arity` and `seq`. */
const defaultColumns = ['id', 'at', 'until', 'weight', 'label', 'members', 'roles', 'key']

/** The column of that name; `not_found` when there is none. */
export function resolveColumn(layout: TableLayout, column: unknown): ColumnRef {
  if (typeof column === 'string') {
    const known = fixed.get(column)
    return known ?? propertyColumn(layout, column)
  }
  if (typeof column === 'object' && column !== null && 'property' in column) {
    if (typeof column.property === 'string') return propertyColumn(layout, column.property)
  }
  throw invalid(`a column is a name or { property: name }, not ${quote(column)}`)
}

/** A property as a column. */
export function propertyColumn(layout: TableLayout, name: string): ColumnRef {
  const { index, type } = layout.property(name)
  return { kind: columnKinds.property, property: index, name, type }
}

/** The most columns of a result: their count is 16 bits. */
const columnsMax = 65_535

/** u16 × column. */
export function writeColumns(writer: ByteWriter, layout: TableLayout, columns: unknown): void {
  if (columns === undefined) {
    writeColumnCount(writer, defaultColumns.length + layout.schema.properties.length)
    for (const name of defaultColumns) writeColumn(writer, resolveColumn(layout, name))
    writeProperties(writer, layout)
    return
  }
  if (!Array.isArray(columns)) throw invalid('columns must be an array of names')
  const { lastColumns } = layout
  if (lastColumns !== undefined && areSame(columns, lastColumns.names)) {
    writer.few(lastColumns.bytes)
    return
  }
  const from = writer.length
  writeColumnCount(writer, columns.length)
  // Read once: what is remembered must be what was written, whatever a getter says next.
  const asked: readonly unknown[] = [...columns]
  for (const column of asked) writeColumn(writer, resolveColumn(layout, column))
  if (asked.length < rememberedMin || asked.length > rememberedMax || !areNames(asked)) return
  layout.lastColumns = { names: asked, bytes: writer.bytes().slice(from) }
}

function areNames(columns: readonly unknown[]): columns is readonly string[] {
  return columns.every((column) => typeof column === 'string')
}

/** Fewer are found as soon, and more are rarely asked for again. */
const rememberedMin = 3
const rememberedMax = 32

function areSame(columns: readonly unknown[], names: readonly string[]): boolean {
  if (columns.length !== names.length) return false
  for (let place = 0; place < names.length; place++) {
    if (columns[place] !== names[place]) return false
  }
  return true
}

/** The u16 before so many columns. */
export function writeColumnCount(writer: ByteWriter, count: number): void {
  if (count > columnsMax) throw invalid(`columns has ${count} names, at most ${columnsMax}`)
  writer.u16(count)
}

/** Every property of the table, without a count. */
export function writeProperties(writer: ByteWriter, layout: TableLayout): void {
  for (const { index } of layout.schema.properties) {
    writer.u8(columnKinds.property)
    writer.u16(index)
  }
}

/** u8 kind, u16 property. */
export function writeColumn(writer: ByteWriter, column: ColumnRef): void {
  writer.u8(column.kind)
  writer.u16(column.property)
}
