import type { Random } from '../../../services/graph/src/analytics/random.ts'

/** Draws 0 … weights.length − 1 in proportion to the weights, in constant time (Vose's alias method). */
export function aliasSampler(weights: Float64Array, random: Random): () => number {
  const n = weights.length
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const chance = Float64Array.from(weights, (weight) => (weight * n) / total)
  const alias = new Uint32Array(n)
  const small: number[] = []
  const large: number[] = []
  chance.forEach((value, i) => {
    ;(value < 1 ? small : large).push(i)
  })
  while (small.length > 0 && large.length > 0) {
    const less = small.pop() as number
    const more = large.at(-1) as number
    alias[less] = more
    const rest = (chance[more] as number) - (1 - (chance[less] as number))
    chance[more] = rest
    if (rest < 1) small.push(large.pop() as number)
  }
  for (const i of [...small, ...large]) chance[i] = 1
  return () => {
    const i = random.below(n)
    return random.unit() < (chance[i] as number) ? i : (alias[i] as number)
  }
}
