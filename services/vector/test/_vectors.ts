import { type OpenService, type OpenServiceOptions, openService } from '@hypermesh/testing'
import { vector } from '../src/index.ts'

export type OpenVectors = OpenService

/** The vector service through its fetch, on a directory of its own, asked by a writer. */
export function openVectors(
  options?: OpenServiceOptions<'catalog' | 'query'>,
): Promise<OpenVectors> {
  return openService(vector, { under: '/v1/vectors', as: 'writer' }, options)
}

/** Random numbers that repeat with their seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export function randomVector(random: () => number, dimension: number): number[] {
  return Array.from({ length: dimension }, () => random() * 2 - 1)
}
