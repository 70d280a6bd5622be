/** xoshiro128** 1.1 (Blackman and Vigna), seeded through SplitMix32: the same numbers everywhere. */
export class Random {
  readonly #state = new Uint32Array(4)

  constructor(seed: number) {
    let at = seed >>> 0
    for (let i = 0; i < 4; i++) {
      at = (at + 0x9e3779b9) >>> 0
      let z = at
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      this.#state[i] = z ^ (z >>> 15)
    }
  }

  /** A uniform integer of 32 bits. */
  bits(): number {
    const s = this.#state
    const s1 = s[1] as number
    const five = Math.imul(s1, 5)
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0
    const s2 = (s[2] as number) ^ (s[0] as number)
    const s3 = (s[3] as number) ^ s1
    s[1] = s1 ^ s2
    s[0] = (s[0] as number) ^ s3
    s[2] = s2 ^ (s1 << 9)
    s[3] = (s3 << 11) | (s3 >>> 21)
    return result
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return (this.bits() * 2 ** 21 + (this.bits() >>> 11)) / 2 ** 53
  }

  /** A uniform integer in [0, end). */
  below(end: number): number {
    return Math.floor(this.unit() * end)
  }
}

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
