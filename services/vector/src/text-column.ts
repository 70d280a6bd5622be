import { GrowableUint32 } from './growable-array.ts'
import { setBit } from './slot-bits.ts'

/**
 * Texts and booleans of a field, each value once, and for each slot the code of its value. Values of
 * lists beyond the first stand aside. The slots of a value are linked from its newest to its oldest,
 * so that a rare value is found without looking at all slots.
 */
export class TextColumn {
  /** Of code 1, 2, …; 0 is no value. */
  readonly values: (string | boolean)[] = []
  readonly #codes = new Map<string | boolean, number>()
  readonly #bySlot = new GrowableUint32()
  /** By code: the newest slot that has it, plus one; and how many do. */
  readonly #newest = new GrowableUint32()
  readonly #counts = new GrowableUint32()
  /** By slot: the next older slot of the same value, plus one. */
  readonly #older = new GrowableUint32()
  readonly #furtherSlots = new GrowableUint32()
  readonly #furtherCodes = new GrowableUint32()

  get hasLists(): boolean {
    return this.#furtherSlots.length > 0
  }

  /** Slots come in ascending order; those of one slot directly after each other. */
  add(slot: number, value: string | boolean): void {
    const code = this.#codeFor(value)
    if (this.#bySlot.at(slot) === 0) {
      this.#bySlot.set(slot, code)
      this.#older.set(slot, this.#newest.at(code))
      this.#newest.set(code, slot + 1)
      this.#counts.set(code, this.#counts.at(code) + 1)
    } else {
      this.#furtherSlots.push(slot)
      this.#furtherCodes.push(code)
    }
  }

  /** Sets the bits of slots from `from` on that have the value. */
  matchValue(value: string | boolean, from: number, words: Uint32Array): void {
    const code = this.#codes.get(value)
    if (code === undefined) return
    if (this.#counts.at(code) * 4 > this.#bySlot.length - from) {
      const wanted = new Uint8Array(this.values.length + 1)
      wanted[code] = 1
      this.#matchCodes(wanted, from, words)
      return
    }
    for (let next = this.#newest.at(code); next > from; next = this.#older.at(next - 1)) {
      setBit(words, next - 1)
    }
    for (let index = this.#furtherSlots.length - 1; index >= 0; index -= 1) {
      if (this.#furtherSlots.at(index) < from) break
      if (this.#furtherCodes.at(index) === code) setBit(words, this.#furtherSlots.at(index))
    }
  }

  /** Sets the bits of slots from `from` on that have a value that is wanted. */
  match(isWanted: (value: string | boolean) => boolean, from: number, words: Uint32Array): void {
    const wanted = new Uint8Array(this.values.length + 1)
    for (const [index, value] of this.values.entries()) {
      if (isWanted(value)) wanted[index + 1] = 1
    }
    this.#matchCodes(wanted, from, words)
  }

  /** Adds to `counts` how many of the slots have each value. */
  count(words: Uint32Array, counts: Map<string | number | boolean, number>): void {
    const byCode = new Uint32Array(this.values.length + 1)
    this.#visit(words, (code) => {
      byCode[code] = (byCode[code] as number) + 1
    })
    for (const [index, value] of this.values.entries()) {
      const count = byCode[index + 1] as number
      if (count > 0) counts.set(value, (counts.get(value) ?? 0) + count)
    }
  }

  valuesOf(slot: number): (string | boolean)[] {
    const code = this.#bySlot.at(slot)
    if (code === 0) return []
    const found = [this.values[code - 1] as string | boolean]
    for (let index = this.#firstFurther(slot); index < this.#furtherSlots.length; index += 1) {
      if (this.#furtherSlots.at(index) !== slot) break
      found.push(this.values[this.#furtherCodes.at(index) - 1] as string | boolean)
    }
    return found
  }

  #codeFor(value: string | boolean): number {
    const known = this.#codes.get(value)
    if (known !== undefined) return known
    const code = this.values.push(value)
    this.#codes.set(value, code)
    return code
  }

  #matchCodes(wanted: Uint8Array, from: number, words: Uint32Array): void {
    const codes = this.#bySlot.values
    for (let slot = from; slot < this.#bySlot.length; slot += 1) {
      if (wanted[codes[slot] as number] === 1) setBit(words, slot)
    }
    for (let index = this.#firstFurther(from); index < this.#furtherSlots.length; index += 1) {
      if (wanted[this.#furtherCodes.at(index)] === 1) setBit(words, this.#furtherSlots.at(index))
    }
  }

  #visit(words: Uint32Array, visit: (code: number) => void): void {
    const codes = this.#bySlot.values
    for (let slot = 0; slot < this.#bySlot.length; slot += 1) {
      if ((((words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 0) continue
      if (codes[slot] !== 0) visit(codes[slot] as number)
    }
    for (let index = 0; index < this.#furtherSlots.length; index += 1) {
      const slot = this.#furtherSlots.at(index)
      if ((((words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1) {
        visit(this.#furtherCodes.at(index))
      }
    }
  }

  /** The first position aside whose slot is at least this one. */
  #firstFurther(slot: number): number {
    return firstAtLeast(this.#furtherSlots, slot)
  }
}

export function firstAtLeast(slots: GrowableUint32, slot: number): number {
  let low = 0
  let high = slots.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (slots.at(middle) < slot) low = middle + 1
    else high = middle
  }
  return low
}
