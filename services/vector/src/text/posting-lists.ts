const blockWordsBits = 16
const blockWords = 1 << blockWordsBits
const blockMask = blockWords - 1
const entryWords = 2
const entriesFirst = 2
const entriesMax = 128

/** Where a list begins and ends; held by its term. */
export interface PostingList {
  readonly head: number
  tail: number
  /** Entries in the last chunk, and its capacity. */
  tailCount: number
  tailCapacity: number
  count: number
}

/**
 * Lists of (slot, frequency) pairs, in chunks of a few large typed arrays: a word that occurs once
 * costs 20 bytes, and no list ever has to be copied as a whole. A chunk is the address of the next
 * one, then its entries; capacities double from 2 to 128 along a chain.
 */
export class PostingLists {
  readonly #blocks: Uint32Array[] = []
  /** Words handed out of the last block. */
  #used = blockWords

  get memoryBytes(): number {
    return this.#blocks.length * blockWords * Uint32Array.BYTES_PER_ELEMENT
  }

  create(): PostingList {
    const head = this.#take(entriesFirst)
    return { head, tail: head, tailCount: 0, tailCapacity: entriesFirst, count: 0 }
  }

  append(list: PostingList, slot: number, frequency: number): void {
    if (list.tailCount === list.tailCapacity) {
      const capacity = Math.min(list.tailCapacity * 2, entriesMax)
      const chunk = this.#take(capacity)
      this.#block(list.tail)[list.tail & blockMask] = chunk
      list.tail = chunk
      list.tailCount = 0
      list.tailCapacity = capacity
    }
    const block = this.#block(list.tail)
    const at = (list.tail & blockMask) + 1 + list.tailCount * entryWords
    block[at] = slot
    block[at + 1] = frequency
    list.tailCount += 1
    list.count += 1
  }

  /** Calls for each entry, in the order of their appends. */
  forEach(list: PostingList, visit: (slot: number, frequency: number) => void): void {
    let left = list.count
    let capacity = entriesFirst
    for (let chunk = list.head; left > 0; capacity = Math.min(capacity * 2, entriesMax)) {
      const block = this.#block(chunk)
      const start = (chunk & blockMask) + 1
      const end = start + Math.min(left, capacity) * entryWords
      for (let at = start; at < end; at += entryWords) visit(block[at] ?? 0, block[at + 1] ?? 0)
      left -= capacity
      chunk = block[chunk & blockMask] ?? 0
    }
  }

  #take(capacity: number): number {
    const words = 1 + capacity * entryWords
    // A chunk lies within one block; what is left at the end of the last one is not used.
    if (this.#used + words > blockWords) {
      this.#blocks.push(new Uint32Array(blockWords))
      this.#used = 0
    }
    const chunk = (this.#blocks.length - 1) * blockWords + this.#used
    this.#used += words
    return chunk
  }

  #block(address: number): Uint32Array {
    const block = this.#blocks[Math.floor(address / blockWords)]
    if (block === undefined) throw new RangeError(`no block at ${address}`)
    return block
  }
}
