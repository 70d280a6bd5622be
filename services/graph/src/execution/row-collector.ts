import { type CellBudget, cellsOf, type Row } from './query-result.ts'
import { compareValues, identityOf } from './value-type.ts'

/** The text of an identity that costs as much as a value. */
const charactersOfCell = 64

interface Sorted {
  readonly row: Row
  readonly keys: Row
  /** Ties keep the order in which they came. */
  readonly place: number
}

export interface CollectorOptions {
  readonly descending: readonly boolean[]
  readonly isDistinct: boolean
  readonly skip: number
  /** The most rows that are wanted; all: Infinity. */
  readonly limit: number
  readonly budget: CellBudget
}

/** Sorts, makes distinct and cuts rows, holding no more of them than the cut needs. */
export class RowCollector {
  readonly #options: CollectorOptions
  readonly #seen = new Set<string>()
  #rows: Sorted[] = []
  #place = 0

  constructor(options: CollectorOptions) {
    this.#options = options
  }

  /** Whether more rows could change nothing. */
  get isFull(): boolean {
    const { descending, skip, limit } = this.#options
    return descending.length === 0 && this.#rows.length >= skip + limit
  }

  add(row: Row, keys: Row): void {
    const { isDistinct, skip, limit, budget } = this.#options
    if (isDistinct) {
      const identity = identityOf(row)
      if (this.#seen.has(identity)) return
      this.#seen.add(identity)
      budget.count(1 + Math.floor(identity.length / charactersOfCell))
    }
    budget.count(cellsOfSorted(row, keys))
    this.#rows.push({ row, keys, place: this.#place++ })
    const most = skip + limit
    if (Number.isFinite(most) && this.#rows.length >= most * 2 + 1024) this.#trim(most)
  }

  finish(): Row[] {
    const { skip, limit } = this.#options
    this.#sort()
    return this.#rows.slice(skip, skip + limit).map(({ row }) => row)
  }

  #trim(most: number): void {
    this.#sort()
    for (const { row, keys } of this.#rows.slice(most)) {
      this.#options.budget.release(cellsOfSorted(row, keys))
    }
    this.#rows = this.#rows.slice(0, most)
  }

  #sort(): void {
    const { descending } = this.#options
    this.#rows.sort((left, right) => {
      for (const [at, isDescending] of descending.entries()) {
        const order = compareValues(left.keys[at] ?? null, right.keys[at] ?? null)
        if (order !== 0) return isDescending ? -order : order
      }
      return left.place - right.place
    })
  }
}

/** Keys are held as long as their row. */
function cellsOfSorted(row: Row, keys: Row): number {
  return cellsOf(row) + cellsOf(keys)
}
