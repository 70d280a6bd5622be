import { HyperMeshError, printable } from '@hypermesh/contract'
import type { DuckDbType } from '../duckdb-type.ts'
import type { ArrowField } from './arrow-schema.ts'

const scalar = (name: string): DuckDbType => ({ kind: 'scalar', name })
const integers = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT'] as const
const timestamps = {
  second: 'TIMESTAMP_S',
  milli: 'TIMESTAMP_MS',
  micro: 'TIMESTAMP',
  nano: 'TIMESTAMP_NS',
} as const

/** The DuckDB type that holds every value of a field. Throws `unsupported` where there is none. */
export function toDuckDbTypeOf(field: ArrowField): DuckDbType {
  const { type, extension } = field
  const inside = (index: number): DuckDbType => {
    const child = field.children[index]
    if (child === undefined) throw new RangeError(`field ${field.name} has no child ${index}`)
    return toDuckDbTypeOf(child)
  }
  switch (type.kind) {
    case 'null':
      return scalar('VARCHAR')
    case 'bool':
      return scalar('BOOLEAN')
    case 'int':
      return scalar(`${type.signed ? '' : 'U'}${integers[Math.log2(type.bits) - 3]}`)
    case 'float':
      return scalar(type.bits === 64 ? 'DOUBLE' : 'FLOAT')
    case 'decimal':
      return decimal(field.name, type)
    case 'date':
      return scalar('DATE')
    case 'time':
      return scalar(type.unit === 'nano' ? 'TIME_NS' : 'TIME')
    case 'timestamp':
      return scalar(type.zone === undefined ? timestamps[type.unit] : 'TIMESTAMP WITH TIME ZONE')
    case 'duration':
    case 'interval':
      return scalar('INTERVAL')
    case 'text':
      return scalar(extension === 'arrow.json' ? 'JSON' : 'VARCHAR')
    case 'binary':
      return scalar('BLOB')
    case 'fixed-binary':
      return scalar(isUuid(field) ? 'UUID' : 'BLOB')
    case 'list':
    case 'list-view':
    case 'fixed-list':
      return { kind: 'list', element: inside(0) }
    case 'map': {
      const [key, value] = field.children[0]?.children ?? []
      if (key === undefined || value === undefined) throw new RangeError('a map has no entries')
      return { kind: 'map', key: toDuckDbTypeOf(key), value: toDuckDbTypeOf(value) }
    }
    case 'struct':
      return struct(field)
  }
}

export function isUuid({ type, extension }: ArrowField): boolean {
  return type.kind === 'fixed-binary' && type.bytes === 16 && extension === 'arrow.uuid'
}

function struct(field: ArrowField): DuckDbType {
  if (field.children.length === 0) {
    throw new HyperMeshError(
      'unsupported',
      `"${printable(field.name)}" is a struct without members, which no table holds`,
    )
  }
  const fields = field.children.map((child) => ({ name: child.name, type: toDuckDbTypeOf(child) }))
  return { kind: 'struct', fields }
}

function decimal(name: string, type: { readonly precision: number; readonly scale: number }) {
  const { precision, scale } = type
  if (precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision) {
    return { kind: 'decimal', precision, scale } as const
  }
  throw new HyperMeshError(
    'unsupported',
    `column "${printable(name)}" is decimal(${precision}, ${scale}); a table holds up to 38 digits ` +
      'and scales from 0; cast it',
  )
}
