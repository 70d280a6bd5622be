import type { IcebergSchema, IcebergType } from '@hypermesh/contract'
import type { PropertyType, TableSchema } from '@hypermesh/engine'

/** A column of the table that hyperedges are published as. */
export interface PublishedColumn {
  readonly name: string
  readonly type: 'long' | 'double' | 'string' | 'boolean' | 'timestamptz' | 'list'
  /** Of lists. */
  readonly element?: 'long' | 'string'
  /** Undefined: what every hyperedge has. */
  readonly property?: string
  readonly doc?: string
}

const types: Readonly<Record<PropertyType, Exclude<PublishedColumn['type'], 'list'>>> = {
  bool: 'boolean',
  int64: 'long',
  float64: 'double',
  string: 'string',
  timestamp: 'timestamptz',
}

/** The same names as `hyperedges(…)` has in SQL, and the commit that wrote each. */
export function publishedColumns(
  { properties }: TableSchema,
  nodes: 'text' | 'number',
): PublishedColumn[] {
  const element = nodes === 'number' ? 'long' : 'string'
  const fixed: PublishedColumn[] = [
    { name: 'id', type: 'long' },
    { name: 'event_ts', type: 'timestamptz' },
    { name: 'until', type: 'timestamptz', doc: 'when it stops to hold; null: never' },
    { name: 'members', type: 'list', element },
    { name: 'roles', type: 'list', element: 'string', doc: 'one a member' },
    { name: 'weight', type: 'double' },
    { name: 'label', type: 'string' },
    { name: 'key', type: 'string' },
    { name: 'commit_seq', type: 'long', doc: 'the commit of the database that wrote it' },
  ]
  const taken = new Set(fixed.map(({ name }) => name))
  const own = properties.map(({ name, type }): PublishedColumn => {
    const isTaken = taken.has(name.toLowerCase())
    const column = isTaken ? `props.${name}` : name
    taken.add(column.toLowerCase())
    return { name: column, type: types[type], property: name }
  })
  return [...fixed, ...own]
}

export function toIcebergSchema(columns: readonly PublishedColumn[]): IcebergSchema {
  let id = columns.length
  const fields = columns.map(({ name, type, element = 'string', doc }, index) => {
    id += type === 'list' ? 1 : 0
    const list: IcebergType = {
      ...{ type: 'list', 'element-id': id, element, 'element-required': false },
    }
    const field = { id: index + 1, name, required: false, type: type === 'list' ? list : type }
    return doc === undefined ? field : { ...field, doc }
  })
  return { type: 'struct', 'schema-id': 0, fields }
}

const sqlTypes: Readonly<Record<Exclude<PublishedColumn['type'], 'list'>, string>> = {
  long: 'BIGINT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  boolean: 'BOOLEAN',
  timestamptz: 'TIMESTAMPTZ',
}

/** What a load is told, so that nothing is inferred. */
export function sqlTypesOf(columns: readonly PublishedColumn[]): Record<string, string> {
  return Object.fromEntries(
    columns.map(({ name, type, element = 'string' }) => [
      name,
      type === 'list' ? `${sqlTypes[element]}[]` : sqlTypes[type],
    ]),
  )
}
