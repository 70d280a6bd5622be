/**
 * Which of some numbers were met: nine bytes each, so that a whole table of millions can be compared
 * with what stands for it.
 */
export class MarkedNumbers {
  readonly #numbers: Float64Array
  readonly #marks: Uint8Array

  /** Requires: ascending, each once. */
  constructor(numbers: Float64Array) {
    this.#numbers = numbers
    this.#marks = new Uint8Array(numbers.length)
  }

  /** True: it was marked before, or is none of them. */
  mark(number: number): boolean {
    const at = this.#find(number)
    if (at === undefined || this.#marks[at] === 1) return true
    this.#marks[at] = 1
    return false
  }

  /** It was not met after all. */
  unmark(number: number): void {
    const at = this.#find(number)
    if (at !== undefined) this.#marks[at] = 0
  }

  *unmarked(): Generator<number, void, void> {
    for (const [at, number] of this.#numbers.entries()) if (this.#marks[at] === 0) yield number
  }

  #find(number: number): number | undefined {
    let [low, high] = [0, this.#numbers.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#numbers[middle] as number) < number) low = middle + 1
      else high = middle
    }
    return this.#numbers[low] === number ? low : undefined
  }
}
