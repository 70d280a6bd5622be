import {
  HyperMeshError,
  type IcebergType,
  printable,
  quoteIdentifier,
  type StructField,
} from '@hypermesh/contract'
import { type DuckDbType, formatDuckDbType, parseDuckDbType } from './duckdb-type.ts'

/** Field ids are the table's to assign; a type seen in a source carries this in their place. */
const unassigned = -1

const icebergOfScalar: Readonly<Record<string, string>> = {
  BOOLEAN: 'boolean',
  TINYINT: 'int',
  SMALLINT: 'int',
  INTEGER: 'int',
  UTINYINT: 'int',
  USMALLINT: 'int',
  UINTEGER: 'long',
  BIGINT: 'long',
  UBIGINT: 'decimal(20, 0)',
  HUGEINT: 'decimal(38, 0)',
  UHUGEINT: 'decimal(38, 0)',
  FLOAT: 'float',
  DOUBLE: 'double',
  VARCHAR: 'string',
  BLOB: 'binary',
  BIT: 'string',
  UUID: 'uuid',
  JSON: 'string',
  DATE: 'date',
  TIME: 'time',
  TIME_NS: 'time',
  'TIME WITH TIME ZONE': 'string',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_S: 'timestamp',
  TIMESTAMP_MS: 'timestamp',
  TIMESTAMP_NS: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamptz',
  INTERVAL: 'string',
  NULL: 'string',
}

const duckDbOfPrimitive: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  string: 'VARCHAR',
  uuid: 'UUID',
  binary: 'BLOB',
}

/**
 * The Iceberg type that holds every value of a DuckDB type, field ids unassigned (-1). Throws
 * `unsupported` for a type that has none.
 */
export function toIcebergType(type: string | DuckDbType): IcebergType {
  const parsed = typeof type === 'string' ? parseDuckDbType(type) : type
  switch (parsed.kind) {
    case 'scalar':
      return icebergOfScalar[parsed.name] ?? refuse(parsed)
    case 'decimal':
      return `decimal(${parsed.precision}, ${parsed.scale})`
    case 'enum':
      return 'string'
    case 'list':
    case 'array':
      return {
        type: 'list',
        'element-id': unassigned,
        element: toIcebergType(parsed.element),
        'element-required': false,
      }
    case 'map':
      return {
        type: 'map',
        'key-id': unassigned,
        key: toIcebergType(parsed.key),
        'value-id': unassigned,
        value: toIcebergType(parsed.value),
        'value-required': false,
      }
    case 'struct':
      return { type: 'struct', fields: parsed.fields.map(toField) }
    default:
      return refuse(parsed)
  }
}

function toField(field: { readonly name: string; readonly type: DuckDbType }): StructField {
  return { id: unassigned, name: field.name, type: toIcebergType(field.type), required: false }
}

function refuse(type: DuckDbType): never {
  throw new HyperMeshError(
    'unsupported',
    `type ${printable(formatDuckDbType(type))} has no place in a table; cast it to another one`,
  )
}

/** The DuckDB type that an Iceberg type is read as and written from. */
export function toDuckDbType(type: IcebergType): string {
  if (typeof type === 'string') return primitiveToDuckDb(type)
  if (type.type === 'list') return `${toDuckDbType(type.element)}[]`
  if (type.type === 'map') return `MAP(${toDuckDbType(type.key)}, ${toDuckDbType(type.value)})`
  const fields = type.fields.map((field) => {
    return `${quoteIdentifier(field.name)} ${toDuckDbType(field.type)}`
  })
  return `STRUCT(${fields.join(', ')})`
}

function primitiveToDuckDb(type: string): string {
  const simple = duckDbOfPrimitive[type]
  if (simple !== undefined) return simple
  const decimal = /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(type)
  if (decimal) return `DECIMAL(${decimal[1]},${decimal[2]})`
  if (/^fixed\[\s*\d+\s*\]$/.test(type)) return 'BLOB'
  throw new HyperMeshError('unsupported', `type ${printable(type)} is not of table format 2`)
}
