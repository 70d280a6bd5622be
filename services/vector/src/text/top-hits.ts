export interface Hit {
  readonly slot: number
  readonly score: number
}

type CompareSlots = (a: number, b: number) => number

const bySlot: CompareSlots = (a, b) => a - b

/** The best so many of what is offered: by score, equal ones in the order of their slots' ids. */
export class TopHits {
  readonly #limit: number
  readonly #compareSlots: CompareSlots
  /** A heap with the worst on top. */
  readonly #hits: Hit[] = []

  constructor(limit: number, compareSlots: CompareSlots = bySlot) {
    this.#limit = limit
    this.#compareSlots = compareSlots
  }

  offer(slot: number, score: number): void {
    const hits = this.#hits
    if (hits.length < this.#limit) {
      hits.push({ slot, score })
      this.#rise(hits.length - 1)
      return
    }
    const [worst] = hits
    if (worst === undefined || score < worst.score) return
    const hit = { slot, score }
    if (this.#compare(hit, worst) >= 0) return
    hits[0] = hit
    this.#sink()
  }

  /** Best first. */
  toSorted(): Hit[] {
    return this.#hits.toSorted((a, b) => this.#compare(a, b))
  }

  /** Below 0 when `a` is the better one. */
  #compare(a: Hit, b: Hit): number {
    return b.score - a.score || this.#compareSlots(a.slot, b.slot)
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfWorse(at, parent)) return
      at = parent
    }
  }

  #sink(): void {
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      const right = left + 1
      const worse = this.#isWorse(right, left) ? right : left
      if (!this.#swapIfWorse(worse, at)) return
      at = worse
    }
  }

  #isWorse(a: number, b: number): boolean {
    const hitA = this.#hits[a]
    const hitB = this.#hits[b]
    if (hitA === undefined || hitB === undefined) return false
    return this.#compare(hitA, hitB) > 0
  }

  #swapIfWorse(child: number, parent: number): boolean {
    const below = this.#hits[child]
    const above = this.#hits[parent]
    if (below === undefined || above === undefined || this.#compare(below, above) <= 0) return false
    this.#hits[parent] = below
    this.#hits[child] = above
    return true
  }
}
