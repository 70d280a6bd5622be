import {
  HyperMeshError,
  type IcebergSchema,
  type PartitionSpec,
  printable,
  type SortOrder,
  type TableMetadata,
} from '@hypermesh/contract'
import { scalarFromText } from './bounds.ts'
import { formatPrimitive, isPrimitive, type Primitive, parsePrimitive } from './iceberg-type.ts'
import type { SortedColumn, TransformedColumn } from './layout-text.ts'
import {
  assertValidSortOrder,
  assertValidSpec,
  defaultSpec,
  firstPartitionFieldId,
} from './partition-spec.ts'
import { fieldsById, type IndexedField } from './schema.ts'
import { compareScalars, encodeSingleValue, type Scalar } from './single-value.ts'
import { applyTransform, findTransform, type Transform, transformResult } from './transform.ts'

/** A column of the rows and what is made of it. */
export interface LayoutColumn {
  /** Names from the top: a member of a struct has several. */
  readonly path: readonly string[]
  /** In the format's words. */
  readonly type: string
  readonly transform: Transform
}

export interface PartitionColumn extends LayoutColumn {
  readonly fieldId: number
  readonly result: Primitive
}

export interface SortColumn extends LayoutColumn {
  readonly direction: 'asc' | 'desc'
  readonly nullOrder: 'nulls-first' | 'nulls-last'
}

/** How the rows of a table's new files are to be parted and ordered. */
export interface WriteLayout {
  readonly partition: readonly PartitionColumn[]
  readonly sort: readonly SortColumn[]
  /** Undefined: in no order. */
  readonly sortOrderId: number | undefined
}

/** The layout that a table asks of its writers. Throws `unsupported` for an unknown transform. */
export function writeLayoutOf(metadata: TableMetadata, schema: IcebergSchema): WriteLayout {
  const id = metadata['default-sort-order-id']
  const order = metadata['sort-orders'].find((each) => (each['order-id'] ?? 0) === id)
  return toWriteLayout(schema, { partitionSpec: defaultSpec(metadata), sortOrder: order })
}

/** What a table that is created says of its layout. */
export interface NewLayout {
  readonly partitionSpec?: PartitionSpec
  readonly sortOrder?: SortOrder
}

export function toWriteLayout(
  schema: IcebergSchema,
  {
    partitionSpec,
    sortOrder,
  }: { partitionSpec?: PartitionSpec; sortOrder?: SortOrder | undefined },
): WriteLayout {
  const fields = fieldsById(schema)
  const partition = (partitionSpec?.fields ?? []).flatMap((field, position) => {
    const column = toColumn(fields.get(field['source-id']), field.transform)
    const fieldId = field['field-id'] ?? firstPartitionFieldId + position
    const result = transformResult(field.transform, column.type)
    if (result === undefined) throw unknownTransform(field.transform)
    return column.transform.kind === 'void' ? [] : [{ ...column, fieldId, result }]
  })
  const sort = (sortOrder?.fields ?? []).map((field) => ({
    ...toColumn(fields.get(field['source-id']), field.transform),
    direction: field.direction,
    nullOrder: field['null-order'],
  }))
  const sortOrderId = sort.length === 0 ? undefined : sortOrder?.['order-id']
  return { partition, sort, sortOrderId }
}

function toColumn(field: IndexedField | undefined, text: string): LayoutColumn {
  const transform = findTransform(text)
  if (transform === undefined) throw unknownTransform(text)
  if (field === undefined || !isPrimitive(field.type)) {
    throw new HyperMeshError('unsupported', 'the table is laid out by a column that it lacks')
  }
  return { path: field.path, type: formatPrimitive(parsePrimitive(field.type)), transform }
}

function unknownTransform(text: string): HyperMeshError {
  return new HyperMeshError('unsupported', `transform ${printable(text)} cannot be written`)
}

