import { randomUUID } from 'node:crypto'
import { HyperMeshError } from '@hypermesh/contract'
import type { Snapshot } from '@hypermesh/engine'
import { currentSnapshot, lineageBetween, snapshotIdText } from '@hypermesh/iceberg'
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
  /** Why the rows of the last write could not be read to their end. */
  #rowFailure: unknown

  constructor(options: PublicationSyncOptions, row: ServiceRow<PublicationState>) {
    this.#options = options
    this.#row = row
  }

  /** What an earlier run had begun: it may have been written, and its answer lost. */
  async finish(): Promise<void> {
    const { pending } = this.#row.state
    if (pending === null) return
    const isAsWritten = await this.#isAsWritten()
    const again = { pending: null, seq: null }
    // Whether these are the rows that it has more is not known: all is written anew.
    if (pending.mode === 'append' && !isAsWritten) return this.#save(again)
    try {
      await this.#write(pending)
    } catch (error) {
      this.#options.signal.throwIfAborted()
      if (!isLost(error) && this.#rowFailure === undefined) throw error
      await this.#save(again)
    }
  }

  async next(): Promise<void> {
    const isAsWritten = await this.#isAsWritten()
    // Held until all is written: a compaction keeps what the plan reads.
    using snapshot = this.#options.database.engine.snapshot()
    const seq = isAsWritten ? this.#row.state.seq : null
    const { to, mode } = await this.#plan(snapshot, seq)
    if (mode === 'none') {
      // A commit to another table, as is that of this very row: nothing to write, and nothing to note.
      return
    }
    const from = mode === 'append' ? (seq ?? 0) : 0
    const pending = { mode, from, to, key: `publication-${randomUUID()}` }
    await this.#save({ pending, seq })
    try {
      await this.#write(pending)
    } catch (error) {
      // Its rows were never whole, so nothing of them was written.
      const isRefused = this.#rowFailure !== undefined && !this.#options.signal.aborted
      if (isRefused) await this.#save({ pending: null })
      throw error
    }
  }

  /** What has come, changed and gone since, by the numbers that commits are counted in. */
  async #plan(
    snapshot: Snapshot,
    seq: number | null,
  ): Promise<{ readonly to: number; readonly mode: PublicationWrite['mode'] | 'none' }> {
    const { table, signal } = this.#options
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
    this.#rowFailure = undefined
    const fail = (error: unknown) => {
      this.#rowFailure = error
    }
    // What is wrong with a row is to be told, not that its body broke off.
    const body = (async function* () {
      try {
        yield* made
      } catch (error) {
        fail(error)
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
    const receipt = await peers.ingest.ingest(state.table, load, options).catch((error) => {
      throw this.#rowFailure ?? error
    })
    await this.#save({
      ...{ pending: null, seq: pending.to, lastWrite: pending.mode },
      snapshotId: String(receipt.snapshotId),
      publishedAt: new Date(clock.nowMs()).toISOString(),
    })
  }

  /**
   * Whether the table has the rows that were written last, and no others: files that are only written
   * anew change none. Throws where it is another table.
   */
  async #isAsWritten(): Promise<boolean> {
    const { peers, signal } = this.#options
    const { table, tableUuid, snapshotId } = this.#row.state
    const { metadata } = await peers.catalog.loadTable(table, { signal })
    if (metadata['table-uuid'] !== tableUuid) {
      throw new HyperMeshError(
        'precondition',
        `${table} is another table by the same name now; declare the publication anew`,
        { details: { reason: 'table-replaced' } },
      )
    }
    const shown = currentSnapshot(metadata)
    const written = metadata.snapshots?.find((each) => snapshotIdText(each) === snapshotId)
    if (shown === undefined) return snapshotId === null
    const since = written && lineageBetween(metadata, written, shown)
    return since?.every(({ summary }) => summary?.operation === 'replace') ?? false
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
