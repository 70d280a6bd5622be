/**
 * The rows with the greatest values among any number, in bounded memory. Equal values stand in the
 * order of their items, so that the same data give the same rows.
 */
export class TopRows {
  readonly #rowsMax: number
  #count = 0
  #isHeap = false
  readonly #values: number[] = []
  readonly #firsts: number[] = []
  readonly #seconds: number[] = []

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax
  }

  /** How many were offered. */
  get offered(): number {
    return this.#count
  }

  offer(value: number, first: number, second = 0): void {
    this.#count++
    if (this.#values.length < this.#rowsMax) {
      this.#values.push(value)
      this.#firsts.push(first)
      this.#seconds.push(second)
      return
    }
    if (this.#rowsMax === 0) return
    if (!this.#isHeap) this.#heapify()
    if (!isBefore(value, first, second, this.#keyAt(0))) return
    this.#set(0, { value, first, second })
    this.#sink(0)
  }

  /** The rows kept, the greatest value first; NaN last. */
  sorted(): { firsts: number[]; seconds: number[]; values: number[] } {
    const order = this.#values.map((_, place) => place)
    order.sort((a, b) => {
      const left = this.#keyAt(a)
      return isBefore(left.value, left.first, left.second, this.#keyAt(b)) ? -1 : 1
    })
    return {
      firsts: order.map((place) => this.#firsts[place] as number),
      seconds: order.map((place) => this.#seconds[place] as number),
      values: order.map((place) => this.#values[place] as number),
    }
  }

  #heapify(): void {
    this.#isHeap = true
    for (let place = (this.#values.length >> 1) - 1; place >= 0; place--) this.#sink(place)
  }

  /** Invariant of the heap: a row comes after its children, so that the last of all is at 0. */
  #sink(from: number): void {
    const length = this.#values.length
    let place = from
    for (;;) {
      let last = place
      for (let child = place * 2 + 1; child <= place * 2 + 2 && child < length; child++) {
        const { value, first, second } = this.#keyAt(last)
        if (isBefore(value, first, second, this.#keyAt(child))) last = child
      }
      if (last === place) return
      const moved = this.#keyAt(place)
      this.#set(place, this.#keyAt(last))
      this.#set(last, moved)
      place = last
    }
  }

  #keyAt(place: number): Key {
    return {
      value: this.#values[place] as number,
      first: this.#firsts[place] as number,
      second: this.#seconds[place] as number,
    }
  }

  #set(place: number, { value, first, second }: Key): void {
    this.#values[place] = value
    this.#firsts[place] = first
    this.#seconds[place] = second
  }
}

interface Key {
  readonly value: number
  readonly first: number
  readonly second: number
}

function isBefore(value: number, first: number, second: number, other: Key): boolean {
  if (value !== other.value) {
    if (Number.isNaN(other.value)) return !Number.isNaN(value) || first < other.first
    if (Number.isNaN(value)) return false
    return value > other.value
  }
  return first === other.first ? second < other.second : first < other.first
}
