import { HyperMeshError } from '@hypermesh/contract'
import { limits } from '@hypermesh/hnsw'
import type { IndexDefinition } from './index-definition.ts'

type Shape = Pick<IndexDefinition, 'dimension' | 'metric' | 'storage'>

/** A shorter one has no direction that single precision could keep. */
const normMin = 1e-18

/**
 * Copies a vector to its place, checked on the way: dimension, numbers, finite and within range, and
 * under cosine of a length that is not zero. `what` names it in messages.
 */
export function copyVector(
  source: readonly unknown[] | Float32Array,
  shape: Shape,
  { target, at, what }: { target: Float32Array; at: number; what: () => string },
): void {
  const { dimension } = shape
  if (source.length !== dimension) {
    throw invalid(`${what()} has ${source.length} numbers; the index takes ${dimension}`, {
      dimension,
      given: source.length,
    })
  }
  if (source instanceof Float32Array) {
    target.set(source, at)
    assertVector(target, shape, { at, what })
    return
  }
  const max = magnitudeMaxOf(shape)
  let square = 0
  for (let index = 0; index < dimension; index += 1) {
    const value = source[index]
    // NaN is not smaller than anything either.
    if (typeof value !== 'number' || !(Math.abs(value) <= max)) {
      throw badNumber(what(), { index, value, max })
    }
    square += value * value
    target[at + index] = value
  }
  assertLength(square, shape, what)
}

/** The same of one in single precision, where it stands. A loop of its own: it is of numbers alone. */
export function assertVector(
  vectors: Float32Array,
  shape: Shape,
  { at, what }: { at: number; what: () => string },
): void {
  const max = magnitudeMaxOf(shape)
  let square = 0
  for (let index = at; index < at + shape.dimension; index += 1) {
    const value = vectors[index] as number
    if (!(Math.abs(value) <= max)) throw badNumber(what(), { index: index - at, value, max })
    square += value * value
  }
  assertLength(square, shape, what)
}

// What the graph takes: a write is durable before it comes there, so nothing may be refused by then.
function magnitudeMaxOf({ metric, storage }: Shape): number {
  return metric === 'cosine' || storage === 'f32' ? limits.magnitudeMax : limits.halfMax
}

function assertLength(square: number, { metric }: Shape, what: () => string): void {
  if (metric === 'cosine' && Math.sqrt(square) < normMin) {
    throw invalid(`${what()} has length zero, which cosine cannot compare`, {})
  }
}

function badNumber(
  what: string,
  { index, value, max }: { index: number; value: unknown; max: number },
): HyperMeshError {
  const problem =
    typeof value !== 'number'
      ? 'is not a number'
      : Number.isFinite(value)
        ? `is larger than ${max}, which the index can hold`
        : 'is not finite'
  return invalid(`number ${index} of ${what} ${problem}`, { index })
}

function invalid(message: string, details: Readonly<Record<string, unknown>>): HyperMeshError {
  return new HyperMeshError('invalid', message, { details })
}
