import {
  type BadSourceRow,
  HyperMeshError,
  type Limits,
  printable,
  type VectorPointId,
} from '@hypermesh/contract'
import type { IndexDefinition } from '../index-definition.ts'
import { assertId, type PointBatch, readPoints } from '../point-batch.ts'
import type { SourceState } from './source-state.ts'

export interface RowTerms {
  readonly source: SourceState
  /** The key is a column of whole numbers. */
  readonly hasNumberKey: boolean
  readonly definition: IndexDefinition
  readonly limits: Limits
}

export interface RowPoint {
  readonly id: VectorPointId
  /** Undefined: it is made of the text. */
  readonly vector: Float32Array | undefined
  readonly metadata: string
  readonly fieldNames: ReadonlySet<string>
}

/** A row as a point, or why it is none. */
export function toPoint(row: readonly unknown[], terms: RowTerms): RowPoint | BadSourceRow {
  const [key, value, ...values] = row
  const { source, definition } = terms
  const id = idOf(key, terms.hasNumberKey)
  try {
    if (id === undefined)
      throw invalid(key === null ? 'the key is NULL' : 'the key is beyond 2^53 − 1')
    assertId(id, terms.limits)
    const what = source.text === undefined ? 'vector' : 'text'
    if (value === null || value === undefined) throw invalid(`the ${what} is NULL`)
    const others = metadataOf(values, source)
    const point =
      source.text === undefined
        ? { id, vector: value as readonly number[], metadata: others }
        : { id, metadata: { [definition.embedding?.field ?? '']: value, ...others } }
    const { metadata, vectors, withoutVector, fieldNames } = readPoints([point], terms)
    const vector = withoutVector.length === 0 ? vectors : undefined
    return { id, vector, metadata: metadata[0] ?? '{}', fieldNames }
  } catch (error) {
    if (!(error instanceof HyperMeshError)) throw error
    return { key: id === undefined ? null : shown(id), reason: error.message }
  }
}

export function isPoint(row: RowPoint | BadSourceRow): row is RowPoint {
  return 'vector' in row
}

/** Stops where rows that make no point are not to be left out. */
export function assertGood(bad: readonly BadSourceRow[], { source }: RowTerms): void {
  const [first] = bad
  if (first === undefined || source.onBadRows === 'skip') return
  const which = first.key === null ? 'a row' : `the row ${printable(String(first.key))}`
  throw new HyperMeshError(
    'invalid',
    `${which} of ${source.table} makes no point: ${first.reason}`,
    {
      details: { reason: 'bad-row', samples: bad.slice(0, samplesMax) },
    },
  )
}

export const samplesMax = 10

export function toBatch(points: readonly RowPoint[], dimension: number): PointBatch {
  const vectors = new Float32Array(points.length * dimension)
  const fieldNames = new Set<string>()
  for (const [index, point] of points.entries()) {
    if (point.vector !== undefined) vectors.set(point.vector, index * dimension)
    for (const name of point.fieldNames) fieldNames.add(name)
  }
  return {
    ids: points.map(({ id }) => id),
    metadata: points.map(({ metadata }) => metadata),
    vectors,
    withoutVector: points.flatMap(({ vector }, index) => (vector === undefined ? index : [])),
    fieldNames,
  }
}

/** Numbers beyond 2^53 − 1 come as texts and are no ids: the same digits would be another id. */
function idOf(key: unknown, isNumber: boolean): VectorPointId | undefined {
  if (isNumber) return typeof key === 'number' ? key : undefined
  return typeof key === 'string' ? key : undefined
}

function shown(id: VectorPointId): VectorPointId {
  return typeof id === 'string' ? printable(id) || '' : id
}

/** NULL is no value. */
function metadataOf(
  values: readonly unknown[],
  { metadata }: SourceState,
): Record<string, unknown> {
  const entries = metadata.map(({ name }, index): [string, unknown] => [name, values[index]])
  return Object.fromEntries(entries.filter(([, value]) => value !== null))
}

const invalid = (message: string) => new HyperMeshError('invalid', message)
