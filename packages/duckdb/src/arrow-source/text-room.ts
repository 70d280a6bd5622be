import { HyperMeshError } from '@hypermesh/contract'

/**
 * Bounds the texts of a file: rows that name one entry of a dictionary, or one place of a view's buffer,
 * have a text each, so a small file may hold more of them than there is memory for.
 */
export class TextRoom {
  readonly #chunkBytesMax: number
  readonly #bytesMax: number
  #chunkBytes = 0
  #bytes = 0

  /** Of the rows that are written at once, and of all. */
  constructor(options: { readonly chunkBytesMax: number; readonly bytesMax: number }) {
    this.#chunkBytesMax = options.chunkBytesMax
    this.#bytesMax = options.bytesMax
  }

  nextChunk(): void {
    this.#chunkBytes = 0
  }

  take(bytes: number): void {
    this.#chunkBytes += bytes
    this.#bytes += bytes
    if (this.#chunkBytes > this.#chunkBytesMax) {
      throw tooMuch('a few rows', 'arrow_batch_bytes_max', this.#chunkBytesMax)
    }
    if (this.#bytes > this.#bytesMax)
      throw tooMuch('the rows', 'unpacked_bytes_max', this.#bytesMax)
  }
}

function tooMuch(what: string, limit: string, bytesMax: number): HyperMeshError {
  return new HyperMeshError(
    'too_large',
    `${what} of the Arrow file have texts of more than ${bytesMax} bytes`,
    { details: { limit, bytesMax } },
  )
}
