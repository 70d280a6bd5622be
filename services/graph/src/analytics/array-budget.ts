import { MeasureError } from './measure-error.ts'

/**
 * Makes the large arrays of one run and counts their bytes, so that reaching the limit is an error
 * before the memory is taken.
 */
export class ArrayBudget {
  readonly #bytesMax: number
  #usedBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  uint8(length: number): Uint8Array<ArrayBuffer> {
    this.take(length)
    return new Uint8Array(length)
  }

  uint32(length: number): Uint32Array<ArrayBuffer> {
    this.take(length * 4)
    return new Uint32Array(length)
  }

  int32(length: number): Int32Array<ArrayBuffer> {
    this.take(length * 4)
    return new Int32Array(length)
  }

  float64(length: number): Float64Array<ArrayBuffer> {
    this.take(length * 8)
    return new Float64Array(length)
  }

  /** Counts what is allocated elsewhere. @throws MeasureError `too_large` */
  take(bytes: number): void {
    if (this.#usedBytes + bytes > this.#bytesMax) {
      throw new MeasureError(
        'too_large',
        `this takes more than ${this.#bytesMax} bytes of memory; narrow the window, or leave large hyperedges out by size_max`,
        { limit: 'graph_analytics_bytes_max', bytesMax: this.#bytesMax },
      )
    }
    this.#usedBytes += bytes
  }

  /** The array is not used any more. */
  free(array: ArrayBufferView): void {
    this.#usedBytes -= array.byteLength
  }
}
