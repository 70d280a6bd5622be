import { HnswError } from './errors.ts'

/** A set of slots as one bit each: what a filter allows. */
export class SlotSet {
  readonly capacity: number
  /** Slot s is bit s % 32 of word s / 32. Bits beyond the capacity stay 0. */
  readonly words: Uint32Array

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 0 || capacity > 2 ** 31) {
      throw new HnswError('invalid', `a set cannot have room for ${capacity} slots`)
    }
    this.capacity = capacity
    this.words = new Uint32Array(Math.ceil(capacity / 32))
  }

  /** With room for the largest of them unless said. */
  static from(slots: Iterable<number>, capacity?: number): SlotSet {
    const all = Array.isArray(slots) || slots instanceof Uint32Array ? slots : [...slots]
    let room = capacity ?? 0
    if (capacity === undefined) for (const slot of all) room = Math.max(room, slot + 1)
    const set = new SlotSet(room)
    for (const slot of all) set.add(slot)
    return set
  }

  /** All slots below the capacity. */
  static full(capacity: number): SlotSet {
    return new SlotSet(capacity).not()
  }

  /** Counted each time it is asked for. */
  get count(): number {
    let count = 0
    for (const word of this.words) {
      let bits = word - ((word >>> 1) & 0x55555555)
      bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
      count += Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
    }
    return count
  }

  add(slot: number): void {
    if (!Number.isInteger(slot) || slot < 0 || slot >= this.capacity) {
      throw new HnswError('invalid', `slot ${slot} is not below the capacity ${this.capacity}`)
    }
    const at = slot >>> 5
    this.words[at] = (this.words[at] as number) | (1 << (slot & 31))
  }

  delete(slot: number): void {
    if (!this.has(slot)) return
    const at = slot >>> 5
    this.words[at] = (this.words[at] as number) & ~(1 << (slot & 31))
  }

  has(slot: number): boolean {
    if (!(slot >= 0 && slot < this.capacity)) return false
    return (((this.words[slot >>> 5] as number) >>> (slot & 31)) & 1) === 1
  }

  /** Of both; with the larger capacity, as `or`. */
  and(other: SlotSet): SlotSet {
    const result = new SlotSet(Math.max(this.capacity, other.capacity))
    const shorter = Math.min(this.words.length, other.words.length)
    for (let at = 0; at < shorter; at++) {
      result.words[at] = (this.words[at] as number) & (other.words[at] as number)
    }
    return result
  }

  or(other: SlotSet): SlotSet {
    const result = new SlotSet(Math.max(this.capacity, other.capacity))
    for (let at = 0; at < result.words.length; at++) {
      result.words[at] = (this.words[at] ?? 0) | (other.words[at] ?? 0)
    }
    return result
  }

  /** The slots below the capacity that are not in it. */
  not(): SlotSet {
    const result = new SlotSet(this.capacity)
    for (let at = 0; at < this.words.length; at++) result.words[at] = ~(this.words[at] as number)
    const beyond = this.capacity & 31
    if (beyond !== 0) {
      const last = this.words.length - 1
      result.words[last] = (result.words[last] as number) & ((1 << beyond) - 1)
    }
    return result
  }

  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.words.length; at++) {
      let word = this.words[at] as number
      while (word !== 0) {
        yield at * 32 + 31 - Math.clz32(word & -word)
        word &= word - 1
      }
    }
  }
}
