import { HyperMeshError } from '@hypermesh/contract'
import { type Database, EngineError, type Transaction } from '@hypermesh/engine'
import type { z } from 'zod'
import { innerMember } from './inner-member.ts'

/** A row with what tells it from a later one of the same key. */
export interface ServiceRow<State> {
  readonly id: number
  readonly state: State
  /** As it is stored. */
  readonly text: string
}

/**
 * Rows that the service keeps about hyperedge tables, in a table of the same database whose name is
 * reserved: so backups, restores and crash recovery have them, and one transaction changes them
 * together with hyperedges. One row a hyperedge table.
 */
export class ServiceRows<State> {
  readonly #engine: Database
  readonly #name: string
  readonly #schema: z.ZodType<State>

  constructor(engine: Database, name: `hm_${string}`, schema: z.ZodType<State>) {
    this.#engine = engine
    this.#name = name
    this.#schema = schema
  }

  /** The row of a hyperedge table; one of an earlier table of that name is none. */
  get(table: string): ServiceRow<State> | undefined {
    if (!this.#engine.hasTable(this.#name) || !this.#engine.hasTable(table)) return undefined
    const found = this.#engine.table(this.#name).getByKey(this.#keyOf(table))
    if (found === undefined) return undefined
    const text = String(found.props?.state)
    return { id: found.id, state: this.#schema.parse(JSON.parse(text)), text }
  }

  /** The hyperedge tables that have one. */
  tables(): string[] {
    if (!this.#engine.hasTable(this.#name)) return []
    const rows = this.#engine
      .table(this.#name)
      .findSync({ columns: ['key'] })
      .rows()
    const names = rows.map(({ key }) => String(key).replace(/^\d+:/, ''))
    return [...new Set(names)].filter((name) => this.get(name) !== undefined)
  }

  /** Requires: `prepare` was called. Throws `conflict` where somebody else has changed it since. */
  put(
    transaction: Transaction,
    table: string,
    { before, state }: { readonly before: ServiceRow<State> | undefined; readonly state: State },
  ): void {
    const rows = transaction.table(this.#name)
    const key = this.#keyOf(table)
    const props = { state: JSON.stringify(state) }
    // Of a change from here on the engine itself tells, at the commit.
    const stored = rows.getByKey(key)
    if (stored?.props?.state !== before?.text) throw movedOn(table)
    if (stored === undefined) rows.insert({ at: new Date(0), members: [innerMember], key, props })
    else rows.update(stored.id, { props })
  }

  remove(transaction: Transaction, table: string): void {
    const rows = transaction.table(this.#name)
    const stored = rows.getByKey(this.#keyOf(table))
    if (stored !== undefined) rows.delete(stored.id)
  }

  /** Makes the table where there is none. */
  async prepare(): Promise<void> {
    if (this.#engine.hasTable(this.#name)) return
    try {
      // Only the newest state is of use.
      await this.#engine.createTable(this.#name, { properties: { state: 'string' }, historyMs: 0 })
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'exists') throw error
    }
  }

  /** A table that is made anew under a name has another number. */
  #keyOf(table: string): string {
    return `${this.#engine.table(table).schema.id}:${table}`
  }
}

function movedOn(table: string): HyperMeshError {
  return new HyperMeshError('conflict', `what is kept of ${table} has changed meanwhile; try again`)
}
