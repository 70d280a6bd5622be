import type { VectorPointId } from '@hypermesh/contract'
import type { PointTable } from '../point-table.ts'
import { slotsOf } from '../slot-bits.ts'

/**
 * While a whole table is read: which points of before it still has. They are known by their ordinals,
 * which a compaction keeps, so this takes some nine bytes a point and nothing of their ids.
 */
export class WholeReading {
  /** Of the points that were there at the start, ascending. */
  readonly #ordinals: Float64Array
  readonly #kept: Uint8Array

  constructor(table: PointTable) {
    this.#ordinals = new Float64Array(table.pointCount)
    let count = 0
    for (const slot of slotsOf(table.alive)) this.#ordinals[count++] = table.ordinalAt(slot)
    this.#kept = new Uint8Array(count)
  }

  /** The table has the point that is there now. True: it was met before, or written since. */
  keep(ordinal: number): boolean {
    const at = this.#find(ordinal)
    if (at === undefined || this.#kept[at] === 1) return true
    this.#kept[at] = 1
    return false
  }

  /** The row by which it was kept is none after all. */
  release(ordinal: number | undefined): void {
    const at = ordinal === undefined ? undefined : this.#find(ordinal)
    if (at !== undefined) this.#kept[at] = 0
  }

  /** Points of before that were neither kept nor written since. */
  *leftOver(table: PointTable): Generator<VectorPointId, void, void> {
    for (const [at, ordinal] of this.#ordinals.entries()) {
      if (this.#kept[at] === 1) continue
      const slot = table.slotAfter(ordinal - 1)
      const id =
        slot < table.slotCount && table.ordinalAt(slot) === ordinal ? table.idAt(slot) : null
      if (id !== null) yield id
    }
  }

  #find(ordinal: number): number | undefined {
    let [low, high] = [0, this.#ordinals.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ordinals[middle] as number) < ordinal) low = middle + 1
      else high = middle
    }
    return this.#ordinals[low] === ordinal ? low : undefined
  }
}
