/** Sets of slots as bits, 32 a word; slot s is bit s % 32 of word s / 32. */

export function wordsFor(slotCount: number): number {
  return (slotCount + 31) >>> 5
}

function hasBit(words: Uint32Array, slot: number): boolean {
  return (((words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1
}

export function setBit(words: Uint32Array, slot: number): void {
  // Outside of the words nothing is written, as typed arrays have it.
  words[slot >>> 5] = (words[slot >>> 5] ?? 0) | (1 << (slot & 31))
}

function clearBit(words: Uint32Array, slot: number): void {
  words[slot >>> 5] = (words[slot >>> 5] ?? 0) & ~(1 << (slot & 31))
}

/** The slots of a set from `from` on, in ascending order. */
export function* slotsOf(words: Uint32Array, from = 0): Generator<number, void, void> {
  for (let index = from >>> 5; index < words.length; index += 1) {
    let word = words[index] as number
    if (index === from >>> 5) word &= -1 << (from & 31)
    while (word !== 0) {
      const bit = 31 - Math.clz32(word & -word)
      yield index * 32 + bit
      word &= word - 1
    }
  }
}

/** Bits that grow as they are set. */
export class GrowableBits {
  #words = new Uint32Array(4)

  get words(): Uint32Array {
    return this.#words
  }

  has(slot: number): boolean {
    return hasBit(this.#words, slot)
  }

  add(slot: number): void {
    if (slot >>> 5 >= this.#words.length) {
      const grown = new Uint32Array(Math.max(this.#words.length * 2, (slot >>> 5) + 1))
      grown.set(this.#words)
      this.#words = grown
    }
    setBit(this.#words, slot)
  }

  remove(slot: number): void {
    if (slot >>> 5 < this.#words.length) clearBit(this.#words, slot)
  }
}
