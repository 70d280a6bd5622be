import { GrowableFloat64, GrowableUint32 } from './growable-array.ts'
import { setBit } from './slot-bits.ts'
import { firstAtLeast } from './text-column.ts'

/** Numbers of a field by slot; those of lists beyond the first stand aside. */
export class NumberColumn {
  readonly #bySlot = new GrowableFloat64()
  readonly #furtherSlots = new GrowableUint32()
  readonly #further = new GrowableFloat64()

  get isEmpty(): boolean {
    return this.#bySlot.length === 0
  }

  get hasLists(): boolean {
    return this.#furtherSlots.length > 0
  }

  /** Slots come in ascending order; numbers of one slot directly after each other. */
  add(slot: number, value: number): void {
    if (Number.isNaN(this.#bySlot.at(slot))) {
      this.#bySlot.set(slot, value)
      return
    }
    this.#furtherSlots.push(slot)
    this.#further.push(value)
  }

  /** Sets the bits of slots from `from` on that have a number in `[low, high]`. */
  matchRange(range: { low: number; high: number }, from: number, words: Uint32Array): void {
    const { low, high } = range
    const values = this.#bySlot.values
    for (let slot = from; slot < this.#bySlot.length; slot += 1) {
      const value = values[slot] as number
      // False for NaN, which is no value.
      if (value >= low && value <= high) setBit(words, slot)
    }
    for (let at = firstAtLeast(this.#furtherSlots, from); at < this.#further.length; at += 1) {
      const value = this.#further.at(at)
      if (value >= low && value <= high) setBit(words, this.#furtherSlots.at(at))
    }
  }

  matchAnyOf(wanted: ReadonlySet<number>, from: number, words: Uint32Array): void {
    const values = this.#bySlot.values
    for (let slot = from; slot < this.#bySlot.length; slot += 1) {
      if (wanted.has(values[slot] as number)) setBit(words, slot)
    }
    for (let at = firstAtLeast(this.#furtherSlots, from); at < this.#further.length; at += 1) {
      if (wanted.has(this.#further.at(at))) setBit(words, this.#furtherSlots.at(at))
    }
  }

  count(words: Uint32Array, counts: Map<string | number | boolean, number>): void {
    const visit = (slot: number, value: number) => {
      if ((((words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 0 || Number.isNaN(value)) return
      counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    const values = this.#bySlot.values
    for (let slot = 0; slot < this.#bySlot.length; slot += 1) visit(slot, values[slot] as number)
    for (let at = 0; at < this.#further.length; at += 1) {
      visit(this.#furtherSlots.at(at), this.#further.at(at))
    }
  }

  valuesOf(slot: number): number[] {
    const value = this.#bySlot.at(slot)
    if (Number.isNaN(value)) return []
    const found = [value]
    for (let at = firstAtLeast(this.#furtherSlots, slot); at < this.#further.length; at += 1) {
      if (this.#furtherSlots.at(at) !== slot) break
      found.push(this.#further.at(at))
    }
    return found
  }
}

/** The next double above, so that a bound that is left out is one that is not. */
export function nextAbove(value: number): number {
  if (value === Number.POSITIVE_INFINITY) return value
  if (value === 0) return Number.MIN_VALUE
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const bits = view.getBigInt64(0)
  view.setBigInt64(0, value > 0 ? bits + 1n : bits - 1n)
  return view.getFloat64(0)
}

export function nextBelow(value: number): number {
  return -nextAbove(-value)
}
