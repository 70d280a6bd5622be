import type { AsyncByteQueue } from 'apache-arrow'
import type { Arrow } from './arrow-table.ts'

/** Where an Arrow writer writes to, and what it has written. */
export interface ArrowPieces extends AsyncByteQueue {
  /** All since the last time: long arrays as they lie in memory, shorter ones put together. */
  take(): readonly Uint8Array[]
}

/** Arrays from this size on are pieces of their own, which costs no copy. */
const ownPieceBytesMin = 64 * 1024

/** The package is an optional peer, so that its classes are known only once it is loaded. */
export function createArrowPieces(arrow: Arrow): ArrowPieces {
  return new (class extends arrow.AsyncByteQueue implements ArrowPieces {
    #pieces: Uint8Array[] = []
    #short: Uint8Array[] = []

    override write(written: Uint8Array): void {
      if (written.byteLength < ownPieceBytesMin) {
        this.#short.push(written)
        return
      }
      this.#endShort()
      this.#pieces.push(written)
    }

    take(): readonly Uint8Array[] {
      this.#endShort()
      const taken = this.#pieces
      this.#pieces = []
      return taken
    }

    #endShort(): void {
      if (this.#short.length === 0) return
      this.#pieces.push(Buffer.concat(this.#short))
      this.#short = []
    }
  })()
}
