import type { VectorPointId } from '@hypermesh/contract'
import { MarkedNumbers } from '@hypermesh/kit'
import type { PointTable } from '../point-table.ts'
import { slotsOf } from '../slot-bits.ts'

/**
 * While a whole table is read: which points of before it still has. They are known by their ordinals,
 * which a compaction keeps, so this takes nothing of their ids.
 */
export class WholeReading {
  readonly #before: MarkedNumbers

  constructor(table: PointTable) {
    const ordinals = new Float64Array(table.pointCount)
    let count = 0
    for (const slot of slotsOf(table.alive)) ordinals[count++] = table.ordinalAt(slot)
    this.#before = new MarkedNumbers(ordinals.subarray(0, count))
  }

  /** The table has the point that is there now. True: it was met before, or written since. */
  keep(ordinal: number): boolean {
    return this.#before.mark(ordinal)
  }

  /** The row by which it was kept is none after all. */
  release(ordinal: number | undefined): void {
    if (ordinal !== undefined) this.#before.unmark(ordinal)
  }

  /** Points of before that were neither kept nor written since. */
  *leftOver(table: PointTable): Generator<VectorPointId, void, void> {
    for (const ordinal of this.#before.unmarked()) {
      const slot = table.slotAfter(ordinal - 1)
      const id =
        slot < table.slotCount && table.ordinalAt(slot) === ordinal ? table.idAt(slot) : null
      if (id !== null) yield id
    }
  }
}
