import { HyperMeshError, type IcebergSchema, printable } from '@hypermesh/contract'
import { formatType, isPrimitive, isPromotion, parsePrimitive } from './iceberg-type.ts'
import { fieldsById, type IndexedField } from './schema.ts'

/**
 * Throws `invalid` unless files written under the first schema can be read under the second:
 * a column that stays may only be promoted, not narrowed, turned into another type or made
 * required; a new one must allow nulls, since older files lack it.
 */
export function assertReplaceable(from: IcebergSchema, to: IcebergSchema): void {
  const before = fieldsById(from)
  for (const field of fieldsById(to).values()) {
    const old = before.get(field.id)
    const fault = old === undefined ? newFieldFault(field, before) : changeFault(old, field)
    if (fault === undefined) continue
    const name = printable(field.path.join('.'))
    throw new HyperMeshError('invalid', `column ${name} (id ${field.id}) ${fault}`)
  }
}

function newFieldFault(
  field: IndexedField,
  before: ReadonlyMap<number, IndexedField>,
): string | undefined {
  // Inside a struct, list or map that is new itself a required field is fine.
  const isInOld = field.parentId === undefined || before.has(field.parentId)
  return field.required && isInOld
    ? 'is new and required, but older files have no value for it'
    : undefined
}

function changeFault(from: IndexedField, to: IndexedField): string | undefined {
  if (from.parentId !== to.parentId) return 'cannot move into another column'
  if (!from.required && to.required) return 'has nulls in older files and cannot become required'
  if (isPrimitive(from.type) && isPrimitive(to.type)) {
    const [before, after] = [formatType(from.type), formatType(to.type)]
    const isFine =
      before === after || isPromotion(parsePrimitive(from.type), parsePrimitive(to.type))
    return isFine ? undefined : `cannot change from ${before} to ${after}`
  }
  const kinds = [from, to].map(({ type }) => (isPrimitive(type) ? 'primitive' : type.type))
  return kinds[0] === kinds[1] ? undefined : `cannot change from ${kinds[0]} to ${kinds[1]}`
}
