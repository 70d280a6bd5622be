import {
  HyperMeshError,
  type IcebergSchema,
  type IcebergType,
  parseColumnName,
  printable,
  type StructField,
  type TableMetadata,
} from '@hypermesh/contract'
import { formatType, isList, isMap, isPrimitive, isStruct, parsePrimitive } from './iceberg-type.ts'

/** A field anywhere in a schema. */
export interface IndexedField {
  readonly id: number
  /** The struct, list or map that it stands in; undefined at the top. */
  readonly parentId: number | undefined
  /** Names from the top; list elements and map entries are `element`, `key`, `value`. */
  readonly path: readonly string[]
  readonly type: IcebergType
  readonly required: boolean
  /** Below a list or map: a row holds any number of values. */
  readonly repeated: boolean
  /** Below something that may be null, or may be null itself. */
  readonly nullable: boolean
}

export function currentSchema(metadata: TableMetadata): IcebergSchema {
  return schemaById(metadata, metadata['current-schema-id'])
}

export function schemaById(metadata: TableMetadata, schemaId: number): IcebergSchema {
  const found = metadata.schemas.find((schema) => schemaIdOf(schema) === schemaId)
  if (found === undefined) {
    throw new HyperMeshError('invalid', `the table has no schema with id ${schemaId}`)
  }
  return found
}

export function schemaIdOf(schema: IcebergSchema): number {
  return schema['schema-id'] ?? 0
}

/** Every field of the schema by id, nested ones too. Throws `invalid` when an id stands twice. */
export function fieldsById(schema: IcebergSchema): ReadonlyMap<number, IndexedField> {
  const index = new Map<number, IndexedField>()
  const top = { id: undefined, path: [], repeated: false, nullable: false }
  for (const field of schema.fields) addField(index, field, top)
  return index
}

export function highestFieldId(schema: IcebergSchema): number {
  return Math.max(0, ...fieldsById(schema).keys())
}

/** Throws `invalid` when an id stands twice, so that a mapping by id would be wrong. */
export function assertIdsAreDistinct(schema: IcebergSchema): void {
  fieldsById(schema)
}

type Parent = Pick<IndexedField, 'path' | 'repeated' | 'nullable'> & { id: number | undefined }

function addField(index: Map<number, IndexedField>, field: StructField, parent: Parent): void {
  if (index.has(field.id)) {
    throw new HyperMeshError('invalid', `field id ${field.id} stands twice in the schema`)
  }
  const entry: IndexedField = {
    id: field.id,
    parentId: parent.id,
    path: [...parent.path, field.name],
    type: field.type,
    required: field.required,
    repeated: parent.repeated,
    nullable: parent.nullable || !field.required,
  }
  if (entry.path.length > depthMax) {
    throw new HyperMeshError('invalid', `a type is nested deeper than ${depthMax} levels`)
  }
  index.set(field.id, entry)
  const inside = isStruct(field.type) ? entry : { ...entry, repeated: true }
  for (const child of childFields(field.type)) addField(index, child, inside)
}

const depthMax = 100

/** The fields directly inside a type; those of lists and maps by their fixed names. */
export function childFields(type: IcebergType): readonly StructField[] {
  if (isPrimitive(type)) return []
  if (isStruct(type)) return type.fields
  if (isList(type)) {
    const { element, 'element-id': id, 'element-required': required } = type
    return [{ id, name: 'element', type: element, required }]
  }
  return [
    { id: type['key-id'], name: 'key', type: type.key, required: true },
    { id: type['value-id'], name: 'value', type: type.value, required: type['value-required'] },
  ]
}

/** Throws `invalid` (or `unsupported` for types of v3) unless the schema may stand in a table. */
export function assertValidSchema(schema: IcebergSchema): void {
  const fields = fieldsById(schema)
  assertNames(schema.fields, [])
  for (const field of fields.values()) {
    if (!Number.isInteger(field.id) || field.id < 1 || field.id > 2_147_483_447) {
      throw new HyperMeshError('invalid', `${field.id} cannot be a field id`)
    }
    if (isPrimitive(field.type)) parsePrimitive(field.type)
  }
  for (const id of schema['identifier-field-ids'] ?? []) assertIdentifier(fields.get(id), id)
}

