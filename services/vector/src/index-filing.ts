import type { IndexState } from './index-state.ts'
import type { IndexWriter } from './index-writer.ts'

/** Writes a file of the index as it is; calls back once the index may be written to. */
export type WriteFile<T> = (onTableWritten: () => void) => Promise<T>

/**
 * Files of one index, one at a time: a later one never ends before an earlier. Writes to the index wait for
 * the part that is read from memory that changes, and go on while the rest is written.
 */
export class IndexFiling {
  readonly #writer: IndexWriter
  #last: Promise<unknown> = Promise.resolve()

  constructor(writer: IndexWriter) {
    this.#writer = writer
  }

  /** `begin` runs while no write is under way, and says how the file is written. */
  write<T>(
    begin: () => Promise<{ readonly state: IndexState; readonly write: WriteFile<T> }>,
  ): Promise<T> {
    const filing = this.#last.then(() => this.#write(begin))
    this.#last = filing.catch(() => undefined)
    return filing
  }

  /** Once what is under way is written, or has failed. */
  async ended(): Promise<void> {
    await this.#last
  }

  async #write<T>(
    begin: () => Promise<{ readonly state: IndexState; readonly write: WriteFile<T> }>,
  ): Promise<T> {
    // In an object, as a promise that is returned from `alone` would be waited for there.
    const { written } = await this.#writer.alone(async () => {
      const { state, write } = await begin()
      let onTableWritten = () => {}
      const tableWritten = new Promise<void>((resolve) => {
        onTableWritten = resolve
      })
      // The graph is that of the file, even where a compaction replaces it meanwhile.
      const whole = state.readers.during(() => write(onTableWritten))
      await Promise.race([tableWritten, whole])
      return { written: whole }
    })
    return written
  }
}
