import {
  HyperMeshError,
  type IcebergSchema,
  type IcebergType,
  parseColumnName,
  printable,
  type SchemaChange,
  type StructField,
  type StructType,
} from '@hypermesh/contract'
import { formatType, isList, isMap, isPrimitive, isStruct } from './iceberg-type.ts'
import { assertValidSchema, fieldsWithIds, isSameSchema } from './schema.ts'
import { mergePrimitives } from './type-merge.ts'

/** A column of a source. Ids in its type are not looked at. */
export interface SourceColumn {
  readonly name: string
  readonly type: IcebergType
  /** False: told from text, so the text may be read as another type instead. */
  readonly exact: boolean
}

/** A column of the table, as the files of this load must have it. */
export interface EvolvedColumn {
  readonly name: string
  readonly id: number
  readonly type: IcebergType
  /** Null: the source has no such column, so every value is null. */
  readonly sourceName: string | null
  /** Read the source's text as `type`; to cast what was inferred would change it ("007" → "7"). */
  readonly reread: boolean
}

export interface Evolution {
  /** The schema that the files need, every id assigned. */
  readonly schema: IcebergSchema
  /** False when it is the current schema. */
  readonly changed: boolean
  readonly lastColumnId: number
  readonly changes: readonly SchemaChange[]
  readonly columns: readonly EvolvedColumn[]
}

/**
 * Fits the columns of a source into a table, by name and without case: new columns are appended as
 * optional, types are widened where old files stay readable. Throws `type_mismatch` for the rest.
 * `lastColumnId` is that of the table's metadata: ids of dropped columns are not used again.
 */
export function planEvolution(
  current: IcebergSchema | undefined,
  columns: readonly SourceColumn[],
  lastColumnId: number,
): Evolution {
  for (const column of columns) parseColumnName(column.name)
  const plan = new EvolutionPlan(current === undefined ? 0 : lastColumnId)
  const fields = plan.mergeFields(current?.fields ?? [], columns, [])
  if (current === undefined) plan.changes.splice(0, plan.changes.length, { kind: 'create-table' })
  const identifiers = current?.['identifier-field-ids']
  const schema: IcebergSchema = {
    type: 'struct',
    ...(identifiers === undefined ? {} : { 'identifier-field-ids': identifiers }),
    fields,
  }
  assertValidSchema(schema)
  const changed = current === undefined || !isSameSchema(current, schema)
  return {
    schema: changed ? schema : current,
    changed,
    lastColumnId: plan.lastId,
    changes: plan.changes,
    columns: fields.map((field) => toColumn(field, plan)),
  }
}

function toColumn(field: StructField, plan: EvolutionPlan): EvolvedColumn {
  return {
    name: field.name,
    id: field.id,
    type: field.type,
    sourceName: plan.sources.get(field.id) ?? null,
    reread: plan.rereads.has(field.id),
  }
}

type Path = readonly string[]

class EvolutionPlan {
  lastId: number
  readonly changes: SchemaChange[] = []
  /** Names in the source of top-level columns, by field id. */
  readonly sources = new Map<number, string>()
  readonly rereads = new Set<number>()
  #column = 0

  constructor(lastId: number) {
    this.lastId = lastId
  }

