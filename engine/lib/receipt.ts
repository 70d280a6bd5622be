import type { TimeUnit } from './instants.ts'

/**
 * What an acknowledged commit survives: `sync` a power failure (after fdatasync), `os` the end of the
 * process (after the write).
 */
export type Durability = 'sync' | 'os'

const unitsPerMicro: Readonly<Record<TimeUnit, number>> = { s: 1e6, ms: 1e3, us: 1 }
const fixedFigures = 7

/** What a commit did. */
export class CommitReceipt {
  /** The commit's number: `asOf` takes it. A commit that changed nothing has the last one's. */
  readonly seq: number
  /** In the database's `timeUnit`. */
  readonly committedAt: number
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  /** Inserts whose key was taken: they wrote nothing. */
  readonly duplicates: number
  readonly #firstId: number
  #ids: Float64Array | undefined

  /** @internal */
  constructor(figures: Float64Array, timeUnit: TimeUnit) {
    // One by one: to take an array apart takes as long as all the rest here.
    this.seq = figures[0] ?? 0
    this.committedAt = (figures[1] ?? 0) / unitsPerMicro[timeUnit]
    this.inserted = figures[2] ?? 0
    this.updated = figures[3] ?? 0
    this.deleted = figures[4] ?? 0
    this.duplicates = figures[5] ?? 0
    this.#firstId = figures[6] ?? 0
    if (figures.length > fixedFigures) this.#ids = figures.subarray(fixedFigures)
  }

  /** The ids of all inserts in order; of a duplicate that of the hyperedge that has the key. */
  get ids(): Float64Array {
    this.#ids ??= Float64Array.from({ length: this.inserted }, (_, row) => this.#firstId + row)
    return this.#ids
  }
}
