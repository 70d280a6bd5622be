import type { FileHandle } from 'node:fs/promises'
import { damagedArrow } from './flatbuffer.ts'

/** Where the bytes of an Arrow file or stream come from. */
export interface ArrowBytes {
  /** Infinity where that shows only at the end. */
  readonly size: number
  /** Exactly these bytes, in a buffer of their own, so that typed views of it are aligned. */
  read(at: number, length: number): Promise<Buffer>
  /** Nothing stands at `at` or behind it. */
  isEnd(at: number): Promise<boolean>
}

export class ArrowFileBytes implements ArrowBytes {
  readonly size: number
  readonly #file: FileHandle

  private constructor(file: FileHandle, size: number) {
    this.#file = file
    this.size = size
  }

  static async of(file: FileHandle): Promise<ArrowFileBytes> {
    const { size } = await file.stat()
    return new ArrowFileBytes(file, size)
  }

  /** Fewer bytes mean that the file changed meanwhile. */
  async read(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.from(new ArrayBuffer(length))
    let read = 0
    while (read < length) {
      const { bytesRead } = await this.#file.read(bytes, read, length - read, at + read)
      if (bytesRead === 0) throw damagedArrow('it ends too early')
      read += bytesRead
    }
    return bytes
  }

  isEnd(at: number): Promise<boolean> {
    return Promise.resolve(at >= this.size)
  }
}

/** Read forward once: each read begins where the one before ended, or later. */
export class ArrowStreamBytes implements ArrowBytes {
  readonly size = Number.POSITIVE_INFINITY
  readonly #pieces: AsyncIterator<Uint8Array>
  #piece: Uint8Array = new Uint8Array(0)
  /** Where the piece that is left begins. */
  #at = 0

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  async read(at: number, length: number): Promise<Buffer> {
    if (at < this.#at) throw new RangeError('an Arrow stream is not read twice')
    while (this.#at < at) await this.#take(at - this.#at)
    const bytes = Buffer.from(new ArrayBuffer(length))
    for (let read = 0; read < length; ) {
      const piece = await this.#take(length - read)
      bytes.set(piece, read)
      read += piece.length
    }
    return bytes
  }

  async isEnd(at: number): Promise<boolean> {
    if (at !== this.#at) throw new RangeError('an Arrow stream is read forward')
    while (this.#piece.length === 0) {
      const { done, value } = await this.#pieces.next()
      if (done === true) return true
      this.#piece = value
    }
    return false
  }

  /** At least one byte, and no more than that many. */
  async #take(most: number): Promise<Uint8Array> {
    if (await this.isEnd(this.#at))
      throw damagedArrow('it is cut off, the mark of its end is missing')
    const taken = this.#piece.subarray(0, most)
    this.#piece = this.#piece.subarray(taken.length)
    this.#at += taken.length
    return taken
  }
}
