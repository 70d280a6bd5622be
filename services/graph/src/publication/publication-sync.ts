import { randomUUID } from 'node:crypto'
import { HyperMeshError } from '@hypermesh/contract'
import type { Clock } from '@hypermesh/kit'
import type { GraphDatabase } from '../graph-database.ts'
import type { GraphPeers } from '../graph-peers.ts'
import type { ServiceRow, ServiceRows } from '../service-rows.ts'
import type { PublicationState, PublicationWrite } from './publication-state.ts'
import { publishedColumns, sqlTypesOf } from './published-columns.ts'
import { publishedRows } from './published-rows.ts'

export interface PublicationSyncOptions {
  readonly database: GraphDatabase
  readonly table: string
  readonly rows: ServiceRows<PublicationState>
  readonly peers: GraphPeers
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Brings the published table to what the hyperedges are now: new ones are appended; where some have
 * changed or gone all are written anew. What is to be written is noted first and sent under a key, so
 * that after a crash the same is sent again, which the ingest service knows if it was there before.
 */
export async function syncPublication(options: PublicationSyncOptions): Promise<void> {
  const { rows, table } = options
  const row = rows.get(table)
  if (row === undefined) return
  const sync = new PublicationSync(options, row)
  await sync.finish()
  await sync.next()
}

class PublicationSync {
  readonly #options: PublicationSyncOptions
  #row: ServiceRow<PublicationState>

  constructor(options: PublicationSyncOptions, row: ServiceRow<PublicationState>) {
    this.#options = options
    this.#row = row
  }

  /** What an earlier run had begun. */
  async finish(): Promise<void> {
    const { pending } = this.#row.state
    if (pending === null) return
    try {
      await this.#write(pending)
    } catch (error) {
      if (!isLost(error)) throw error
      // Whether it was written or not: all is written anew.
      await this.#save({ pending: null, seq: null })
    }
  }

  async next(): Promise<void> {
    const { seq } = this.#row.state
    await this.#assertSameTable()
    const { to, mode } = await this.#plan(seq)
    if (mode === 'none') {
      // A commit to another table, as is that of this very row: nothing to write, and nothing to note.
      return
    }
    const from = mode === 'append' ? (seq ?? 0) : 0
    const pending = { mode, from, to, key: `publication-${randomUUID()}` }
    await this.#save({ pending })
    await this.#write(pending)
  }

  /** What has come, changed and gone since, by the numbers that commits are counted in. */
  async #plan(
    seq: number | null,
  ): Promise<{ readonly to: number; readonly mode: PublicationWrite['mode'] | 'none' }> {
    const { database, table, signal } = this.#options
    using snapshot = database.engine.snapshot()
    const { seq: to } = snapshot
    if (seq === null) return { to, mode: 'overwrite' }
    const reader = snapshot.table(table)
    const newer = { column: 'seq', gt: seq } as const
    const [now, written, added, before] = await Promise.all([
      reader.count({ signal }),
      reader.count({ where: newer, signal }),
      reader.count({ where: { column: 'id', gt: seq }, signal }),
      this.#countAt(seq),
    ])
    const isAppendOnly = before !== undefined && written === added && now === before + added
    if (!isAppendOnly) return { to, mode: 'overwrite' }
    return { to, mode: added > 0 ? 'append' : 'none' }
  }

  /** Undefined where history does not reach so far back: then nobody can tell what has gone. */
  async #countAt(seq: number): Promise<number | undefined> {
    const { database, table, signal } = this.#options
    try {
      using snapshot = database.engine.snapshot({ asOf: seq })
      return await snapshot.table(table).count({ signal })
    } catch (error) {
      if ((error as { code?: unknown }).code === 'gone') return undefined
      throw error
    }
  }

  async #write(pending: PublicationWrite): Promise<void> {
    const { database, table, peers, signal, timeoutMs, clock } = this.#options
    const { state } = this.#row
    const engineTable = database.table(table)
    const columns = publishedColumns(engineTable.schema, state.nodes)
    const made = publishedRows(engineTable, columns, { ...pending, signal })
    let failure: unknown
    // What is wrong with a row is to be told, not that its body broke off.
    const body = (async function* () {
      try {
        yield* made
      } catch (error) {
        failure = error
        throw error
      }
    })()
    const isEmpty = pending.mode === 'overwrite' && (await this.#countAt(pending.to)) === 0
    const content = isEmpty
      ? ({ body: `${columns.map(({ name }) => name).join(',')}\n`, format: 'csv' } as const)
      : ({ body, format: 'ndjson' } as const)
    const types = sqlTypesOf(columns)
    const load = { ...content, mode: pending.mode, types, again: true }
    const options = { idempotencyKey: pending.key, timeoutMs, signal }
    const receipt = await peers.ingest.ingest(state.table, load, options).catch(async (error) => {
      if (failure === undefined) throw error
      await this.#save({ pending: null })
      throw failure
    })
    await this.#save({
      ...{ pending: null, seq: pending.to, lastWrite: pending.mode },
      snapshotId: String(receipt.snapshotId),
      publishedAt: new Date(clock.nowMs()).toISOString(),
    })
  }

  async #assertSameTable(): Promise<void> {
    const { peers, signal } = this.#options
    const { table, tableUuid } = this.#row.state
    const { metadata } = await peers.catalog.loadTable(table, { signal })
    if (metadata['table-uuid'] === tableUuid) return
    throw new HyperMeshError(
      'precondition',
      `${table} is another table by the same name now; declare the publication anew`,
      { details: { reason: 'table-replaced' } },
    )
  }

  async #save(change: Partial<PublicationState>): Promise<void> {
    const { database, rows, table } = this.#options
    const before = this.#row
    const state = { ...before.state, ...change }
    await database.engine.transaction((transaction) =>
      rows.put(transaction, table, { before, state }),
    )
    this.#row = { ...before, state, text: JSON.stringify(state) }
  }
}

/** The commit cannot be read any more, or the key has been used for other bytes. */
function isLost(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return code === 'gone' || code === 'conflict'
}
