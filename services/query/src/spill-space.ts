import { rm, stat } from 'node:fs/promises'
import { HyperMeshError } from '@hypermesh/contract'

/** How often the size of a file that is being written is looked at. */
const watchMs = 100

/** The disk space of results that are written before they are sent, bounded over all of them. */
export class SpillSpace {
  readonly #bytesMax: number
  /** Bytes by path, of finished files and of those that are being written. */
  readonly #bytes = new Map<string, number>()
  /** Frees the space of the finished result that was used least recently; false: there is none. */
  #evict: () => boolean = () => false

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    let sum = 0
    for (const bytes of this.#bytes.values()) sum += bytes
    return sum
  }

  evictBy(evict: () => boolean): void {
    this.#evict = evict
  }

  /**
   * Runs what writes the file; stops it, and throws `too_large`, when there is no space for it. Whatever
   * fails, `letGo` is called before the file goes: one that is held open would keep its space.
   */
  async write<T>(
    path: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
    letGo: () => Promise<void> = async () => {},
  ): Promise<T> {
    const full = new AbortController()
    this.#bytes.set(path, 0)
    const watch = setInterval(() => {
      // A failure of this look is told by the next, or by the last one below.
      this.#measure(path).catch((error: unknown) => full.abort(error))
    }, watchMs)
    watch.unref()
    try {
      const result = await work(AbortSignal.any([signal, full.signal]))
      await this.#measure(path)
      return result
    } catch (error) {
      await letGo()
      await this.remove(path)
      throw full.signal.aborted ? full.signal.reason : error
    } finally {
      clearInterval(watch)
    }
  }

  /** Takes the file's name away; its space is in use until `release`. */
  async unlink(path: string): Promise<void> {
    await Promise.all(companions(path).map((each) => rm(each, { force: true })))
  }

  /** The file is gone, or will be with its last reader. */
  release(path: string): void {
    this.#bytes.delete(path)
  }

  async remove(path: string): Promise<void> {
    this.release(path)
    await this.unlink(path)
  }

  async #measure(path: string): Promise<void> {
    const [file, log] = companions(path)
    const sizes = (await sizeOf(file)) + (await sizeOf(log))
    // Removed while it was measured.
    if (!this.#bytes.has(path)) return
    this.#bytes.set(path, sizes)
    while (this.bytes > this.#bytesMax) {
      if (this.#evict()) continue
      const bytesMax = this.#bytesMax
      throw new HyperMeshError(
        'too_large',
        `the result takes more than ${bytesMax} bytes of disk`,
        {
          details: { bytesMax },
        },
      )
    }
  }
}

/** DuckDB keeps a log beside a database that it writes. */
function companions(path: string): [string, string] {
  return [path, `${path}.wal`]
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}
