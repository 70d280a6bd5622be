import { HyperMeshError, printable, type VectorFieldType } from '@hypermesh/contract'
import { assertType, MetadataField, type Scalar } from './metadata-field.ts'

export type Metadata = Readonly<Record<string, unknown>>
export type DeclaredFields = Readonly<Record<string, VectorFieldType>>

/** The fields of an index: those that were declared, and those that some point has had. */
export class MetadataFields {
  readonly #fields = new Map<string, MetadataField>()

  constructor(declared: DeclaredFields) {
    for (const [name, type] of Object.entries(declared)) {
      this.#fields.set(name, new MetadataField(name, type))
    }
  }

  get count(): number {
    return this.#fields.size
  }

  [Symbol.iterator](): Iterator<MetadataField> {
    return this.#fields.values()
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  /** The field, or `invalid` with those that there are: most likely its name is mistyped. */
  get(name: string): MetadataField {
    const field = this.#fields.get(name)
    if (field !== undefined) return field
    const known = [...this.#fields.keys()].slice(0, 20)
    const list = known.length === 0 ? 'no point has metadata yet' : `known: ${known.join(', ')}`
    throw new HyperMeshError('invalid', `no field "${printable(name)}" in this index; ${list}`, {
      details: { field: name, known },
    })
  }

  /** What was checked before is added. */
  add(slot: number, metadata: Metadata): void {
    for (const [name, values] of fieldValues(metadata)) {
      let field = this.#fields.get(name)
      if (field === undefined) {
        field = new MetadataField(name, undefined)
        this.#fields.set(name, field)
      }
      field.add(slot, values)
    }
  }
}

/**
 * The scalars of each field. Objects inside give fields of dotted names, lists several values; null is
 * none.
 */
export function fieldValues(metadata: Metadata): Map<string, Set<Scalar>> {
  const found = new Map<string, Set<Scalar>>()
  for (const [name, value] of Object.entries(metadata)) collect(name, value, found)
  return found
}

function collect(name: string, value: unknown, found: Map<string, Set<Scalar>>): void {
  if (value === null || value === undefined) return
  if (Array.isArray(value)) {
    for (const each of value) collect(name, each, found)
  } else if (typeof value === 'object') {
    for (const [inner, each] of Object.entries(value)) collect(`${name}.${inner}`, each, found)
  } else {
    const values = found.get(name)
    // JSON has no others.
    if (values === undefined) found.set(name, new Set([value as Scalar]))
    else values.add(value as Scalar)
  }
}

/** Throws for values that are not of a declared type; returns the names that the metadata have. */
export function checkMetadata(metadata: Metadata, declared: DeclaredFields): Iterable<string> {
  const values = fieldValues(metadata)
  for (const [name, own] of values) {
    for (const value of own) if (typeof value === 'number') assertFinite(name, value)
  }
  for (const [name, type] of Object.entries(declared)) {
    for (const value of values.get(name) ?? []) assertType({ name, declared: type }, value)
  }
  return values.keys()
}

/** JSON reads 1e400 as infinity and writes that as null: the number would be gone. */
function assertFinite(name: string, value: number): void {
  if (Number.isFinite(value)) return
  throw new HyperMeshError('invalid', `the field ${printable(name)} has a number that is too large`)
}
