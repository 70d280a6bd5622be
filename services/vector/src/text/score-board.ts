/** The scores of one search, by slot; kept for the next one, as it is as long as the index. */
export class ScoreBoard {
  readonly #scores: Float64Array
  /** How many words of the query a slot has, and the last of them, from 1. */
  readonly #matches: Uint16Array
  readonly #lastWords: Uint16Array
  readonly #touched: Uint32Array
  #touchedCount = 0

  constructor(capacity: number) {
    this.#scores = new Float64Array(capacity)
    this.#matches = new Uint16Array(capacity)
    this.#lastWords = new Uint16Array(capacity)
    this.#touched = new Uint32Array(capacity)
  }

  get capacity(): number {
    return this.#scores.length
  }

  /** `word` is from 1, and never falls within one search. */
  add(slot: number, score: number, word: number): void {
    if (this.#lastWords[slot] !== word) {
      if (this.#lastWords[slot] === 0) this.#touched[this.#touchedCount++] = slot
      this.#lastWords[slot] = word
      this.#matches[slot] = (this.#matches[slot] ?? 0) + 1
    }
    this.#scores[slot] = (this.#scores[slot] ?? 0) + score
  }

  forEach(visit: (slot: number, score: number, matches: number) => void): void {
    for (const slot of this.#touched.subarray(0, this.#touchedCount)) {
      visit(slot, this.#scores[slot] ?? 0, this.#matches[slot] ?? 0)
    }
  }

  clear(): void {
    for (const slot of this.#touched.subarray(0, this.#touchedCount)) {
      this.#scores[slot] = 0
      this.#matches[slot] = 0
      this.#lastWords[slot] = 0
    }
    this.#touchedCount = 0
  }
}
