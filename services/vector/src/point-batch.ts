import {
  HyperMeshError,
  type Limits,
  printable,
  type VectorPoint,
  type VectorPointId,
} from '@hypermesh/contract'
import type { IndexDefinition } from './index-definition.ts'
import { checkMetadata, type DeclaredFields } from './metadata-fields.ts'
import { assertVector, copyVector } from './vector-values.ts'

/** Points as they were sent, checked as far as that goes without knowing what the index holds. */
export interface PointBatch {
  readonly ids: readonly VectorPointId[]
  readonly metadata: readonly (string | undefined)[]
  /** One place for each point, also for those without a vector. */
  readonly vectors: Float32Array
  /** Positions of points that came without one. */
  readonly withoutVector: readonly number[]
  readonly fieldNames: ReadonlySet<string>
}

interface BatchTerms {
  readonly definition: IndexDefinition
  readonly limits: Limits
}

export function readPoints(points: readonly VectorPoint[], terms: BatchTerms): PointBatch {
  const { definition, limits } = terms
  assertCount(points.length, limits)
  const vectors = new Float32Array(points.length * definition.dimension)
  const seen = new Set<VectorPointId>()
  const withoutVector: number[] = []
  const fieldNames = new Set<string>()
  const metadata: (string | undefined)[] = []
  for (const [index, { id, vector, metadata: given }] of points.entries()) {
    const what = () => `the vector of point ${shownId(id)}`
    assertId(id, limits)
    if (seen.has(id)) throw repeated(id)
    seen.add(id)
    if (vector === undefined) withoutVector.push(index)
    else copyVector(vector, definition, { target: vectors, at: index * definition.dimension, what })
    metadata.push(given && metadataText(given, { id, fieldNames, limits, definition }))
  }
  return { ids: [...seen], metadata, vectors, withoutVector, fieldNames }
}

/** uint32 n, n uint64 ids, n vectors of float32; little-endian. */
export function readPointBytes(body: Uint8Array, terms: BatchTerms): PointBatch {
  const { definition, limits } = terms
  const { dimension } = definition
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const count = body.length < 4 ? 0 : view.getUint32(0, true)
  const expected = 4 + count * (8 + dimension * 4)
  if (count === 0 || body.length !== expected) {
    throw new HyperMeshError(
      'invalid',
      `the body has ${body.length} bytes; ${count} points of dimension ${dimension} take ${expected}`,
      { details: { bytes: body.length, expected, points: count } },
    )
  }
  assertCount(count, limits)
  const seen = new Set<VectorPointId>()
  const vectors = toFloats(body.subarray(4 + count * 8))
  for (let index = 0; index < count; index += 1) {
    const id = Number(view.getBigUint64(4 + index * 8, true))
    assertId(id, limits)
    if (seen.has(id)) throw repeated(id)
    seen.add(id)
    const what = () => `the vector of point ${id}`
    assertVector(vectors, definition, { at: index * dimension, what })
  }
  const metadata = new Array<undefined>(count).fill(undefined)
  return { ids: [...seen], metadata, vectors, withoutVector: [], fieldNames: new Set() }
}

/** The bytes as numbers, copied where they lie askew. Requires: a multiple of four, and nobody changes them. */
export function toFloats(bytes: Uint8Array): Float32Array {
  if (bytes.byteOffset % 4 === 0) {
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  }
  const floats = new Float32Array(bytes.length / 4)
  new Uint8Array(floats.buffer).set(bytes)
  return floats
}

export function assertId(id: VectorPointId, { vectorIdBytesMax }: Limits): void {
  if (typeof id === 'number') {
    if (Number.isSafeInteger(id) && id >= 0) return
    throw invalid('an id that is a number is whole, from 0 to 2^53 − 1')
  }
  if (id === '' || Buffer.from(id).toString() !== id)
    throw invalid('an id that is text is not empty, and Unicode')
  if (Buffer.byteLength(id) > vectorIdBytesMax) {
    throw new HyperMeshError('too_large', `an id has at most ${vectorIdBytesMax} bytes`, {
      details: { limit: 'vector_id_bytes_max', bytesMax: vectorIdBytesMax },
    })
  }
}

export function shownId(id: VectorPointId): string {
  return typeof id === 'number' ? String(id) : `"${printable(id)}"`
}

function metadataText(
  metadata: Readonly<Record<string, unknown>>,
  terms: {
    readonly id: VectorPointId
    readonly fieldNames: Set<string>
    readonly limits: Limits
    readonly definition: { readonly fields: DeclaredFields }
  },
): string {
  const text = JSON.stringify(metadata)
  const { vectorMetadataBytesMax: bytesMax } = terms.limits
  if (Buffer.byteLength(text) > bytesMax) {
    const message = `the metadata of point ${shownId(terms.id)} have more than ${bytesMax} bytes`
    throw new HyperMeshError('too_large', message, {
      details: { limit: 'vector_metadata_bytes_max', bytesMax },
    })
  }
  for (const name of checkMetadata(metadata, terms.definition.fields)) {
    if (name.length > fieldNameMax) {
      throw invalid(`the name of a metadata field has at most ${fieldNameMax} characters`)
    }
    terms.fieldNames.add(name)
  }
  return text
}

const fieldNameMax = 255

function assertCount(count: number, { vectorBatchPointsMax }: Limits): void {
  if (count <= vectorBatchPointsMax) return
  throw new HyperMeshError('too_large', `one write has at most ${vectorBatchPointsMax} points`, {
    details: { limit: 'vector_batch_points_max', countMax: vectorBatchPointsMax },
  })
}

function repeated(id: VectorPointId): HyperMeshError {
  return new HyperMeshError('invalid', `the id ${shownId(id)} is there twice`, { details: { id } })
}

function invalid(message: string): HyperMeshError {
  return new HyperMeshError('invalid', message)
}
