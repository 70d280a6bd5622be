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
  const { dimension, metric, storage } = shape
  if (source.length !== dimension) {
    throw invalid(`${what()} has ${source.length} numbers; the index takes ${dimension}`, {
      dimension,
      given: source.length,
    })
  }
  // What the graph takes: a write is durable before it comes there, so nothing may be refused by then.
  const isWide = metric === 'cosine' || storage === 'f32'
  const max = isWide ? limits.magnitudeMax : limits.halfMax
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