function assertIdentifier(field: IndexedField | undefined, id: number): void {
  const type = field === undefined || !isPrimitive(field.type) ? '' : field.type
  const bad = type === '' || type === 'float' || type === 'double'
  if (field === undefined || bad || field.nullable || field.repeated) {
    throw new HyperMeshError(
      'invalid',
      `field ${id} cannot identify rows; it must exist, be required, primitive, and no float`,
    )
  }
}

function assertNames(fields: readonly StructField[], path: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const field of fields) {
    parseColumnName(field.name)
    // Engines that compare names without case could not tell the two apart.
    const folded = field.name.toLowerCase()
    const other = seen.get(folded)
    if (other !== undefined) {
      const where = path.length === 0 ? 'the schema' : printable(path.join('.'))
      throw new HyperMeshError(
        'invalid',
        `${where} has two columns of one name: "${printable(other)}" and "${printable(field.name)}"`,
      )
    }
    seen.set(folded, field.name)
    assertNestedNames(field.type, [...path, field.name])
  }
}

function assertNestedNames(type: IcebergType, path: readonly string[]): void {
  if (isStruct(type)) assertNames(type.fields, path)
  else for (const child of childFields(type)) assertNestedNames(child.type, [...path, child.name])
}

/** Rebuilds a type with other ids: `next` is called in the order in which Java assigns them. */
function withIds(type: IcebergType, next: (id: number) => number): IcebergType {
  if (isPrimitive(type)) return type
  if (isStruct(type)) return { type: 'struct', fields: fieldsWithIds(type.fields, next) }
  if (isList(type)) {
    const id = next(type['element-id'])
    return { ...type, 'element-id': id, element: withIds(type.element, next) }
  }
  const keyId = next(type['key-id'])
  const valueId = next(type['value-id'])
  return {
    ...type,
    'key-id': keyId,
    key: withIds(type.key, next),
    'value-id': valueId,
    value: withIds(type.value, next),
  }
}

/** A struct's own fields take their ids before anything inside them does, as in Java. */
export function fieldsWithIds(
  fields: readonly StructField[],
  next: (id: number) => number,
): StructField[] {
  const ids = fields.map((field) => next(field.id))
  return fields.map((field, index) => ({
    ...field,
    id: ids[index] ?? 0,
    type: withIds(field.type, next),
  }))
}

/** The schema with ids from `firstId` on, for a new table, and how the old ids were mapped. */
export function assignIds(
  schema: IcebergSchema,
  firstId = 1,
): { schema: IcebergSchema; lastId: number; newIds: ReadonlyMap<number, number> } {
  const newIds = new Map<number, number>()
  let lastId = firstId - 1
  const fields = fieldsWithIds(schema.fields, (id) => {
    lastId += 1
    newIds.set(id, lastId)
    return lastId
  })
  const identifiers = schema['identifier-field-ids']?.map((id) => {
    const mapped = newIds.get(id)
    if (mapped !== undefined) return mapped
    throw new HyperMeshError('invalid', `identifier field ${id} is not in the schema`)
  })
  const named = identifiers === undefined ? {} : { 'identifier-field-ids': identifiers }
  return { schema: { type: 'struct', 'schema-id': 0, ...named, fields }, lastId, newIds }
}

/** Same columns in the same order with the same ids; schema ids are not compared. */
export function isSameSchema(left: IcebergSchema, right: IcebergSchema): boolean {
  return canonicalSchema(left) === canonicalSchema(right)
}

function canonicalSchema(schema: IcebergSchema): string {
  const identifiers = [...(schema['identifier-field-ids'] ?? [])].sort((a, b) => a - b)
  return JSON.stringify([identifiers, schema.fields.map(canonicalField)])
}

function canonicalField(field: StructField): unknown {
  const { type } = field
  const shape = isPrimitive(type) ? formatType(type) : isMap(type) || isList(type) ? type.type : ''
  const inside = childFields(type).map(canonicalField)
  return [field.id, field.name, field.required, field.doc ?? null, shape, inside]
}
