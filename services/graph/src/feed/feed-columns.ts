import {
  type GraphPropertyType,
  HyperMeshError,
  printable,
  quoteIdentifier,
  type SqlColumn,
} from '@hypermesh/contract'
import type { FeedMapping } from './feed-state.ts'

/** What a column of rows is for. */
export type ColumnUse =
  | { readonly kind: 'time' | 'until' | 'weight' | 'label' | 'key' }
  | { readonly kind: 'member'; readonly role: string | undefined }
  | { readonly kind: 'property'; readonly name: string; readonly type: GraphPropertyType }

/** A column of a feed: how it is selected, so that its values come in one form whatever its type. */
export interface FeedColumn {
  readonly name: string
  readonly use: ColumnUse
  readonly sql: string
  /** Whole numbers of 64 bits: those that JSON cannot hold come as texts. */
  readonly isInteger: boolean
}

const integers = new Set([
  ...['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT'],
  ...['UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT'],
])
const texts = /^(VARCHAR|UUID|JSON|ENUM\b.*)$/
const instants = /^(DATE|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE)$/
const numbers = /^(FLOAT|DOUBLE|DECIMAL\(.*\))$/
const unitMicros = { s: 1_000_000, ms: 1000, us: 1 } as const

/** Finds the columns of a mapping; throws for one that is not there or is of another type. */
export function feedColumns(
  columns: readonly SqlColumn[],
  mapping: FeedMapping,
  propertyTypes: Readonly<Record<string, GraphPropertyType>>,
): FeedColumn[] {
  const typeOf = (name: string) => findColumn(columns, name)
  const { time, until, weight, label, key, members, properties, time_unit: unit } = mapping
  const instant = (name: string, kind: 'time' | 'until') => instantColumn(typeOf(name), kind, unit)
  return [
    instant(time, 'time'),
    ...(until === undefined ? [] : [instant(until, 'until')]),
    ...(weight === undefined ? [] : [weightColumn(typeOf(weight))]),
    ...(label === undefined ? [] : [textColumn(typeOf(label), 'label')]),
    ...(key === undefined ? [] : [textColumn(typeOf(key), 'key')]),
    ...members.map(({ column, role }) => memberColumn(typeOf(column), role)),
    ...Object.entries(properties).map(([name, column]) =>
      propertyColumn(typeOf(column), name, propertyTypes[name]),
    ),
  ]
}

/** The type of the property that holds what a column does. */
export function propertyTypeOf({ name, type }: SqlColumn): GraphPropertyType {
  if (type === 'BOOLEAN') return 'bool'
  if (integers.has(type)) return 'int64'
  if (numbers.test(type)) return 'float64'
  if (texts.test(type)) return 'string'
  if (instants.test(type)) return 'timestamp'
  throw mismatch({ name, type }, 'a scalar as property; make one of it in a query')
}

export function findColumn(columns: readonly SqlColumn[], name: string): SqlColumn {
  const lower = name.toLowerCase()
  const found =
    columns.find((each) => each.name === name) ??
    columns.find((each) => each.name.toLowerCase() === lower)
  if (found !== undefined) return found
  throw new HyperMeshError('invalid', `the rows have no column ${printable(name)}`, {
    details: { column: name },
  })
}

function instantColumn(
  column: SqlColumn,
  kind: 'time' | 'until',
  unit: keyof typeof unitMicros,
): FeedColumn {
  const { name, type } = column
  const quoted = quoteIdentifier(name)
  const use = { kind }
  if (integers.has(type)) {
    const sql = `CAST(${quoted} AS HUGEINT) * ${unitMicros[unit]}`
    return { name, use, sql, isInteger: true }
  }
  if (numbers.test(type)) {
    const sql = `CAST(round(CAST(${quoted} AS DOUBLE) * ${unitMicros[unit]}) AS HUGEINT)`
    return { name, use, sql, isInteger: true }
  }
  if (!instants.test(type) && type !== 'VARCHAR') {
    throw mismatch(column, `instants, dates, numbers or ISO texts as ${kind}`)
  }
  const cast = type === 'DATE' || /_(S|MS|NS)$/.test(type) ? 'TIMESTAMP' : 'TIMESTAMPTZ'
  // A time without a zone is of UTC, as everywhere here; a text that is no instant makes a bad row.
  const value = type === 'TIMESTAMP' ? quoted : `TRY_CAST(${quoted} AS ${cast})`
  const sql = `CASE WHEN isfinite(${value}) THEN epoch_us(${value}) END`
  return { name, use, sql, isInteger: true }
}

function weightColumn(column: SqlColumn): FeedColumn {
  const { name, type } = column
  if (!numbers.test(type) && !integers.has(type)) throw mismatch(column, 'numbers as weight')
  const sql = `CAST(${quoteIdentifier(name)} AS DOUBLE)`
  return { name, use: { kind: 'weight' }, sql, isInteger: false }
}

function textColumn(column: SqlColumn, kind: 'label' | 'key'): FeedColumn {
  const { name, type } = column
  const isScalar = texts.test(type) || integers.has(type)
  if (!isScalar) throw mismatch(column, `texts, whole numbers or UUIDs as ${kind}`)
  const sql = `CAST(${quoteIdentifier(name)} AS VARCHAR)`
  return { name, use: { kind }, sql, isInteger: false }
}

function memberColumn(column: SqlColumn, role: string | undefined): FeedColumn {
  const { name, type } = column
  const element = type.replace(/\[\d*\]$/, '')
  const isInteger = integers.has(element)
  if (!isInteger && !texts.test(element)) {
    throw mismatch(column, 'texts, whole numbers or UUIDs, or lists of them, as members')
  }
  return { name, use: { kind: 'member', role }, sql: quoteIdentifier(name), isInteger }
}

function propertyColumn(
  column: SqlColumn,
  name: string,
  declared: GraphPropertyType | undefined,
): FeedColumn {
  const natural = propertyTypeOf(column)
  const type = declared ?? natural
  const quoted = quoteIdentifier(column.name)
  const use = { kind: 'property', name, type } as const
  const base = { name: column.name, use, isInteger: type === 'int64' || type === 'timestamp' }
  if (type === 'string') return { ...base, sql: `CAST(${quoted} AS VARCHAR)` }
  if (type === 'float64' && (natural === 'int64' || natural === 'float64')) {
    return { ...base, sql: `CAST(${quoted} AS DOUBLE)` }
  }
  if (type !== natural) throw mismatch(column, `what is ${type} for the property ${name}`)
  if (type !== 'timestamp') return { ...base, sql: quoted }
  return { ...base, sql: instantColumn(column, 'time', 'us').sql }
}

function mismatch({ name, type }: SqlColumn, wanted: string): HyperMeshError {
  const message = `${printable(name)} is ${type}; a feed takes ${wanted}`
  return new HyperMeshError('type_mismatch', message, { details: { column: name, given: type } })
}
