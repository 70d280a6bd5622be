import {
  HyperMeshError,
  type IcebergSchema,
  type MappedFieldJson,
  nameMapping,
  type StructField,
  type TableMetadata,
} from '@hypermesh/contract'
import { equalNames, type FileField, type FileSchema } from './file-schema.ts'
import { childFields, schemaIdOf } from './schema.ts'

/** Which column of the table a name in a file means, as `schema.name-mapping.default` says it. */
interface MappedField {
  readonly id: number | undefined
  readonly names: readonly string[]
  readonly fields: readonly MappedField[]
}

/**
 * The file's columns with the table's ids in place of its own, for a file that has none: by the
 * table's name mapping, else by the names of the schema that the file was added under, else of any.
 * Throws `unsupported` when nothing of the file can be told, rather than reading nulls.
 */
export function withMappedIds(
  file: FileSchema,
  metadata: TableMetadata,
  schemaId: number | undefined,
): FileSchema {
  const mappings = mappingsOf(metadata, schemaId)
  const taken = new Set<number>()
  const fields = file.fields.map((field) => mapField(field, mappings, taken))
  if (taken.size > 0) return { fields, key: file.key }
  throw new HyperMeshError(
    'unsupported',
    'a file has no column ids, and none of its columns has a name of the table; set schema.name-mapping.default',
    { details: { columns: file.fields.slice(0, 20).map(({ name }) => name) } },
  )
}

function mappingsOf(
  metadata: TableMetadata,
  schemaId: number | undefined,
): readonly (readonly MappedField[])[] {
  const text = metadata.properties?.['schema.name-mapping.default']
  if (text !== undefined) return [parseMapping(text)]
  const rank = (schema: IcebergSchema) => {
    if (schemaIdOf(schema) === schemaId) return 2
    return schemaIdOf(schema) === metadata['current-schema-id'] ? 1 : 0
  }
  return [...metadata.schemas]
    .reverse()
    .sort((a, b) => rank(b) - rank(a))
    .map((schema) => schema.fields.map(mappingOf))
}

function mappingOf(field: StructField): MappedField {
  return { id: field.id, names: [field.name], fields: childFields(field.type).map(mappingOf) }
}

/** The first mapping that knows the name decides, unless another column of the file has the id. */
function mapField(
  field: FileField,
  mappings: readonly (readonly MappedField[])[],
  taken: Set<number>,
  fixedName?: string,
): FileField {
  const name = fixedName ?? field.name
  const matches = mappings.flatMap((mapping) => {
    const found =
      mapping.find((each) => each.names.includes(name)) ??
      mapping.find((each) => each.names.some((known) => equalNames(known, name)))
    return found === undefined ? [] : [found]
  })
  const own = matches.find(({ id }) => id !== undefined && !taken.has(id))
  if (own?.id !== undefined) taken.add(own.id)
  const inside = matches.filter(({ id }) => id === own?.id).map(({ fields }) => fields)
  const names = { list: ['element'], map: ['key', 'value'], struct: [], leaf: [] }[field.kind]
  return {
    ...field,
    id: own?.id,
    children: field.children.map((child, index) => mapField(child, inside, taken, names[index])),
  }
}

function parseMapping(text: string): readonly MappedField[] {
  try {
    return nameMapping.parse(JSON.parse(text)).map(fromJson)
  } catch (cause) {
    throw new HyperMeshError(
      'invalid',
      'the table’s property schema.name-mapping.default is no name mapping',
      { cause },
    )
  }
}

function fromJson(json: MappedFieldJson): MappedField {
  return { id: json['field-id'], names: json.names, fields: json.fields?.map(fromJson) ?? [] }
}
