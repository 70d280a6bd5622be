import {
  HyperMeshError,
  printable,
  type StructField,
  type TableMetadata,
} from '@hypermesh/contract'
import { equalNames } from './file-schema.ts'
import { currentSchema } from './schema.ts'

/** A table that was chosen once, to be found again as the same. */
export interface BoundTable {
  readonly table: string
  readonly tableUuid: string
}

/** A column by its field id, and the name that it had when it was chosen. */
export interface BoundColumn {
  readonly id: number
  readonly name: string
}

/** The column of that name, regardless of case where no other is meant; throws `invalid`. */
export function fieldNamed(metadata: TableMetadata, table: string, name: string): StructField {
  const { fields } = currentSchema(metadata)
  const field =
    fields.find((each) => each.name === name) ?? fields.find((each) => equalNames(each.name, name))
  if (field !== undefined) return field
  const some = fields.slice(0, namesShown).map((each) => printable(each.name))
  const more = fields.length > some.length ? ' …' : ''
  const message = `${table} has no column ${printable(name)}; it has ${some.join(', ')}${more}`
  throw new HyperMeshError('invalid', message, { details: { column: name } })
}

/**
 * The column as it is now. Throws `precondition` where the table is not the one that was chosen, or the
 * column not any more what it was: one by the same name may be another, so names alone are not gone by.
 */
export function boundField(
  metadata: TableMetadata,
  { table, tableUuid }: BoundTable,
  { id, name }: BoundColumn,
): StructField {
  if (metadata['table-uuid'] !== tableUuid) {
    throw changed(`${table} is another table by the same name now`, 'table-replaced', {})
  }
  const field = currentSchema(metadata).fields.find((each) => each.id === id)
  const column = printable(name)
  if (field === undefined) {
    const message = `the column ${column} of ${table} was dropped`
    throw changed(message, 'column-dropped', { column: name })
  }
  if (field.name === name) return field
  const message = `the column ${column} of ${table} is called ${printable(field.name)} now`
  throw changed(message, 'column-renamed', { column: name, name: field.name })
}

const namesShown = 20

function changed(message: string, reason: string, details: object): HyperMeshError {
  return new HyperMeshError('precondition', `${message}; choose the source anew`, {
    details: { reason, ...details },
  })
}