/** The layout of a new table, from columns by name. Throws `invalid` where the schema lacks one. */
export function newLayout(
  schema: IcebergSchema,
  by: { readonly partition: readonly TransformedColumn[]; readonly sort: readonly SortedColumn[] },
): NewLayout {
  const names = new Set(schema.fields.map(({ name }) => name.toLowerCase()))
  const fields = by.partition.map(({ column, transform }, position) => {
    const source = findColumn(schema, column)
    const name = freeName(source.path.join('.'), transform, names)
    names.add(name.toLowerCase())
    return { 'source-id': source.id, 'field-id': firstPartitionFieldId + position, name, transform }
  })
  const partitionSpec = { 'spec-id': 0, fields }
  const sorted = by.sort.map(({ column, transform, direction, nullOrder }) => {
    return {
      'source-id': findColumn(schema, column).id,
      transform,
      direction,
      'null-order': nullOrder,
    }
  })
  const sortOrder = { 'order-id': sorted.length === 0 ? 0 : 1, fields: sorted }
  assertValidSpec(partitionSpec, schema)
  assertValidSortOrder(sortOrder, schema)
  return { partitionSpec, sortOrder }
}

function findColumn(schema: IcebergSchema, name: string): IndexedField {
  const fields = [...fieldsById(schema).values()].filter(({ repeated }) => !repeated)
  const folded = name.toLowerCase()
  const found =
    fields.find(({ path }) => path.length === 1 && path[0]?.toLowerCase() === folded) ??
    fields.find(({ path }) => path.join('.').toLowerCase() === folded)
  if (found !== undefined) return found
  throw new HyperMeshError(
    'invalid',
    `the table has no column "${printable(name)}" to lay it out by`,
  )
}

const suffixes: Readonly<Record<string, string>> = { bucket: '_bucket', truncate: '_trunc' }

/** As Java names them: the column itself, `ts_day`, `id_bucket`; numbered where that is taken. */
function freeName(column: string, transform: string, taken: ReadonlySet<string>): string {
  const kind = findTransform(transform)?.kind ?? 'identity'
  if (kind === 'identity') return column
  const name = `${column}${suffixes[kind] ?? `_${kind}`}`
  let free = name
  for (let number = 2; taken.has(free.toLowerCase()); number += 1) free = `${name}_${number}`
  return free
}

/** True when a table's layout is that of these columns. */
export function isSameLayout(layout: WriteLayout, other: WriteLayout): boolean {
  const shape = ({ partition, sort }: WriteLayout) =>
    JSON.stringify([
      partition.map(({ path, transform }) => [path, transform]),
      sort.map(({ path, transform, direction, nullOrder }) => [
        path,
        transform,
        direction,
        nullOrder,
      ]),
    ])
  return shape(layout) === shape(other)
}

/** Of the rows of one file: the partition's value, and some value of the column that gave it. */
export interface PartitionKey {
  readonly value: string | null
  readonly source: string | null
}

/**
 * What a manifest says of a file's partition. The value as SQL computed it is checked against what
 * this package's own transform makes of a source value: two makers of one file must not disagree.
 */
export function toPartition(
  columns: readonly PartitionColumn[],
  keys: readonly PartitionKey[],
): Record<string, string | null> {
  return Object.fromEntries(
    columns.map((column, index) => {
      const key = keys[index]
      const value = key && toScalar(column.result, key.value)
      if (value === undefined || key === undefined) throw disagreement(column)
      const type = parsePrimitive(column.type)
      const source = toScalar(type, key.source)
      const made =
        source === null || source === undefined
          ? source
          : applyTransform(column.transform, type, source)
      if (made === undefined || !isSame(value, made)) throw disagreement(column)
      const bytes = value === null ? null : encodeSingleValue(column.result, value)
      return [column.fieldId, bytes === null ? null : Buffer.from(bytes).toString('base64')]
    }),
  )
}

function disagreement({ path, transform }: LayoutColumn): HyperMeshError {
  return new HyperMeshError(
    'internal',
    `the partition by ${transform.kind} of ${path.join('.')} is not what its values give`,
  )
}

function isSame(left: Scalar | null, right: Scalar | null): boolean {
  if (left === null || right === null) return left === right
  return Object.is(left, right) || compareScalars(left, right) === 0
}

/** Bytes are hexadecimal, texts too; all else as DuckDB prints it. Undefined: not understood. */
function toScalar(type: Primitive, text: string | null): Scalar | null | undefined {
  if (text === null) return null
  if (type.kind === 'string') return Buffer.from(text, 'hex')
  if ((type.kind === 'float' || type.kind === 'double') && text === 'nan') return Number.NaN
  return scalarFromText(type, text)
}
