import { HyperMeshError, type IcebergType, type StructField } from '@hypermesh/contract'
import { isList, isMap, isPrimitive, isStruct } from './iceberg-type.ts'
import { childFields } from './schema.ts'

/** One element of a Parquet footer's schema, as DuckDB's `parquet_schema` tells it, in its order. */
export interface FooterElement {
  readonly name: string
  readonly fieldId: number | undefined
  readonly childCount: number
  readonly repeated: boolean
  /** The annotations of lists and maps; other groups are structs. */
  readonly annotation: 'list' | 'map' | undefined
  /** DuckDB's type of a leaf. */
  readonly type: string | undefined
}

/** A column of a Parquet file, or a part of one. */
export interface FileField {
  readonly name: string
  readonly id: number | undefined
  /** Children: members of a struct; the element of a list; key and value of a map. */
  readonly kind: 'leaf' | 'struct' | 'list' | 'map'
  readonly type: string | undefined
  readonly children: readonly FileField[]
}

export interface FileSchema {
  readonly fields: readonly FileField[]
  /** One text for all files of equal schema. */
  readonly key: string
}

/** The columns of a file from the elements of its footer, the root first. */
export function toFileSchema(elements: readonly FooterElement[], key: string): FileSchema {
  let next = 0
  const read = (): FileField => {
    const element = elements[next]
    if (element === undefined) throw new HyperMeshError('corrupt', 'a parquet schema is cut short')
    next += 1
    const children: RawField[] = []
    for (let index = 0; index < element.childCount; index += 1) {
      const repeated = elements[next]?.repeated === true
      children.push({ ...read(), repeated })
    }
    return toField(element, children)
  }
  const root = read()
  return { fields: root.children, key }
}

type RawField = FileField & { readonly repeated: boolean }

/** The rules of Parquet's LogicalTypes for lists and maps, older forms of lists among them. */
function toField(element: FooterElement, children: readonly RawField[]): FileField {
  const own = { name: element.name, id: element.fieldId, type: element.type }
  const [inner] = children
  if (children.length === 0) return { ...own, kind: 'leaf', children: [] }
  if (element.annotation === 'map' && inner?.children.length === 2) {
    return { ...own, kind: 'map', children: inner.children }
  }
  if (element.annotation === 'list' && inner !== undefined) {
    const isElement =
      inner.kind === 'leaf' ||
      inner.children.length > 1 ||
      inner.name === 'array' ||
      inner.name === `${element.name}_tuple`
    const [only] = inner.children
    return { ...own, kind: 'list', children: [isElement || only === undefined ? inner : only] }
  }
  return { ...own, kind: 'struct', children: children.map(withoutRepetition) }
}

/** A repeated field outside of a list is a list of itself. */
function withoutRepetition({ repeated, ...field }: RawField): FileField {
  if (!repeated) return field
  return { ...field, kind: 'list', children: [{ ...field, id: undefined }] }
}

/** Does the file itself say which of its columns is which? */
export function hasFieldIds({ fields }: FileSchema): boolean {
  const any = (field: FileField): boolean => field.id !== undefined || field.children.some(any)
  return fields.some(any)
}

/**
 * Would a reader that finds columns by id, and members of structs by name, read each of these fields
 * from the file as it is meant?
 */
export function isReadById({ fields }: FileSchema, wanted: readonly StructField[]): boolean {
  const byId = new Map(fields.map((field) => [field.id, field]))
  return wanted.every((field) => {
    const found = byId.get(field.id)
    return found === undefined || fits(found, field.type)
  })
}

function fits(file: FileField, type: IcebergType): boolean {
  if (isPrimitive(type)) return file.kind === 'leaf'
  if (isStruct(type)) {
    return file.kind === 'struct' && type.fields.every((member) => memberFits(file, member))
  }
  if (file.kind !== type.type) return false
  const inside = childFields(type)
  return file.children.every((child, index) => fits(child, inside[index]?.type ?? type))
}

function memberFits(file: FileField, member: StructField): boolean {
  const byName = file.children.filter((child) => equalNames(child.name, member.name))
  const byId = file.children.find((child) => child.id === member.id)
  if (byId === undefined) return byName.length === 0
  return byName.length === 1 && byName[0] === byId && fits(byId, member.type)
}

export const equalNames = (left: string, right: string) =>
  left.toLowerCase() === right.toLowerCase()

/** The child of a file's list or map that a part of the table's type is read from. */
export function partOf(file: FileField, type: IcebergType, index: 0 | 1): FileField {
  const known = isList(type) ? file.kind === 'list' : isMap(type) && file.kind === 'map'
  const part = file.children[index]
  if (known && part !== undefined) return part
  throw new HyperMeshError('corrupt', `column ${file.name} of a file has another type`)
}
