const stepBytes = 128 * 1024
/** A larger piece is left to the collector. */
const pieceBytesMax = 2 * 1024 * 1024
const idleBytesMax = 16 * 1024 * 1024

interface Piece {
  readonly memory: Buffer<ArrayBuffer>
  isLent: boolean
}

/**
 * Memory of pieces of long bodies, which is used again once a socket has taken what was in it. Memory
 * outside of the heap that is made anew for each piece starts a collection every few pieces: up to half
 * of what a long result cost. Whoever does not give a piece back loses nothing but that.
 */
export class PieceMemory {
  readonly #idle: Piece[] = []
  /** Of all that were made and are not collected. */
  readonly #pieces = new WeakMap<ArrayBufferLike, Piece>()
  #idleBytes = 0

  get idleBytes(): number {
    return this.#idleBytes
  }

  /** At least so many bytes; what is in them is old. */
  take(bytes: number): Buffer<ArrayBuffer> {
    const piece = this.#takeIdle(bytes) ?? this.#make(bytes)
    piece.isLent = true
    return piece.memory
  }

  /**
   * Called by the last one that has a piece, or a part that stands for all of it, when nothing reads it
   * any more: what comes next is written over it. Pieces from elsewhere are let be.
   */
  giveBack({ buffer }: Uint8Array): void {
    const piece = this.#pieces.get(buffer)
    if (piece === undefined || !piece.isLent) return
    piece.isLent = false
    const { length } = piece.memory
    if (length > pieceBytesMax || this.#idleBytes + length > idleBytesMax) return
    this.#idle.push(piece)
    this.#idleBytes += length
  }

  /** The one given back last, which a processor still has near; else any that is large enough. */
  #takeIdle(bytes: number): Piece | undefined {
    const idle = this.#idle
    let index = idle.length - 1
    while (index >= 0 && (idle[index] as Piece).memory.length < bytes) index -= 1
    if (index < 0) return undefined
    const last = idle.pop() as Piece
    const taken = index === idle.length ? last : (idle[index] as Piece)
    if (taken !== last) idle[index] = last
    this.#idleBytes -= taken.memory.length
    return taken
  }

  #make(bytes: number): Piece {
    // Of its own, never a part of memory that Node shares.
    const memory = Buffer.allocUnsafeSlow(Math.ceil(bytes / stepBytes) * stepBytes)
    const piece = { memory, isLent: false }
    this.#pieces.set(memory.buffer, piece)
    return piece
  }
}

/** Of this process. */
export const pieceMemory = new PieceMemory()
