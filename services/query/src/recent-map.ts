/** A map of a bounded weight that drops what was used least recently. */
export class RecentMap<Value> {
  readonly #weightMax: number
  readonly #weightOf: (value: Value, key: string) => number
  readonly #entries = new Map<string, Value>()
  #weight = 0

  constructor(weightMax: number, weightOf: (value: Value, key: string) => number = () => 1) {
    this.#weightMax = weightMax
    this.#weightOf = weightOf
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: string, value: Value): void {
    this.#remove(key)
    this.#entries.set(key, value)
    this.#weight += this.#weightOf(value, key)
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#weightMax) break
      this.#remove(oldest)
    }
  }

  #remove(key: string): void {
    const value = this.#entries.get(key)
    if (value === undefined) return
    this.#entries.delete(key)
    this.#weight -= this.#weightOf(value, key)
  }
}
