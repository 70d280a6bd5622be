const firstLength = 64

/** Unsigned integers by position; those that were never set are 0. */
export class GrowableUint32 {
  #values = new Uint32Array(firstLength)
  length = 0

  get values(): Uint32Array {
    return this.#values
  }

  at(index: number): number {
    return index < this.length ? (this.#values[index] as number) : 0
  }

  set(index: number, value: number): void {
    if (index >= this.#values.length) {
      const grown = new Uint32Array(Math.max(this.#values.length * 2, index + 1))
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[index] = value
    if (index >= this.length) this.length = index + 1
  }

  push(value: number): void {
    this.set(this.length, value)
  }
}

/** Numbers by position; those that were never set are NaN. */
export class GrowableFloat64 {
  #values = new Float64Array(firstLength).fill(Number.NaN)
  length = 0

  get values(): Float64Array {
    return this.#values
  }

  at(index: number): number {
    return index < this.length ? (this.#values[index] as number) : Number.NaN
  }

  set(index: number, value: number): void {
    if (index >= this.#values.length) {
      const grown = new Float64Array(Math.max(this.#values.length * 2, index + 1))
      grown.set(this.#values)
      grown.fill(Number.NaN, this.#values.length)
      this.#values = grown
    }
    this.#values[index] = value
    if (index >= this.length) this.length = index + 1
  }

  push(value: number): void {
    this.set(this.length, value)
  }
}
