import type { Database } from '@hypermesh/engine'
import type { Logger } from '@hypermesh/kit'
import { innerMember } from './inner-member.ts'

const systemTable = 'hm_settings'
const settingKey = 'compact_threshold'

/**
 * How many records may wait to become segments before a write, by whichever door, is followed by a compaction.
 * Kept in the database itself.
 */
export class CompactionThreshold {
  readonly #engine: Database
  readonly #logger: Logger
  #records: number | null
  #isLooking = false
  /** Something was written since the last look. */
  #isDue = false

  constructor(engine: Database, logger: Logger) {
    this.#engine = engine
    this.#logger = logger
    this.#records = stored(engine)
  }

  /** Null: none is set. */
  get records(): number | null {
    return this.#records
  }

  async set(records: number): Promise<void> {
    const engine = this.#engine
    if (!engine.hasTable(systemTable)) {
      // Another statement may have made it meanwhile.
      await engine.createTable(systemTable, { properties: { value: 'int64' } }).catch((error) => {
        if (!engine.hasTable(systemTable)) throw error
      })
    }
    const table = engine.table(systemTable)
    const known = table.getByKey(settingKey)
    const props = { value: records }
    if (known !== undefined) await table.update(known.id, { props })
    else await table.insert({ at: 0, members: [innerMember], key: settingKey, props })
    this.#records = records
  }

  /** Compacts where so many records wait. */
  async look(): Promise<{ readonly pending: number; readonly isReached: boolean }> {
    const { memtableRecords: pending } = await this.#engine.stats()
    const isReached = this.#records !== null && pending >= this.#records
    if (isReached) await this.#engine.compact()
    return { pending, isReached }
  }

  /** Call it after a commit, which does not wait for it. A failure is found again by the next. */
  wrote(): void {
    if (this.#records === null) return
    this.#isDue = true
    if (!this.#isLooking) void this.#lookWhileDue()
  }

  async #lookWhileDue(): Promise<void> {
    this.#isLooking = true
    while (this.#isDue) {
      this.#isDue = false
      await this.look().catch((error: unknown) => {
        if (this.#engine.isClosed) return
        this.#logger.warn({ err: error, path: this.#engine.path }, 'a compaction failed')
      })
    }
    // With no turn between this and the last question, in which a write would find a look that is over.
    this.#isLooking = false
  }
}

function stored(engine: Database): number | null {
  if (!engine.hasTable(systemTable)) return null
  const value = engine.table(systemTable).getByKey(settingKey)?.props?.value
  return typeof value === 'number' ? value : null
}
