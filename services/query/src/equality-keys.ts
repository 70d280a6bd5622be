import { HyperMeshError, type StructField, type TableMetadata } from '@hypermesh/contract'

/** From a column of the table through its structs to a field of a primitive type. */
export type FieldPath = readonly [StructField, ...StructField[]]

/**
 * The fields that equality deletes may compare by: columns, and members of structs. As the table
 * specification has it, nothing inside of a list or map is one.
 */
export class EqualityKeys {
  readonly #schemas: readonly (readonly StructField[])[]
  #paths: ReadonlyMap<number, FieldPath> | undefined

  constructor({ schemas }: TableMetadata, fields: readonly StructField[]) {
    // A delete by a column that the table has dropped still holds, so all schemas are asked; the
    // scan's own is asked last, so its names and types win.
    this.#schemas = [...schemas.map((schema) => schema.fields), fields]
  }

  of(id: number): FieldPath {
    this.#paths ??= new Map(this.#schemas.flatMap((fields) => [...leavesOf(fields)]))
    const found = this.#paths.get(id)
    if (found !== undefined) return found
    throw new HyperMeshError(
      'unsupported',
      `the table has equality deletes by field ${id}, which is no primitive column, nor one in structs`,
    )
  }

  /** Does one of them lie in a struct? */
  areNested(ids: readonly number[]): boolean {
    return ids.some((id) => this.of(id).length > 1)
  }
}

function* leavesOf(
  fields: readonly StructField[],
  outer: readonly StructField[] = [],
): Generator<readonly [number, FieldPath]> {
  for (const field of fields) {
    const { id, type } = field
    const path = [...outer, field] as unknown as FieldPath
    if (typeof type === 'string') yield [id, path]
    else if (type.type === 'struct') yield* leavesOf(type.fields, path)
  }
}
