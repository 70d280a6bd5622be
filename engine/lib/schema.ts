import { EngineError, invalid, quote } from './errors.ts'

/** What a property holds. `timestamp` takes and is an instant, stored as microseconds. */
export type PropertyType = 'bool' | 'int64' | 'float64' | 'string' | 'timestamp'

/** The codes of the property types, on the wire and on disk. */
export const propertyTypeCodes: Readonly<Record<PropertyType, number>> = {
  bool: 1,
  int64: 2,
  float64: 3,
  string: 4,
  timestamp: 5,
}

/** A property of a table, at the place in its table that is its number. */
export interface PropertySchema {
  readonly name: string
  readonly type: PropertyType
  readonly index: number
}

/** A table as it is declared. Spans are milliseconds; null: none, or for ever. */
export interface TableSchema {
  readonly id: number
  readonly name: string
  readonly properties: readonly PropertySchema[]
  /** Index name → the columns that it orders by. */
  readonly indexes: Readonly<Record<string, readonly string[]>>
  /** Hyperedges older than this are neither seen nor kept. */
  readonly ttlMs: number | null
  /** How long replaced versions stay readable as of the past. */
  readonly historyMs: number | null
  /** The most members that one hyperedge may have. */
  readonly arityMax: number
}

/** The name of the node properties' own table. */
export const nodeTableName = '$nodes'

const identifier = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const labelColumn = 5

/** Throws `invalid_name` unless the text can name a table, a property or an index. */
export function assertIdentifier(name: unknown, what: string): asserts name is string {
  if (typeof name === 'string' && identifier.test(name)) return
  const rule = 'use letters, digits and _, at most 64, not starting with a digit'
  throw new EngineError('invalid_name', `${quote(name)} cannot name ${what}: ${rule}`)
}

/** A table with its properties found by name. */
export class TableLayout {
  readonly schema: TableSchema
  /** What plans asked for last, as they say it: a program asks for the same columns again and again. */
  lastColumns: { readonly names: readonly string[]; readonly bytes: Uint8Array } | undefined
  readonly #properties: ReadonlyMap<string, PropertySchema>

  constructor(schema: TableSchema) {
    this.schema = schema
    this.#properties = new Map(schema.properties.map((property) => [property.name, property]))
  }

  get id(): number {
    return this.schema.id
  }

  /** Throws `not_found` with the names that there are. */
  property(name: string): PropertySchema {
    const property = this.#properties.get(name)
    if (property !== undefined) return property
    const names = this.schema.properties.map((known) => known.name).join(', ')
    throw new EngineError(
      'not_found',
      `${this.schema.name} has no property ${quote(name)}; it has ${names || 'none'}`,
    )
  }

  has(name: string): boolean {
    return this.#properties.has(name)
  }
}

/** Tables by name, as of the last look at the core's schema. */
export class Catalog {
  readonly version: number
  readonly #layouts: ReadonlyMap<string, TableLayout>

  constructor(json: string) {
    // The core writes it.
    const schema = JSON.parse(json) as SchemaJson
    this.version = Number(schema.version)
    this.#layouts = new Map(
      schema.tables.map((table) => [table.name, new TableLayout(toTableSchema(table))]),
    )
  }

  names(): string[] {
    return [...this.#layouts.keys()].filter((name) => name !== nodeTableName)
  }

  find(name: string): TableLayout | undefined {
    return this.#layouts.get(name)
  }

  /** Throws `not_found` with the names that there are. */
  layout(name: string): TableLayout {
    const layout = this.#layouts.get(name)
    if (layout !== undefined) return layout
    const names = this.names().join(', ')
    throw new EngineError('not_found', `no table ${quote(name)}; there are ${names || 'none'}`)
  }
}

interface SchemaJson {
  readonly version: number
  readonly tables: readonly TableJson[]
}

interface TableJson {
  readonly id: number
  readonly name: string
  readonly properties: readonly { readonly name: string; readonly type: number }[]
  readonly indexes: readonly {
    readonly name: string
    readonly columns: readonly { readonly kind: number; readonly property: number }[]
  }[]
  /** Digits of microseconds; null: none, or for ever. */
  readonly ttl: string | null
  readonly history: string | null
  readonly arityMax: number
}

function toTableSchema(table: TableJson): TableSchema {
  const properties = table.properties.map(({ name, type }, index) => ({
    name,
    type: toPropertyType(type),
    index,
  }))
  const indexes = table.indexes.map(({ name, columns }): [string, string[]] => [
    name,
    columns.map(({ kind, property }) =>
      kind === labelColumn ? 'label' : (properties[property]?.name ?? ''),
    ),
  ])
  const { id, name, ttl, history, arityMax } = table
  return {
    id,
    name,
    properties,
    indexes: Object.fromEntries(indexes),
    ttlMs: ttl === null ? null : Number(ttl) / 1000,
    historyMs: history === null ? null : Number(history) / 1000,
    arityMax,
  }
}

function toPropertyType(type: number): PropertyType {
  for (const [name, code] of Object.entries(propertyTypeCodes)) {
    // The keys are the types.
    if (code === type) return name as PropertyType
  }
  throw new EngineError('internal', `no property type has the number ${type}`)
}

/** The code of a property's type, given by name. */
export function propertyTypeCode(type: unknown, property: string): number {
  const code = typeof type === 'string' ? new Map(Object.entries(propertyTypeCodes)).get(type) : 0
  if (code) return code
  const known = Object.keys(propertyTypeCodes).join(', ')
  throw invalid(`property ${property} has the type ${quote(type)}; known are ${known}`)
}
