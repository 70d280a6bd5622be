import {
  HyperMeshError,
  type IcebergSchema,
  type PartitionSpec,
  printable,
  type SortOrder,
  type TableMetadata,
} from '@hypermesh/contract'
import { isPrimitive, type Primitive } from './iceberg-type.ts'
import { currentSchema, fieldsById, type IndexedField } from './schema.ts'
import { assertTransform, transformResult } from './transform.ts'

export const firstPartitionFieldId = 1000

/** A field of a partition spec with what its values are. */
export interface BoundPartitionField {
  readonly fieldId: number
  readonly sourceId: number
  readonly name: string
  readonly transform: string
  /** Undefined when the transform is not one of the format: its values cannot be understood. */
  readonly result: Primitive | undefined
}

export function specIdOf(spec: PartitionSpec): number {
  return spec['spec-id'] ?? 0
}

/** A spec whose fields are all void, as those of dropped fields are, has one partition too. */
export function isUnpartitioned(fields: readonly { readonly transform: string }[]): boolean {
  return fields.every(({ transform }) => transform === 'void')
}

export function defaultSpec(metadata: TableMetadata): PartitionSpec {
  return specById(metadata, metadata['default-spec-id'])
}

export function specById(metadata: TableMetadata, specId: number): PartitionSpec {
  const found = metadata['partition-specs'].find((spec) => specIdOf(spec) === specId)
  if (found === undefined) {
    throw new HyperMeshError('invalid', `the table has no partition spec with id ${specId}`)
  }
  return found
}

/**
 * The spec's fields with the types of their values under a schema. A source that it lacks is found in
 * the others, the newest first.
 */
export function boundFields(
  metadata: TableMetadata,
  spec: PartitionSpec,
  schema = currentSchema(metadata),
): readonly BoundPartitionField[] {
  const schemas = [schema, ...[...metadata.schemas].reverse()]
  const indexes = schemas.map((schema) => fieldsById(schema))
  return spec.fields.map((field, position) => {
    const sourceId = field['source-id']
    const type = indexes.map((index) => index.get(sourceId)?.type).find((found) => found)
    const known = type !== undefined && isPrimitive(type)
    return {
      fieldId: field['field-id'] ?? firstPartitionFieldId + position,
      sourceId,
      name: field.name,
      transform: field.transform,
      result: known ? transformResult(field.transform, type) : undefined,
    }
  })
}

/** Throws `invalid` unless each field has a source, a fitting transform and a name of its own. */
export function assertValidSpec(spec: PartitionSpec, schema: IcebergSchema): void {
  const fields = fieldsById(schema)
  const names = new Set<string>()
  const ids = new Set<number>()
  for (const field of spec.fields) {
    const source = fields.get(field['source-id'])
    const type = sourceType(source, `partition field "${printable(field.name)}"`)
    if (field.transform !== 'void') assertTransform(field.transform, type)
    const id = field['field-id']
    if (field.name === '' || names.has(field.name) || (id !== undefined && ids.has(id))) {
      throw new HyperMeshError(
        'invalid',
        `partition field "${printable(field.name)}" needs a name and an id of its own`,
      )
    }
    names.add(field.name)
    if (id !== undefined) ids.add(id)
    assertNoClash(field, schema)
  }
}

function assertNoClash(field: PartitionSpec['fields'][number], schema: IcebergSchema): void {
  const clash = schema.fields.find((column) => column.name === field.name)
  const isItself =
    clash?.id === field['source-id'] && ['identity', 'void'].includes(field.transform)
  if (clash !== undefined && !isItself) {
    throw new HyperMeshError(
      'invalid',
      `partition field "${printable(field.name)}" has the name of another column; name it otherwise`,
    )
  }
}

export function assertValidSortOrder(order: SortOrder, schema: IcebergSchema): void {
  const fields = fieldsById(schema)
  for (const field of order.fields) {
    const type = sourceType(fields.get(field['source-id']), 'a sort field')
    assertTransform(field.transform, type)
  }
}

function sourceType(source: IndexedField | undefined, what: string): string {
  if (source === undefined) {
    throw new HyperMeshError('invalid', `${what} has a source column that does not exist`)
  }
  if (!isPrimitive(source.type) || source.repeated) {
    throw new HyperMeshError('invalid', `${what} needs a primitive source outside lists and maps`)
  }
  return source.type
}
