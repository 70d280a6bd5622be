import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { HyperMeshError } from '@hypermesh/contract'
import { hasErrno, toStorageError } from './storage-error.ts'

const chunkBytes = 256 * 1024

interface ReadOptions {
  readonly start: number
  readonly end: number
  readonly signal: AbortSignal | undefined
}

/** A regular file open for reading: what it holds stays the same though its name be replaced. */
export class OpenFile {
  readonly stats: BigIntStats
  readonly #handle: FileHandle
  readonly #what: string
  #closed = false
  #forgetSignal: (() => void) | undefined

  private constructor(handle: FileHandle, stats: BigIntStats, what: string) {
    this.#handle = handle
    this.stats = stats
    this.#what = what
  }

  /** Undefined where there is no regular file; a link, a pipe or a directory is none. */
  static async open(path: string, what: string): Promise<OpenFile | undefined> {
    let handle: FileHandle | undefined
    try {
      // Without O_NONBLOCK a pipe would hold a thread until somebody writes to it.
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
      const stats = await handle.stat({ bigint: true })
      if (stats.isFile()) return new OpenFile(handle, stats, what)
      await handle.close()
      return undefined
    } catch (error) {
      await handle?.close()
      if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'ENXIO')) return undefined
      throw toStorageError(error, what, 'none')
    }
  }

  /** The bytes `[start, end)`. Closes the file at the end and wherever the reader leaves. */
  bytes(options: ReadOptions): AsyncIterable<Uint8Array> {
    const chunks = this.#chunks(options)
    const next = () => chunks.next()
    // A generator that was never started would end without its `finally`.
    const leave = async () => {
      await this.close()
      return chunks.return(undefined)
    }
    return { [Symbol.asyncIterator]: () => ({ next, return: leave }) }
  }

  /** For when nobody may be left to read, or to leave. Listens only until the file is closed. */
  closeOn(signal: AbortSignal): void {
    const abort = () => void this.close().catch(() => undefined)
    signal.addEventListener('abort', abort, { once: true })
    this.#forgetSignal = () => signal.removeEventListener('abort', abort)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#forgetSignal?.()
    await this.#handle.close()
  }

  async *#chunks({ start, end, signal }: ReadOptions): AsyncGenerator<Uint8Array, undefined> {
    try {
      for (let position = start; position < end; ) {
        signal?.throwIfAborted()
        const chunk = await this.#read(position, Math.min(chunkBytes, end - position))
        position += chunk.length
        yield chunk
      }
    } finally {
      await this.close()
    }
  }

  async #read(position: number, length: number): Promise<Uint8Array> {
    // A buffer for each chunk: the reader may keep it.
    const buffer = Buffer.allocUnsafeSlow(length)
    const { bytesRead } = await this.#handle
      .read(buffer, 0, length, position)
      .catch((error: unknown) => {
        throw toStorageError(error, this.#what, 'none')
      })
    if (bytesRead === 0) {
      throw new HyperMeshError(
        'corrupt',
        `${this.#what} ends at byte ${position}, before its length`,
      )
    }
    return buffer.subarray(0, bytesRead)
  }
}
