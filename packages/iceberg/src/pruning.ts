import type { IcebergSchema } from '@hypermesh/contract'
import { isPrimitive, type Primitive, parsePrimitive } from './iceberg-type.ts'
import type { AvroValue, DataFile, PartitionSummary } from './manifest-types.ts'
import type { BoundPartitionField } from './partition-spec.ts'
import { toScalar } from './scan-constant.ts'
import type { ScanPredicate } from './scan-predicate.ts'
import { decodeSingleValue, fromAvroValue, type Scalar } from './single-value.ts'
import { applyTransform, findTransform, type Transform } from './transform.ts'
import {
  type Comparison,
  mayCompare,
  mayCompareTransformed,
  type ValueFacts,
} from './value-facts.ts'

interface Column {
  readonly id: number
  readonly type: Primitive
}

/** A predicate bound to field ids and typed constants. `true`: nothing can be told from it. */
export type BoundPredicate =
  | true
  | { readonly op: 'in'; readonly column: Column; readonly values: readonly Scalar[] }
  | { readonly op: Comparison; readonly column: Column; readonly value: Scalar }
  | { readonly op: 'is-null' | 'is-not-null'; readonly column: Column }
  | { readonly op: 'and' | 'or'; readonly children: readonly BoundPredicate[] }

/** Names are those of the schema, without case; what cannot be understood prunes nothing. */
export function bindPredicate(
  predicate: ScanPredicate | undefined,
  schema: IcebergSchema,
): BoundPredicate {
  if (predicate === undefined) return true
  if ('children' in predicate) {
    const children = predicate.children.map((child) => bindPredicate(child, schema))
    return children.length === 0 ? true : { op: predicate.op, children }
  }
  const column = findColumn(schema, predicate.column)
  if (column === undefined) return true
  if ('values' in predicate) {
    const values = predicate.values.map((value) => toScalar(column.type, value))
    return values.every((value) => value !== undefined) ? { op: 'in', column, values } : true
  }
  if (!('value' in predicate)) return { op: predicate.op, column }
  const value = toScalar(column.type, predicate.value)
  return value === undefined ? true : { op: predicate.op, column, value }
}

function findColumn(schema: IcebergSchema, name: string): Column | undefined {
  const folded = name.toLowerCase()
  const field =
    schema.fields.find((candidate) => candidate.name === name) ??
    schema.fields.find((candidate) => candidate.name.toLowerCase() === folded)
  if (field === undefined || !isPrimitive(field.type)) return undefined
  return { id: field.id, type: parsePrimitive(field.type) }
}

type Leaf = Exclude<BoundPredicate, true | { readonly children: readonly BoundPredicate[] }>

function mayMatch<Of>(
  predicate: BoundPredicate,
  leaf: (predicate: Leaf, of: Of) => boolean,
  of: Of,
): boolean {
  if (predicate === true) return true
  if (!('children' in predicate)) return leaf(predicate, of)
  return predicate.op === 'and'
    ? predicate.children.every((child) => mayMatch(child, leaf, of))
    : predicate.children.some((child) => mayMatch(child, leaf, of))
}

/** May a file of the manifest hold a row of the scan, going by the manifest list? */
export function manifestMayMatch(
  predicate: BoundPredicate,
  fields: readonly BoundPartitionField[],
  summaries: readonly PartitionSummary[] | undefined,
): boolean {
  if (summaries === undefined || summaries.length !== fields.length) return true
  const test = (leaf: Leaf, of: readonly PartitionSummary[]) =>
    fields.every((field, index) => {
      const summary = of[index]
      if (summary === undefined || field.sourceId !== leaf.column.id) return true
      return leafMayMatchPartition(leaf, field, (type) => summaryFacts(type, summary))
    })
  return mayMatch(predicate, test, summaries)
}

/** What tells files apart; made once for many of them. */
export interface FileTests {
  /** May the file hold a row of the scan, going by its partition alone? */
  readonly byPartition: (file: DataFile) => boolean
  /** And going by its partition, counts and bounds? */
  readonly byStatistics: (file: DataFile) => boolean
}

export function fileTests(
  predicate: BoundPredicate,
  fields: readonly BoundPartitionField[],
): FileTests {
  const tuple = (leaf: Leaf, file: DataFile) => tupleMayMatch(leaf, fields, file)
  const statistics = (leaf: Leaf, file: DataFile) =>
    leafMayMatch(leaf, new FileFacts(leaf.column, file)) && tuple(leaf, file)
  return {
    byPartition: (file) => fields.length === 0 || mayMatch(predicate, tuple, file),
    byStatistics: (file) => mayMatch(predicate, statistics, file),
  }
}

function tupleMayMatch(
  leaf: Leaf,
  fields: readonly BoundPartitionField[],
  file: DataFile,
): boolean {
  return fields.every((field) => {
    const value = file.partition.get(field.fieldId)
    if (value === undefined || field.sourceId !== leaf.column.id) return true
    return leafMayMatchPartition(leaf, field, (type) => tupleFacts(type, value))
  })
}

