/** xoshiro128** 1.1 (Blackman and Vigna), seeded through SplitMix32: a seed gives the same everywhere. */
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

  /** Uniform in [0, 1). */
  unit(): number {
    return (this.#bits() * 2 ** 21 + (this.#bits() >>> 11)) / 2 ** 53
  }

  /** A uniform integer in [0, end). */
  below(end: number): number {
    return Math.floor(this.unit() * end)
  }

  /** `count` distinct integers of [0, end), ascending (Floyd's sampling). */
  sample(count: number, end: number): Uint32Array {
    const chosen = new Set<number>()
    for (let top = end - count; top < end; top++) {
      const candidate = this.below(top + 1)
      chosen.add(chosen.has(candidate) ? top : candidate)
    }
    return Uint32Array.from(chosen).sort()
  }

  #bits(): number {
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
}
