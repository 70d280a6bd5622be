import type { HyperMeshClient } from '@hypermesh/client'
import {
  type BadSourceRow,
  HyperMeshError,
  type Limits,
  parseTableName,
  type TableMetadata,
} from '@hypermesh/contract'
import type { Database, Hyperedge, HyperedgeInput, TimeUnit, Transaction } from '@hypermesh/engine'
import { boundField, currentSnapshot, snapshotIdText } from '@hypermesh/iceberg'
import type { Clock, MarkedNumbers } from '@hypermesh/kit'
import type { ServiceRow, ServiceRows } from '../service-rows.ts'
import { type FeedColumn, feedColumns } from './feed-columns.ts'
import { type FeedStep, planFeed } from './feed-plan.ts'
import { describeRows, type FeedPage, readFeed } from './feed-reading.ts'
import { assertGood, type FedHyperedge, isFedHyperedge, toFedHyperedge } from './feed-rows.ts'
import { type FeedState, samplesMax } from './feed-state.ts'
import { findByKeys, isSame, markedKeys } from './keyed-hyperedges.ts'

/** Where tables are looked up and read. */
export interface FeedPeers {
  readonly catalog: HyperMeshClient
  readonly query: HyperMeshClient
}

export interface FeedSyncOptions {
  readonly engine: Database
  /** Called after each commit. */
  readonly wrote: () => void
  readonly timeUnit: TimeUnit
  readonly table: string
  readonly rows: ServiceRows<FeedState>
  readonly peers: FeedPeers
  readonly limits: Limits
  readonly clock: Clock
  readonly signal: AbortSignal
  /** A query is read also where no table that it read last has changed. */
  readonly isForced: boolean
}

/** A table that is written to all the time is caught up with in so many steps, and later in more. */
const stepsMax = 1000
const removedAtOnce = 10_000

/**
 * Brings a hyperedge table to what its table or query is now. Each page of rows is one transaction
 * with how far they go, so none is there twice and none is missing, whenever the process ends.
 */
export async function syncFeed(options: FeedSyncOptions): Promise<void> {
  const { rows, table, peers, signal } = options
  for (let step = 0; step < stepsMax; step += 1) {
    const row = rows.get(table)
    if (row === undefined) return
    const sync = new FeedSync(options, row)
    if (row.state.source === null) return sync.query()
    const metadata = await loadSource(peers, row.state.source.table, signal)
    assertBound(metadata, row.state)
    const plan = planFeed(metadata, row.state)
    if (plan.kind === 'none') return
    await sync.table(plan)
  }
}

export async function loadSource(
  { catalog }: Pick<FeedPeers, 'catalog'>,
  table: string,
  signal: AbortSignal,
): Promise<TableMetadata> {
  return (await catalog.loadTable(parseTableName(table), { signal })).metadata
}

/** Throws `precondition` where the table or a column of it is not what was chosen. */
export function assertBound(metadata: TableMetadata, { source }: FeedState): void {
  for (const column of source?.columns ?? []) boundField(metadata, source as BoundSource, column)
}

type BoundSource = NonNullable<FeedState['source']>

class FeedSync {
  readonly #options: FeedSyncOptions
  #row: ServiceRow<FeedState>
  /** The row's, and what will be written with the next change. */
  #state: FeedState

  constructor(options: FeedSyncOptions, row: ServiceRow<FeedState>) {
    this.#options = options
    this.#row = row
    this.#state = row.state
  }

  async table(step: Exclude<FeedStep, { kind: 'none' }>): Promise<void> {
    if (step.kind === 'note') {
      await this.#write(() => {}, { snapshotId: step.snapshotId })
      return
    }
    if (step.kind === 'whole') {
      this.#assertKeyed()
      await this.#readWhole(step.snapshotId ?? undefined)
      return
    }
    const { since, snapshotId, skip } = step
    let count = skip
    for await (const page of this.#pages({ since, snapshotId, skip })) {
      count += page.rows.length
      const partial = { kind: 'appended', since, snapshotId, rows: count } as const
      const progress = page.isLast ? { snapshotId, partial: null } : { partial }
      await this.#take(page, progress, undefined)
    }
  }