function leafMayMatch(leaf: Leaf, facts: ValueFacts): boolean {
  switch (leaf.op) {
    case 'is-null':
      return facts.mayHaveNull
    case 'is-not-null':
      return facts.mayHaveValue
    case 'in':
      return leaf.values.some((value) => mayCompare('=', facts, value))
    default:
      return mayCompare(leaf.op, facts, leaf.value)
  }
}

function leafMayMatchPartition(
  leaf: Leaf,
  field: BoundPartitionField,
  factsOf: (type: Primitive) => ValueFacts,
): boolean {
  const transform = findTransform(field.transform)
  if (transform === undefined || transform.kind === 'void' || field.result === undefined)
    return true
  const facts = factsOf(field.result)
  if (transform.kind === 'identity') return leafMayMatch(leaf, facts)
  switch (leaf.op) {
    case 'is-null':
      return facts.mayHaveNull
    case 'is-not-null':
      return facts.mayHaveValue
    case 'in':
      return leaf.values.some((value) =>
        transformedMayMatch('=', leaf.column, value, { transform, facts }),
      )
    default:
      return transformedMayMatch(leaf.op, leaf.column, leaf.value, { transform, facts })
  }
}

function transformedMayMatch(
  op: Comparison,
  column: Column,
  value: Scalar,
  known: { readonly transform: Transform; readonly facts: ValueFacts },
): boolean {
  const constant = toColumnValue(column.type, value)
  if (constant === undefined) return true
  const result = applyTransform(known.transform, column.type, constant)
  if (result === undefined || (op !== '=' && mayWrap(column.type, value, known))) return true
  return mayCompareTransformed(op, known.transform, known.facts, result)
}

/** The constant as a value of the column would be; undefined where it is an integer that none can be. */
function toColumnValue({ kind }: Primitive, value: Scalar): Scalar | undefined {
  if ((kind !== 'int' && kind !== 'long') || typeof value !== 'bigint') return value
  const bits = kind === 'int' ? 32 : 64
  if (BigInt.asIntN(bits, value) !== value) return undefined
  return kind === 'int' ? Number(value) : value
}

/**
 * Integers next to the least one are truncated to something below it, which wraps around to the
 * largest ones: there the order of values says nothing of the order of partitions.
 */
function mayWrap(
  { kind }: Primitive,
  value: Scalar,
  { transform, facts }: { readonly transform: Transform; readonly facts: ValueFacts },
): boolean {
  if (transform.kind !== 'truncate' || (kind !== 'int' && kind !== 'long')) return false
  const largest = kind === 'int' ? 2n ** 31n - 1n : 2n ** 63n - 1n
  const isNear = (scalar: Scalar | undefined, sign: 1n | -1n) =>
    (typeof scalar === 'number' || typeof scalar === 'bigint') &&
    sign * BigInt(scalar) > largest - BigInt(transform.width)
  return isNear(value, -1n) || isNear(facts.upper, 1n)
}

/** Read as they are asked for: most files are told apart by one bound. */
class FileFacts implements ValueFacts {
  readonly #column: Column
  readonly #file: DataFile

  constructor(column: Column, file: DataFile) {
    this.#column = column
    this.#file = file
  }

  get lower(): Scalar | undefined {
    return bound(this.#column.type, this.#file.lowerBounds.get(this.#column.id))
  }

  get upper(): Scalar | undefined {
    return bound(this.#column.type, this.#file.upperBounds.get(this.#column.id))
  }

  get mayHaveNull(): boolean {
    return this.#file.nullCounts.get(this.#column.id) !== 0
  }

  get mayHaveValue(): boolean {
    return this.#file.nullCounts.get(this.#column.id) !== this.#file.recordCount
  }

  get mayHaveNan(): boolean {
    const { id, type } = this.#column
    const isFloating = type.kind === 'float' || type.kind === 'double'
    return isFloating && this.#file.nanCounts.get(id) !== 0
  }
}

function summaryFacts(type: Primitive, summary: PartitionSummary): ValueFacts {
  const isFloating = type.kind === 'float' || type.kind === 'double'
  return {
    lower: bound(type, summary.lowerBound),
    upper: bound(type, summary.upperBound),
    mayHaveNull: summary.containsNull,
    mayHaveValue: true,
    mayHaveNan: isFloating && summary.containsNan !== false,
  }
}

function tupleFacts(type: Primitive, value: AvroValue): ValueFacts {
  const scalar = fromAvroValue(type, value)
  const isNan = typeof scalar === 'number' && Number.isNaN(scalar)
  const known = isNan ? undefined : scalar
  return {
    lower: known,
    upper: known,
    mayHaveNull: value === null,
    mayHaveValue: value !== null,
    mayHaveNan: isNan || (value !== null && scalar === undefined),
  }
}

function bound(type: Primitive, bytes: Uint8Array | undefined): Scalar | undefined {
  const value = bytes === undefined ? undefined : decodeSingleValue(type, bytes)
  return typeof value === 'number' && Number.isNaN(value) ? undefined : value
}
