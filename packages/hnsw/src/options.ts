import { HnswError } from './errors.ts'
import { limits } from './limits.ts'

/** Their places stand in saved images: add at the end, never change one. */
export const metrics = ['l2', 'cosine', 'ip'] as const
export const storages = ['f32', 'f16', 'i8'] as const

/**
 * How near two vectors are, always as a distance that is smaller for the nearer: `l2` is the squared
 * Euclidean distance, `cosine` is 1 − cos, `ip` is 1 − the inner product and may be negative.
 */
export type Metric = (typeof metrics)[number]

/** `i8` searches by 8-bit codes and orders the candidates by the 16-bit vectors that it keeps too. */
export type Storage = (typeof storages)[number]

export interface HnswOptions {
  readonly dimension: number
  readonly metric: Metric
  readonly storage: Storage
  /** Links of a vector on each level above the lowest, which has twice as many; 16 unless said. */
  readonly m?: number
  /** Candidates while a vector is linked; 200 unless said. */
  readonly efConstruction?: number
  /** Of the levels: one thread builds the same graph from the same seed. */
  readonly seed?: number
}

/** All of them, checked. */
export function completeOptions(options: HnswOptions): Required<HnswOptions> {
  const { dimension, metric, storage, m = 16, efConstruction = 200, seed = 1 } = options
  assertWhole(dimension, 'dimension', 1, limits.dimensionMax)
  if (!metrics.includes(metric)) throw new HnswError('invalid', `no metric ${String(metric)}`)
  if (!storages.includes(storage)) throw new HnswError('invalid', `no storage ${String(storage)}`)
  assertWhole(m, 'm', limits.mMin, limits.mMax)
  assertWhole(efConstruction, 'efConstruction', 1, limits.efMax)
  assertWhole(seed, 'seed', 0, 0xffffffff)
  return { dimension, metric, storage, m, efConstruction, seed }
}

/** Throws `invalid`, or `k` for a k and an ef. */
export function assertWhole(value: number, name: string, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  const code = name === 'k' || name === 'ef' ? 'k' : 'invalid'
  throw new HnswError(code, `${name} is ${value}, not a whole number from ${min} to ${max}`)
}
