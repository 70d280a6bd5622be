import { sortInTurns } from './merge-sort.ts'
import { type CellBudget, cellsOf, type Row } from './query-result.ts'
import type { Turns } from './turns.ts'
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
  #isOverfull = false

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
    this.#isOverfull = Number.isFinite(most) && this.#rows.length >= most * 2 + 1024
  }

  /** Whether it holds so many rows that `trim` is due. */
  get isOverfull(): boolean {
    return this.#isOverfull
  }

  /** The rows that are wanted. */
  async finish(turns: Turns): Promise<Row[]> {
    const { skip, limit } = this.#options
    await this.#sort(turns)
    return this.#rows.slice(skip, skip + limit).map(({ row }) => row)
  }

  /** Leaves out what cannot be wanted any more. */
  async trim(turns: Turns): Promise<void> {
    const { skip, limit } = this.#options
    const most = skip + limit
    await this.#sort(turns)
    this.#isOverfull = false
    for (const { row, keys } of this.#rows.slice(most)) {
      this.#options.budget.release(cellsOfSorted(row, keys))
    }
    this.#rows = this.#rows.slice(0, most)
  }

  async #sort(turns: Turns): Promise<void> {
    const { descending } = this.#options
    // They came in their order.
    if (descending.length === 0) return
    const order = (left: Sorted, right: Sorted): number => {
      for (const [at, isDescending] of descending.entries()) {
        const order = compareValues(left.keys[at] ?? null, right.keys[at] ?? null)
        if (order !== 0) return isDescending ? -order : order
      }
      return left.place - right.place
    }
    await sortInTurns(this.#rows, order, turns)
  }
}

/** Keys are held as long as their row. */
function cellsOfSorted(row: Row, keys: Row): number {
  return cellsOf(row) + cellsOf(keys)
}
