import type { Batch, IndexColumn, TableLimits } from './batch.ts'
import { columnKinds } from './columns.ts'
import { EngineError, invalid, quote } from './errors.ts'
import { toMicrosSpan } from './instants.ts'
import { assertFields } from './known-names.ts'
import {
  assertIdentifier,
  type PropertyType,
  propertyTypeCode,
  type TableSchema,
} from './schema.ts'

/** What `createTable` declares. */
export interface TableDeclaration extends TableOptions {
  /** Name → type. More can be added later; none can be taken away. */
  readonly properties?: Readonly<Record<string, PropertyType>>
  /** Name → one or two columns (`label` or properties), all but the last compared for equality. */
  readonly indexes?: Readonly<Record<string, readonly string[]>>
}

/** What can be set again at any time. */
export interface TableOptions {
  /** Hyperedges whose `at` is older than this are neither seen nor kept; null: none. */
  readonly ttlMs?: number | null
  /** How long replaced versions stay readable as of the past; null: for ever, as unless said. */
  readonly historyMs?: number | null
  /** The most members of one hyperedge; 1,048,576 unless said. */
  readonly arityMax?: number
}

const arityMaxDefault = 1 << 20
const forEver = 2n ** 63n - 1n

/** Adds the creation of a table to a batch. */
export function declareTable(batch: Batch, name: string, declaration: TableDeclaration): void {
  assertIdentifier(name, 'a table')
  assertFields(declaration, 'the declaration of a table')
  const properties = toProperties(declaration.properties ?? {})
  const places = new Map(properties.map(([property], place) => [property, place]))
  const indexes = Object.entries(declaration.indexes ?? {}).map(
    ([index, columns]) => [index, toIndexColumns(index, columns, places)] as const,
  )
  batch.createTable({ name, properties, indexes, limits: toLimits(declaration) })
}

/** Checked names and types. */
export function toProperties(
  properties: Readonly<Record<string, PropertyType>>,
): (readonly [string, PropertyType])[] {
  if (typeof properties !== 'object' || properties === null) {
    throw invalid('properties must be an object of name → type')
  }
  return Object.entries(properties).map(([name, type]) => {
    assertIdentifier(name, 'a property')
    propertyTypeCode(type, name)
    return [name, type] as const
  })
}

/** The columns of an index of a table with properties at those places. */
export function toIndexColumns(
  index: string,
  columns: readonly string[],
  places: ReadonlyMap<string, number>,
): IndexColumn[] {
  assertIdentifier(index, 'an index')
  if (!Array.isArray(columns) || columns.length < 1 || columns.length > 2) {
    throw invalid(`index ${index} must have one or two columns`)
  }
  return columns.map((column: unknown) => {
    const place = typeof column === 'string' ? places.get(column) : undefined
    if (place !== undefined) return { kind: columnKinds.property, property: place }
    if (column === 'label') return { kind: columnKinds.label, property: 0 }
    throw new EngineError('not_found', `index ${index}: no property ${quote(column)}`)
  })
}

/** The options of a table that there is. */
export function toNewLimits(options: TableOptions, current: TableSchema): TableLimits {
  assertFields(options, 'the options of a table')
  return toLimits(options, current)
}

/** Limits as the wire has them; what is not given stays as `current` has it. */
function toLimits(options: TableOptions, current?: TableSchema): TableLimits {
  const { ttlMs = current?.ttlMs ?? null, historyMs = current?.historyMs ?? null } = options
  const { arityMax = current?.arityMax ?? arityMaxDefault } = options
  if (!Number.isInteger(arityMax) || arityMax < 1 || arityMax > 0xffff_ffff) {
    throw invalid(`arityMax must be a whole number from 1, not ${quote(arityMax)}`)
  }
  const ttl = ttlMs === null ? 0n : BigInt(toMicrosSpan(ttlMs, 'ttlMs'))
  const history = historyMs === null ? forEver : BigInt(toMicrosSpan(historyMs, 'historyMs'))
  if (ttlMs !== null && ttl <= 0n) throw invalid('ttlMs must be above 0')
  if (history < 0n) throw invalid('historyMs must not be negative')
  return { ttl, history, arityMax }
}