  mergeFields(
    fields: readonly StructField[],
    sources: readonly SourceColumn[],
    path: Path,
  ): StructField[] {
    const byName = foldedNames(sources, path)
    const merged = fields.map((field) => {
      const source = byName.get(field.name.toLowerCase())
      byName.delete(field.name.toLowerCase())
      if (path.length === 0) this.#column = field.id
      return this.#mergeField(field, source, [...path, field.name])
    })
    return [...merged, ...this.#newFields([...byName.values()], path)]
  }

  #mergeField(field: StructField, source: SourceColumn | undefined, path: Path): StructField {
    if (source === undefined) {
      if (!field.required) return field
      throw new HyperMeshError(
        'invalid',
        `column ${shown(path)} is required by the table, but the source has none of that name`,
        { details: { column: path.join('.') } },
      )
    }
    if (path.length === 1) this.sources.set(field.id, source.name)
    return { ...field, type: this.#mergeType(field.type, source, path) }
  }

  #mergeType(table: IcebergType, source: SourceColumn, path: Path): IcebergType {
    const { type, exact } = source
    const inside = (name: string, child: IcebergType) => ({ name, type: child, exact })
    if (isPrimitive(table) && isPrimitive(type)) return this.#mergePrimitive(table, source, path)
    if (isStruct(table) && isStruct(type)) {
      const fields = type.fields.map((field) => inside(field.name, field.type))
      return { type: 'struct', fields: this.mergeFields(table.fields, fields, path) }
    }
    if (isList(table) && isList(type)) {
      const element = inside('element', type.element)
      return { ...table, element: this.#mergeType(table.element, element, [...path, 'element']) }
    }
    if (isMap(table) && isMap(type)) {
      const key = inside('key', type.key)
      const value = inside('value', type.value)
      return {
        ...table,
        key: this.#mergeKey(table.key, key, [...path, 'key']),
        value: this.#mergeType(table.value, value, [...path, 'value']),
      }
    }
    throw mismatch(table, type, path)
  }

  /** A key is what a map is searched by: its struct must not change. */
  #mergeKey(table: IcebergType, source: SourceColumn, path: Path): IcebergType {
    const merged = this.#mergeType(table, source, path)
    if (isPrimitive(table) || formatType(table) === formatType(merged)) return merged
    throw mismatch(table, source.type, path)
  }

  #mergePrimitive(table: string, source: SourceColumn, path: Path): IcebergType {
    const sourceType = source.type as string
    const merged = mergePrimitives(table, sourceType, source.exact)
    if (merged === undefined) throw mismatch(table, sourceType, path)
    if (merged.reread) this.rereads.add(this.#column)
    if (merged.type === formatType(table)) return table
    const column = path.join('.')
    this.changes.push({ kind: 'widen-column', column, from: formatType(table), to: merged.type })
    return merged.type
  }

  #newFields(sources: readonly SourceColumn[], path: Path): StructField[] {
    const fields = sources.map((source) => ({
      id: 0,
      name: source.name,
      type: optionalInside(source.type),
      required: false,
    }))
    const withIds = fieldsWithIds(fields, () => {
      this.lastId += 1
      return this.lastId
    })
    for (const [index, field] of withIds.entries()) {
      const column = [...path, field.name].join('.')
      this.changes.push({ kind: 'add-column', column, to: formatType(field.type) })
      const source = sources[index]
      if (path.length === 0 && source !== undefined) this.sources.set(field.id, source.name)
    }
    return withIds
  }
}

/** DuckDB writes every value as optional, so nothing new may be declared otherwise. */
function optionalInside(type: IcebergType): IcebergType {
  if (isPrimitive(type)) return formatType(type)
  if (isList(type)) {
    return { ...type, element: optionalInside(type.element), 'element-required': false }
  }
  if (isMap(type)) {
    const [key, value] = [optionalInside(type.key), optionalInside(type.value)]
    return { ...type, key, value, 'value-required': false }
  }
  const fields = type.fields.map((field) => ({
    id: field.id,
    name: field.name,
    type: optionalInside(field.type),
    required: false,
  }))
  return { type: 'struct', fields } satisfies StructType
}

function foldedNames(sources: readonly SourceColumn[], path: Path): Map<string, SourceColumn> {
  const byName = new Map<string, SourceColumn>()
  for (const source of sources) {
    const folded = source.name.toLowerCase()
    const other = byName.get(folded)
    if (other !== undefined) {
      const names = `"${printable(other.name)}" and "${printable(source.name)}"`
      const where = path.length === 0 ? 'the source' : shown(path)
      throw new HyperMeshError('invalid', `${where} has two columns of one name: ${names}`)
    }
    byName.set(folded, source)
  }
  return byName
}

function mismatch(table: IcebergType, source: IcebergType, path: Path): HyperMeshError {
  const [tableType, sourceType] = [formatType(table), formatType(source)]
  return new HyperMeshError(
    'type_mismatch',
    `column ${shown(path)} is ${tableType} in the table and ${sourceType} in the source; state a type for it or use another name`,
    { details: { column: path.join('.'), tableType, sourceType } },
  )
}

const shown = (path: Path) => printable(path.join('.'))
