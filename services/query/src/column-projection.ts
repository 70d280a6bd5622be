import {
  HyperMeshError,
  type IcebergType,
  quoteIdentifier,
  type StructField,
} from '@hypermesh/contract'
import { toDuckDbType } from '@hypermesh/duckdb'
import { type FileField, type FileSchema, partOf } from '@hypermesh/iceberg'
import type { FieldPath } from './equality-keys.ts'

/**
 * The SQL that makes fields of the table, by their paths, from a file's own columns, which have the
 * table's ids: for files that a reader by id would read wrongly, and for fields inside of structs. A
 * field that the file lacks is null, and so is one of a struct that is null.
 */
export function projectFields(file: FileSchema, paths: readonly FieldPath[]): string[] {
  const byId = new Map(file.fields.map((field) => [field.id, field]))
  return paths.map(([column, ...members]) => {
    let found = byId.get(column.id)
    let expression = found && quoteIdentifier(found.name)
    let { type } = column
    for (const member of members) {
      found = found && memberOf(found, member)
      expression = found && `(${expression}).${quoteIdentifier(found.name)}`
      type = member.type
    }
    return project(found, expression, type, 0)
  })
}

/** Where a field of the table stands in a file that has its ids. */
export function fieldAt(file: FileSchema, [column, ...members]: FieldPath): FileField | undefined {
  const start = file.fields.find(({ id }) => id === column.id)
  return members.reduce((found, member) => found && memberOf(found, member), start)
}

function memberOf(file: FileField, { id }: StructField): FileField | undefined {
  if (file.kind !== 'struct') throw otherType(file)
  return file.children.find((child) => child.id === id)
}

function project(
  file: FileField | undefined,
  expression: string | undefined,
  type: IcebergType,
  depth: number,
): string {
  const duckType = toDuckDbType(type)
  if (file === undefined || expression === undefined) return `CAST(NULL AS ${duckType})`
  if (typeof type === 'string') return projectLeaf(file, expression, duckType)
  if (type.type === 'struct') {
    const members = type.fields.map((member) => {
      const found = memberOf(file, member)
      const inner = found && `(${expression}).${quoteIdentifier(found.name)}`
      return `${quoteIdentifier(member.name)} := ${project(found, inner, member.type, depth)}`
    })
    return `CASE WHEN ${expression} IS NOT NULL THEN struct_pack(${members.join(', ')}) END`
  }
  const item = `x${depth}`
  if (type.type === 'list') {
    const element = project(partOf(file, type, 0), item, type.element, depth + 1)
    return `list_transform(${expression}, lambda ${item}: ${element})`
  }
  const key = project(partOf(file, type, 0), `${item}.key`, type.key, depth + 1)
  const value = project(partOf(file, type, 1), `${item}.value`, type.value, depth + 1)
  const entry = `struct_pack(k := ${key}, v := ${value})`
  return `map_from_entries(list_transform(map_entries(${expression}), lambda ${item}: ${entry}))`
}

function projectLeaf(file: FileField, expression: string, duckType: string): string {
  if (file.kind !== 'leaf') throw otherType(file)
  if (file.type === duckType) return expression
  // See `widenedFloats`: a filter must compare what was read, not a constant narrowed to a FLOAT.
  const read = file.type === 'FLOAT' ? `coalesce(${expression}, ${expression})` : expression
  return `CAST(${read} AS ${duckType})`
}

function otherType(file: FileField): HyperMeshError {
  return new HyperMeshError('corrupt', `column ${file.name} of a file has another type`)
}
