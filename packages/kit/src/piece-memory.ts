const stepBytes = 128 * 1024
/** A larger piece is left to the collector. */
const pieceBytesMax = 2 * 1024 * 1024
const idleBytesMax = 16 * 1024 * 1024

/**
 * Memory of pieces of long bodies, which is used again once a socket has taken what was in it. Memory
 * outside of the heap that is made anew for each piece starts a collection every few pieces: up to half
 * of what a long result cost. Whoever does not give a piece back loses nothing but that.
 */
export class PieceMemory {
  readonly #idle: Buffer<ArrayBuffer>[] = []
  readonly #lent = new WeakMap<ArrayBufferLike, Buffer<ArrayBuffer>>()
  #idleBytes = 0

  get idleBytes(): number {
    return this.#idleBytes
  }

  /** At least so many bytes; what is in them is old. */
  take(bytes: number): Buffer<ArrayBuffer> {
    const known = this.#takeIdle(bytes)
    // Of its own, never a part of memory that Node shares.
    const taken = known ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / stepBytes) * stepBytes)
    this.#lent.set(taken.buffer, taken)
    return taken
  }

  /** The one given back last, which a processor still has near; else any that is large enough. */
  #takeIdle(bytes: number): Buffer<ArrayBuffer> | undefined {
    const idle = this.#idle
    let index = idle.length - 1
    while (index >= 0 && (idle[index] as Buffer).length < bytes) index -= 1
    if (index < 0) return undefined
    const [known] = index === idle.length - 1 ? [idle.pop()] : idle.splice(index, 1)
    this.#idleBytes -= known?.length ?? 0
    return known
  }

  /**
   * Called by the last one that has a piece, or a part that stands for all of it, when nothing reads it
   * any more: what comes next is written over it. Pieces from elsewhere are let be.
   */
  giveBack({ buffer }: Uint8Array): void {
    const taken = this.#lent.get(buffer)
    if (taken === undefined) return
    this.#lent.delete(buffer)
    if (taken.length > pieceBytesMax || this.#idleBytes + taken.length > idleBytesMax) return
    this.#idle.push(taken)
    this.#idleBytes += taken.length
  }
}

/** Of this process. */
export const pieceMemory = new PieceMemory()
