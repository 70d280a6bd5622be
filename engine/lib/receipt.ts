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
    const [seq = 0, micros = 0, inserted = 0, updated = 0, deleted = 0, duplicates = 0, first = 0] =
      figures
    this.seq = seq
    this.committedAt = micros / unitsPerMicro[timeUnit]
    this.inserted = inserted
    this.updated = updated
    this.deleted = deleted
    this.duplicates = duplicates
    this.#firstId = first
    if (figures.length > fixedFigures) this.#ids = figures.subarray(fixedFigures)
  }

  /** The ids of all inserts in order; of a duplicate that of the hyperedge that has the key. */
  get ids(): Float64Array {
    this.#ids ??= Float64Array.from({ length: this.inserted }, (_, row) => this.#firstId + row)
    return this.#ids
  }
}