  async query(): Promise<void> {
    if (!this.#options.isForced && !(await this.#hasChanged())) return
    await this.#readWhole(undefined)
  }

  /** All rows are compared with what is there; what no row has a key of goes with the last ones. */
  async #readWhole(snapshotId: string | undefined): Promise<void> {
    const { engine, table, signal } = this.#options
    const { source } = this.#state
    const marks = await markedKeys(engine, table, signal)
    this.#state = {
      ...this.#state,
      ...{ rows: 0, badRows: { count: 0, samples: [] }, repeatedKeys: 0 },
      // A reading that breaks off is begun anew, whatever becomes of the table meanwhile.
      ...(snapshotId === undefined
        ? {}
        : { partial: { kind: 'whole', since: null, snapshotId, rows: 0 } }),
    }
    const isGone = source !== null && snapshotId === undefined
    let read: FeedPage['snapshots'] = {}
    if (!isGone) {
      for await (const page of this.#pages({ since: null, snapshotId, skip: 0 })) {
        await this.#take(page, {}, marks)
        read = page.snapshots
      }
    }
    const end =
      source === null ? { read, partial: null } : { snapshotId: snapshotId ?? null, partial: null }
    await this.#removeRest(marks, end)
  }

  async #removeRest(marks: MarkedNumbers, end: Partial<FeedState>): Promise<void> {
    const { table } = this.#options
    let ids: number[] = []
    const removal = (gone: readonly number[]) => (transaction: Transaction) => {
      if (gone.length > 0) transaction.table(table).delete(gone)
    }
    for (const id of marks.unmarked()) {
      if (ids.length === removedAtOnce) {
        // Until the end it has not been read, by which alone a table without a snapshot is known to be done.
        await this.#write(removal(ids), { syncedAt: this.#state.syncedAt })
        ids = []
      }
      ids.push(id)
    }
    await this.#write(removal(ids), end)
  }

  async *#pages(
    which: Pick<FeedPageRequest, 'since' | 'snapshotId' | 'skip'>,
  ): AsyncGenerator<FeedPage & { readonly columns: readonly FeedColumn[] }, void, void> {
    const { peers, limits, signal, engine, table } = this.#options
    const { state } = this.#row
    const { properties } = engine.table(table).schema
    const types = Object.fromEntries(properties.map(({ name, type }) => [name, type]))
    const described = await describeRows(peers.query, state, { signal })
    const columns = feedColumns(described, state.mapping, types)
    const reading = { state, columns, ...which }
    const options = { signal, timeoutMs: limits.requestTimeoutMsMax }
    for await (const page of readFeed(peers.query, reading, options)) yield { ...page, columns }
  }

  async #take(
    { rows, columns }: FeedPage & { readonly columns: readonly FeedColumn[] },
    progress: Partial<FeedState>,
    marks: MarkedNumbers | undefined,
  ): Promise<void> {
    const made = rows.map((row) => toFedHyperedge(row, columns))
    const bad = made.filter((row): row is BadSourceRow => !isFedHyperedge(row))
    assertGood(bad, this.#state)
    const good = made.filter(isFedHyperedge)
    const { changes, repeated } = await this.#changesOf(good, marks)
    const { table } = this.#options
    const { badRows, repeatedKeys, rows: count } = this.#state
    const figures = {
      rows: count + good.length,
      repeatedKeys: repeatedKeys + repeated,
      badRows: {
        count: badRows.count + bad.length,
        samples: [...badRows.samples, ...bad].slice(0, samplesMax),
      },
    }
    this.#state = { ...this.#state, ...figures }
    // Of a whole reading that finds what is there already, the end alone is written.
    if (changes.length === 0 && marks !== undefined) return
    await this.#write((transaction) => {
      const target = transaction.table(table)
      const inserts = changes.filter(({ stored }) => stored === undefined)
      if (inserts.length > 0) target.insertMany(inserts.map(({ row }) => toInput(row)))
      for (const { stored, row } of changes) {
        if (stored !== undefined) target.update(stored.id, toChange(row))
      }
    }, progress)
  }

  async #changesOf(
    rows: readonly FedHyperedge[],
    marks: MarkedNumbers | undefined,
  ): Promise<{ readonly changes: readonly Change[]; readonly repeated: number }> {
    const { engine, table, timeUnit, signal } = this.#options
    if (this.#state.mapping.key === undefined) {
      return { changes: rows.map((row) => ({ stored: undefined, row })), repeated: 0 }
    }
    const last = new Map<string, FedHyperedge>()
    for (const row of rows) if (row.key !== null) last.set(row.key, row)
    let repeated = rows.length - last.size
    const stored = await findByKeys(engine.table(table), [...last.keys()], signal)
    const changes: Change[] = []
    for (const [key, row] of last) {
      const had = stored.get(key)
      if (had !== undefined && (marks?.mark(had.id) ?? true)) repeated += 1
      if (had === undefined || !isSame(had, row, timeUnit)) changes.push({ stored: had, row })
    }
    return { changes, repeated }
  }

  /** One commit: hyperedges and how far they go. */
  async #write(
    work: (transaction: Transaction) => void,
    progress: Partial<FeedState>,
  ): Promise<void> {
    const { engine, rows, table, clock, wrote } = this.#options
    const syncedAt = new Date(clock.nowMs()).toISOString()
    this.#state = { ...this.#state, syncedAt, ...progress }
    const [before, state] = [this.#row, this.#state]
    await engine.transaction((transaction) => {
      work(transaction)
      rows.put(transaction, table, { before, state })
    })
    this.#row = { ...before, state, text: JSON.stringify(state) }
    wrote()
  }

  /** Whether a table that the query read last has moved on; unknown ones are left to `sync`. */
  async #hasChanged(): Promise<boolean> {
    const { peers, signal } = this.#options
    const { read } = this.#state
    if (read === null) return true
    for (const [table, snapshotId] of Object.entries(read)) {
      const current = currentSnapshot(await loadSource(peers, table, signal))
      if ((current === undefined ? null : snapshotIdText(current)) !== snapshotId) return true
    }
    return false
  }

  #assertKeyed(): void {
    const { source, mapping } = this.#state
    if (mapping.key !== undefined) return
    throw new HyperMeshError(
      'unsupported',
      `${source?.table} has changed otherwise than by appends, which a feed follows by keys alone: declare a key column, or empty the hyperedge table and declare the feed anew`,
      { details: { reason: 'no-key' } },
    )
  }
}

type FeedPageRequest = Parameters<typeof readFeed>[1]

interface Change {
  readonly stored: Hyperedge | undefined
  readonly row: FedHyperedge
}

function toInput({ key, props, ...row }: FedHyperedge): HyperedgeInput {
  return { ...row, ...(key === null ? {} : { key }), props }
}

/** The key is what it was found by. */
function toChange({ key: _, ...row }: FedHyperedge) {
  return row
}
