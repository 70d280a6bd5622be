import type { ArrayBudget } from './array-budget.ts'

/** Bits of a set in a word. */
const wordBits = 32

/** The largest clique of a small graph, whose rows are sets of bits. */
export class CliqueSearch {
  readonly #count: number
  readonly #wordCount: number
  readonly #budget: ArrayBudget
  readonly #rows: Uint32Array
  #bestCount = 0
  #best: number[] | undefined

  constructor(count: number, budget: ArrayBudget) {
    this.#count = count
    this.#wordCount = Math.ceil(count / wordBits)
    this.#budget = budget
    this.#rows = budget.uint32(count * this.#wordCount)
  }

  join(first: number, second: number): void {
    this.#add(first, second)
    this.#add(second, first)
  }

  /** A largest clique with more than `atLeast` places; undefined when there is none. */
  largestAbove(atLeast: number): number[] | undefined {
    this.#bestCount = atLeast
    this.#best = undefined
    const all = new Uint32Array(this.#wordCount)
    for (let place = 0; place < this.#count; place++) {
      all[place >>> 5] = (all[place >>> 5] as number) | (1 << (place & 31))
    }
    this.#expand(all, [])
    return this.#best
  }

  release(): void {
    this.#budget.free(this.#rows)
  }

  #add(row: number, place: number): void {
    const at = row * this.#wordCount + (place >>> 5)
    this.#rows[at] = (this.#rows[at] as number) | (1 << (place & 31))
  }

  /** Recursion is as deep as the clique is large. */
  #expand(candidates: Uint32Array, chosen: number[]): void {
    const { places, colours } = this.#colour(candidates)
    for (let at = places.length - 1; at >= 0; at--) {
      // So many colours, so many more at most.
      if (chosen.length + (colours[at] as number) <= this.#bestCount) return
      const place = places[at] as number
      chosen.push(place)
      const rest = this.#within(candidates, place)
      if (rest.some((word) => word !== 0)) {
        this.#expand(rest, chosen)
      } else if (chosen.length > this.#bestCount) {
        this.#bestCount = chosen.length
        this.#best = chosen.slice()
      }
      chosen.pop()
      candidates[place >>> 5] = (candidates[place >>> 5] as number) & ~(1 << (place & 31))
    }
  }

  #within(candidates: Uint32Array, place: number): Uint32Array {
    const from = place * this.#wordCount
    return candidates.map((word, at) => word & (this.#rows[from + at] as number))
  }

  /** Greedily: those of one colour are pairwise apart. Places come in the order of colours. */
  #colour(candidates: Uint32Array): { places: number[]; colours: number[] } {
    const places: number[] = []
    const colours: number[] = []
    const uncoloured = candidates.slice()
    for (let colour = 1; uncoloured.some((word) => word !== 0); colour++) {
      const open = uncoloured.slice()
      for (let place = firstOf(open); place >= 0; place = firstOf(open)) {
        const bit = 1 << (place & 31)
        uncoloured[place >>> 5] = (uncoloured[place >>> 5] as number) & ~bit
        open[place >>> 5] = (open[place >>> 5] as number) & ~bit
        const from = place * this.#wordCount
        for (let at = 0; at < open.length; at++) {
          open[at] = (open[at] as number) & ~(this.#rows[from + at] as number)
        }
        places.push(place)
        colours.push(colour)
      }
    }
    return { places, colours }
  }
}

function firstOf(words: Uint32Array): number {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as number
    if (word !== 0) return at * wordBits + 31 - Math.clz32(word & -word)
  }
  return -1
}
