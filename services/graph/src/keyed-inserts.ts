import { createHash } from 'node:crypto'
import { HyperMeshError, type Limits } from '@hypermesh/contract'
import {
  type CommitReceipt,
  type Database,
  type Durability,
  EngineError,
  type HyperedgeInput,
  type Table,
} from '@hypermesh/engine'
import type { Clock } from '@hypermesh/kit'
import { innerMember } from './inner-member.ts'

const systemTable = 'hm_inserts'
const hourMs = 3_600_000

export type InsertReceipt = Pick<
  CommitReceipt,
  'seq' | 'committedAt' | 'inserted' | 'updated' | 'deleted' | 'duplicates' | 'ids'
>

/** An insert under an `Idempotency-Key`: `digest` tells its body from another. */
export interface KeyedInsert {
  readonly key: string
  readonly digest: string
  readonly rows: readonly HyperedgeInput[]
  readonly durability: Durability
}

/**
 * What was inserted under which `Idempotency-Key`: the digest of its body, in the commit of its hyperedges, for as
 * long as keys are kept. Later a repeat finds its hyperedges by their keys as before, uncompared.
 */
export class KeyedInserts {
  readonly #engine: Database
  readonly #clock: Clock
  readonly #ttlMs: number
  /** One of a key at a time: two would not see each other's digest. */
  readonly #running = new Map<string, Promise<unknown>>()

  constructor(
    engine: Database,
    { limits, clock }: { readonly limits: Limits; readonly clock: Clock },
  ) {
    this.#engine = engine
    this.#clock = clock
    this.#ttlMs = limits.idempotencyHours * hourMs
  }

  /** The receipt has the rows alone. Throws `key_reused` for another body. */
  async insert(table: Table, insert: KeyedInsert): Promise<InsertReceipt> {
    const name = nameOf(table, insert.key)
    const before = this.#running.get(name)
    const work = (before ?? Promise.resolve()).then(() => this.#insert(table, name, insert))
    const settled = work.then(
      () => undefined,
      () => undefined,
    )
    this.#running.set(name, settled)
    try {
      return await work
    } finally {
      if (this.#running.get(name) === settled) this.#running.delete(name)
    }
  }

  async #insert(table: Table, name: string, insert: KeyedInsert): Promise<InsertReceipt> {
    const { digest, rows, durability } = insert
    await this.#prepare()
    const known = this.#engine.table(systemTable).getByKey(name)?.props?.digest
    if (known !== undefined && known !== digest) throw reused()
    if (known !== undefined || rows.length === 0) return table.insertMany(rows, { durability })
    const at = new Date(this.#clock.nowMs())
    const note = { at, members: [innerMember], key: name, props: { digest } }
    const { receipt } = await this.#engine.transaction(
      (transaction) => {
        transaction.table(table.name).insertMany(rows)
        transaction.table(systemTable).insert(note)
      },
      { durability },
    )
    if (receipt === undefined) throw new RangeError('a commit of rows has no receipt')
    return withoutNote(receipt, rows.length)
  }

  async #prepare(): Promise<void> {
    if (this.#engine.hasTable(systemTable)) return
    const declaration = {
      properties: { digest: 'string' },
      ...{ ttlMs: this.#ttlMs, historyMs: 0 },
    } as const
    try {
      await this.#engine.createTable(systemTable, declaration)
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'exists') throw error
    }
  }
}

/** A table that is made anew under a name has another number. */
function nameOf({ schema }: Table, key: string): string {
  return `${schema.id}:${createHash('sha256').update(key).digest('base64url')}`
}

/** The note is the last insert; one whose time is over may be there still, and then is a duplicate. */
function withoutNote(receipt: CommitReceipt, rowCount: number): InsertReceipt {
  const { seq, committedAt, inserted, updated, deleted, duplicates, ids } = receipt
  const isNew = inserted > 0 && ids.at(-1) === seq
  return {
    ...{ seq, committedAt, updated, deleted, ids: ids.subarray(0, rowCount) },
    inserted: isNew ? inserted - 1 : inserted,
    duplicates: isNew ? duplicates : duplicates - 1,
  }
}

function reused(): HyperMeshError {
  const message = 'this Idempotency-Key was used for another insert; use a key of its own for each'
  return new HyperMeshError('key_reused', message, {
    details: { reason: 'idempotency-key-reused' },
  })
}
