import { median } from '../figures.ts'
import { cpuSeconds, k, type VectorContender } from './contender.ts'

export const ladder = [16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256]

export interface Step {
  readonly contender: VectorContender
  readonly ef: number
  readonly recall: number
}

/**
 * The first step of the ladder on which a contender finds that share of the true neighbors. Throws where
 * it finds it on none: the speed of a lesser recall is no figure.
 */
export function firstStep(
  contender: VectorContender,
  truth: readonly (readonly number[])[],
  least: number,
): Step {
  let best = 0
  for (const ef of ladder) {
    contender.setEf(ef)
    const found = truth.map((_, query) => Array.from(contender.search(query), Number))
    const recall = recallOf(found, truth)
    if (recall >= least) return { contender, ef, recall }
    best = Math.max(best, recall)
  }
  throw new Error(`${contender.name} finds ${best} of the true neighbors, not ${least}, at any ef`)
}

export function recallOf(
  found: readonly (readonly number[])[],
  truth: readonly (readonly number[])[],
): number {
  const hits = truth.map((slots, query) => slots.filter((slot) => found[query]?.includes(slot)))
  return hits.flat().length / (truth.length * k)
}

/** Queries a CPU second of each, round after round in turn. */
export function measureRounds(
  steps: readonly Step[],
  queryCount: number,
  rounds: number,
): Map<string, number[]> {
  const rates = new Map(steps.map(({ contender }) => [contender.name, [] as number[]]))
  for (let round = -1; round < rounds; round++) {
    for (const { contender, ef } of steps) {
      contender.setEf(ef)
      // One query outside: what follows a change of candidates is not the search's.
      contender.search(0)
      const from = cpuSeconds()
      for (let query = 0; query < queryCount; query++) contender.search(query)
      const seconds = cpuSeconds() - from
      // The first round warms.
      if (round >= 0) rates.get(contender.name)?.push(queryCount / seconds)
    }
  }
  return rates
}

/** By how much one is faster: the median of the rounds' ratios. */
export function ratioOf(rates: Map<string, number[]>, ours: string, theirs: string): number {
  const base = rates.get(theirs) ?? []
  return median((rates.get(ours) ?? []).map((rate, round) => rate / (base[round] as number)))
}
