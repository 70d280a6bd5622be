import { settle } from './errors.ts'
import { loadNative } from './native.ts'
import type { NativeImage } from './native-types.ts'

/** An index as bytes, of one instant, in pieces of about a mebibyte that are made as they are read. */
export class HnswImage implements Disposable {
  /** Of all pieces together. */
  readonly bytes: number
  readonly #native: NativeImage

  constructor(native: NativeImage, bytes: number) {
    this.#native = native
    this.bytes = bytes
  }

  /** Once; closes the image at its end. Rejects with `closed` once the index is. */
  async *pieces(): AsyncGenerator<Uint8Array, void, void> {
    try {
      while (true) {
        const piece = await settle(() => loadNative().nextOfImage(this.#native))
        if (piece.byteLength === 0) return
        yield new Uint8Array(piece)
      }
    } finally {
      this.close()
    }
  }

  /** Any number of times. */
  close(): void {
    loadNative().closeImage(this.#native)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
