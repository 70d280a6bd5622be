import { type Hit, TopHits } from './top-hits.ts'

/** How little the first places of an arm stand out; 60 is the paper's and everyone's. */
const rankConstantDefault = 60

export interface RankedArm {
  /** Best first, each slot once. */
  readonly slots: readonly number[]
  readonly weight: number
}

export interface FusionOptions {
  readonly limit: number
  readonly rankConstant?: number | undefined
  /** Order among equal scores. */
  readonly compareSlots?: ((a: number, b: number) => number) | undefined
}

/**
 * Reciprocal rank fusion: what stands at rank r of an arm gets weight ÷ (constant + r) of it, ranks
 * from 1. Scores of different kinds need no common scale that way.
 */
export function fuseRanks(arms: readonly RankedArm[], options: FusionOptions): Hit[] {
  const { limit, rankConstant = rankConstantDefault, compareSlots } = options
  const scores = new Map<number, number>()
  for (const { slots, weight } of arms) {
    if (weight === 0) continue
    for (const [index, slot] of slots.entries()) {
      scores.set(slot, (scores.get(slot) ?? 0) + weight / (rankConstant + index + 1))
    }
  }
  const top = new TopHits(limit, compareSlots)
  for (const [slot, score] of scores) top.offer(slot, score)
  return top.toSorted()
}
