const capacityFirst = 1024

/** How many words each slot has in each field, and what that is on average. */
export class TextLengths {
  readonly #fieldCount: number
  /** By slot, one row for all fields; a slot without a text has zeros. */
  #lengths: Uint32Array
  #alive = new Uint8Array(capacityFirst)
  readonly #totals: Float64Array
  readonly #counts: Float64Array
  #count = 0
  #removedCount = 0
  #end = 0

  constructor(fieldCount: number) {
    this.#fieldCount = fieldCount
    this.#lengths = new Uint32Array(capacityFirst * fieldCount)
    this.#totals = new Float64Array(fieldCount)
    this.#counts = new Float64Array(fieldCount)
  }

  get count(): number {
    return this.#count
  }

  get removedCount(): number {
    return this.#removedCount
  }

  /** Every slot that has, or had, a text is below it. */
  get end(): number {
    return this.#end
  }

  get memoryBytes(): number {
    return this.#lengths.byteLength + this.#alive.byteLength
  }

  has(slot: number): boolean {
    return this.#alive[slot] === 1
  }

  lengthOf(slot: number, field: number): number {
    return this.#lengths[slot * this.#fieldCount + field] ?? 0
  }

  /** Slots with a word in the field, and how many words they have on average. */
  statisticsOf(field: number): { readonly count: number; readonly lengthMean: number } {
    const count = this.#counts[field] ?? 0
    return { count, lengthMean: count === 0 ? 0 : (this.#totals[field] ?? 0) / count }
  }

  add(slot: number, lengths: readonly number[]): void {
    this.#grow(slot)
    this.#lengths.set(lengths, slot * this.#fieldCount)
    this.#alive[slot] = 1
    this.#count += 1
    this.#end = Math.max(this.#end, slot + 1)
    this.#countFields(slot, 1)
  }

  remove(slot: number): boolean {
    if (!this.has(slot)) return false
    this.#alive[slot] = 0
    this.#count -= 1
    this.#removedCount += 1
    this.#countFields(slot, -1)
    return true
  }

  #countFields(slot: number, sign: 1 | -1): void {
    for (let field = 0; field < this.#fieldCount; field += 1) {
      const length = this.lengthOf(slot, field)
      if (length === 0) continue
      this.#totals[field] = (this.#totals[field] ?? 0) + sign * length
      this.#counts[field] = (this.#counts[field] ?? 0) + sign
    }
  }

  #grow(slot: number): void {
    if (slot < this.#alive.length) return
    const capacity = Math.max(slot + 1, this.#alive.length * 2)
    const alive = new Uint8Array(capacity)
    alive.set(this.#alive)
    this.#alive = alive
    const lengths = new Uint32Array(capacity * this.#fieldCount)
    lengths.set(this.#lengths)
    this.#lengths = lengths
  }
}
