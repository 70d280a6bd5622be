import { Batch } from './batch.ts'
import { invalid, quote } from './errors.ts'
import type { HyperedgeColumns } from './hyperedge-columns.ts'
import type { HyperedgeChange, HyperedgeInput } from './hyperedges.ts'
import { assertFields } from './known-names.ts'
import { NewestView } from './read-view.ts'
import type { CommitReceipt, Durability } from './receipt.ts'
import type { PropertyType } from './schema.ts'
import type { Session } from './session.ts'
import {
  type TableOptions,
  toIndexColumns,
  toNewLimits,
  toProperties,
} from './table-declaration.ts'
import { TableReader } from './table-reader.ts'

/** How a write is acknowledged. */
export interface WriteOptions {
  /** That of `open` unless said. */
  readonly durability?: Durability
}

/** What an insert of one hyperedge did. */
export interface Inserted {
  readonly id: number
  /** Its commit. */
  readonly seq: number
  /** Whether its key was taken: then nothing was written, and `id` is of the one that has it. */
  readonly duplicate: boolean
}

/** A table of the open database. Each write is one commit; `transaction` puts several into one. */
export class Table extends TableReader {
  readonly #session: Session

  /** @internal */
  constructor(name: string, session: Session) {
    super(name, new NewestView(session))
    this.#session = session
  }

  /** @example await calls.insert({ at: new Date(), members: { host: ['bob'], guest: ['ann'] } }) */
  async insert(row: HyperedgeInput, options?: WriteOptions): Promise<Inserted> {
    const receipt = await this.insertMany([row], options)
    const { seq, duplicates, ids } = receipt
    return { id: ids[0] ?? 0, seq, duplicate: duplicates > 0 }
  }

  /** All or none. */
  insertMany(rows: readonly HyperedgeInput[], options?: WriteOptions): Promise<CommitReceipt> {
    return this.#commit(options, (batch) => {
      if (!Array.isArray(rows)) throw invalid(`rows must be an array, not ${quote(rows)}`)
      batch.insert(rows, this.#context())
    })
  }

  /** The fast way for many: one array a field. All or none. */
  insertColumns(columns: HyperedgeColumns, options?: WriteOptions): Promise<CommitReceipt> {
    return this.#commit(options, (batch) => batch.insertColumns(columns, this.#context()))
  }

  /** The same change of one or more hyperedges; `updated` of the receipt says how many there were. */
  update(
    id: number | readonly number[],
    change: HyperedgeChange,
    options?: WriteOptions,
  ): Promise<CommitReceipt> {
    return this.#commit(options, (batch) => {
      const ids = toIds(id)
      const changes = ids.map(() => change)
      batch.update(ids, changes, this.#context())
    })
  }

  /** Each its own change; all or none. */
  updateMany(
    changes: readonly (HyperedgeChange & { readonly id: number })[],
    options?: WriteOptions,
  ): Promise<CommitReceipt> {
    return this.#commit(options, (batch) => {
      if (!Array.isArray(changes)) throw invalid('changes must be an array')
      const ids = changes.map((change: unknown) => {
        if (typeof change === 'object' && change !== null) return (change as { id: number }).id
        throw invalid(`a change must be { id, … }, not ${quote(change)}`)
      })
      batch.update(ids, changes, this.#context())
    })
  }

  /** Ids that there are not are no error; `deleted` of the receipt says how many there were. */
  delete(id: number | readonly number[], options?: WriteOptions): Promise<CommitReceipt> {
    return this.#commit(options, (batch) => batch.delete(toIds(id), this.#context().layout))
  }

  /** @internal Whether the hyperedge could be encoded. */
  accepts(row: HyperedgeInput): boolean {
    try {
      new Batch().insert([row], this.#context())
      return true
    } catch {
      return false
    }
  }

  /** New properties, null in the hyperedges that there are. */
  async addProperties(properties: Readonly<Record<string, PropertyType>>): Promise<void> {
    const checked = toProperties(properties)
    await this.#declare((batch) => batch.addProperties(this.#context().layout, checked))
  }

  /** Built by the next flush; until then queries do without. */
  async createIndex(name: string, columns: readonly string[]): Promise<void> {
    const { layout } = this.#context()
    const places = new Map(layout.schema.properties.map((one) => [one.name, one.index]))
    const checked = toIndexColumns(name, columns, places)
    await this.#declare((batch) => batch.createIndex(layout, name, checked))
  }

  async dropIndex(name: string): Promise<void> {
    await this.#declare((batch) => batch.dropIndex(this.#context().layout, name))
  }

  /** Sets what is given; the rest stays. */
  async setOptions(options: TableOptions): Promise<void> {
    const { layout } = this.#context()
    await this.#declare((batch) => batch.setOptions(layout, toNewLimits(options, layout.schema)))
  }

  async #declare(add: (batch: Batch) => void): Promise<void> {
    try {
      await this.#commit({}, add)
    } finally {
      this.#session.forgetSchema()
    }
  }

  /** All that its callers do happens in `add`: what throws there rejects the one promise. */
  #commit(options: WriteOptions | undefined, add: (batch: Batch) => void): Promise<CommitReceipt> {
    const session = this.#session
    try {
      session.assertOpen()
      const durability = checkDurability(options)
      return session.withWriter((writer) => {
        const batch = new Batch(writer)
        add(batch)
        return session.commit(batch.bytes(), durability)
      })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #context() {
    const session = this.#session
    return { layout: session.layout(this.name), timeUnit: session.timeUnit }
  }
}

/** What the options say. Throws `invalid` at a third durability. */
export function checkDurability(options: WriteOptions | undefined): Durability | undefined {
  if (options === undefined || options === null) return undefined
  assertFields(options, 'a write')
  const durability: unknown = options.durability
  if (durability === undefined || durability === 'sync' || durability === 'os') return durability
  throw invalid(`durability is 'sync' or 'os', not ${quote(durability)}`)
}

/** One id or many, as an array. */
export function toIds(id: number | readonly number[]): readonly number[] {
  return Array.isArray(id) || ArrayBuffer.isView(id)
    ? Array.from(id as ArrayLike<number>)
    : [id as number]
}
