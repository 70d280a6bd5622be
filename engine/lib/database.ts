import { Batch } from './batch.ts'
import type { ColumnBatch } from './column-batch.ts'
import { invalid, quote, toEngineError } from './errors.ts'
import { toMicros } from './instants.ts'
import { assertFields } from './known-names.ts'
import { loadNative } from './native.ts'
import type { NodeId } from './node-ids.ts'
import type { NodeKeyColumn } from './node-keys.ts'
import { NodeStore } from './node-store.ts'
import { type OpenOptions, toOpenSettings } from './open-options.ts'
import { type JoinPlan, writeJoin } from './plans.ts'
import type { AsyncReadOptions } from './read-options.ts'
import { type AsOf, NewestView } from './read-view.ts'
import { rehearseFind } from './rehearsal.ts'
import type {
  BackupReport,
  CheckReport,
  DatabaseStats,
  OpenReport,
  RepairReport,
} from './reports.ts'
import { columnLabelsOf } from './result-names.ts'
import type { Selection } from './selection.ts'
import { Session } from './session.ts'
import { Snapshot } from './snapshot.ts'
import { Table, type WriteOptions } from './table.ts'
import { declareTable, type TableDeclaration } from './table-declaration.ts'
import { runTransaction, type Transaction, type TransactionResult } from './transaction.ts'

/** One side of a join: a table, and which of its hyperedges. */
export interface JoinSide extends Selection {
  readonly table: string
}

export interface JoinOptions extends JoinPlan<JoinSide>, AsyncReadOptions {}

/** A pair of hyperedges: one of the nodes that they share, and how many those are. */
export interface JoinedPair {
  readonly leftId: number
  readonly leftAt: number
  readonly rightId: number
  readonly rightAt: number
  readonly node: NodeId
  readonly shared: number
}

/**
 * A database of hyperedges over time in one directory. One process writes; others may open it with
 * `readOnly`. After `close` everything of it throws `closed`.
 *
 * @example
 * await using db = await Database.open('graph.db')
 * const calls = await db.createTable('calls', { properties: { amt: 'float64' } })
 * await calls.insert({ at: new Date(), members: ['ann', 'bob'], props: { amt: 3 } })
 * const batch = await calls.find({ members: 'ann' })
 */
export class Database implements AsyncDisposable {
  /** The properties of nodes, shared by all tables. */
  readonly nodes: NodeStore
  readonly path: string
  readonly #session: Session
  readonly #snapshotAgeMaxMs: number

  private constructor(path: string, session: Session, snapshotAgeMaxMs: number) {
    this.path = path
    this.#session = session
    this.#snapshotAgeMaxMs = snapshotAgeMaxMs
    this.nodes = new NodeStore(session)
  }

  /**
   * Opens the database in a directory, which is made when it is missing.
   *
   * @throws EngineError `locked` with who has it, `not_found` where `create` is false,
   * `not_a_database`, `newer_format`, `corrupt`
   */
  static async open(path: string, options: OpenOptions = {}): Promise<Database> {
    const directory = checkPath(path, 'path')
    const { native: nativeOptions, snapshotAgeMaxMs, ...settings } = toOpenSettings(options)
    const native = loadNative()
    const opening = translated(() => native.open(directory, nativeOptions))
    rehearseFind()
    const database = await opening
    return new Database(directory, new Session(native, database, settings), snapshotAgeMaxMs)
  }

  /** Verifies every checksum of the backup `from`, then makes a database of it at `to`, a new one. */
  static async restore(options: {
    readonly from: string
    readonly to: string
  }): Promise<CheckReport> {
    const from = checkPath(options?.from, 'from')
    const to = checkPath(options?.to, 'to')
    // The core writes it in this form.
    return JSON.parse(await translated(() => loadNative().restore(from, to))) as CheckReport
  }

  /**
   * Makes a database with a damaged log writable again: keeps the commits before the damage and moves
   * the rest to `quarantine/`. Nobody may have it open.
   */
  static async repair(directory: string): Promise<RepairReport> {
    const path = checkPath(directory, 'directory')
    // The core writes it in this form.
    return JSON.parse(await translated(() => loadNative().repair(path))) as RepairReport
  }

  /** What opening found. */
  get openReport(): OpenReport {
    const { native, database } = this.#session
    // The core writes it in this form.
    return JSON.parse(this.#session.call(() => native.openReport(database))) as OpenReport
  }

  get isClosed(): boolean {
    return this.#session.native.isClosed(this.#session.database)
  }

  /** The names of all tables. */
  get tableNames(): string[] {
    this.#session.assertOpen()
    return this.#session.catalog.names()
  }

  /** @throws EngineError `exists`, `invalid_name` */
  async createTable(name: string, declaration: TableDeclaration = {}): Promise<Table> {
    await this.#declare((batch) => declareTable(batch, name, declaration))
    return this.table(name)
  }

  /** @throws EngineError `not_found` */
  table(name: string): Table {
    this.#session.assertOpen()
    this.#session.layout(name)
    return new Table(name, this.#session)
  }

  hasTable(name: string): boolean {
    return this.tableNames.includes(name)
  }

  /** Drops the table with all its hyperedges; snapshots that there are still show it. */
  async dropTable(name: string): Promise<void> {
    this.#session.assertOpen()
    const layout = this.#session.layout(name)
    await this.#declare((batch) => batch.dropTable(layout))
  }

  /**
   * Pairs of hyperedges that share members and are near each other in time.
   *
   * @example await db.join({ left: { table: 'calls' }, right: { table: 'payments' }, withinMs: 60_000 })
   */
  async join(options: JoinOptions): Promise<ColumnBatch<JoinedPair>> {
    const session = this.#session
    session.assertOpen()
    assertFields(options, 'a join')
    const left = tableOf(options.left, 'left')
    const right = tableOf(options.right, 'right')
    const { timeUnit } = session
    return await new NewestView(session).atAsync(options.asOf, ({ snapshot, layout }) =>
      session.withWriter((writer) => {
        const contextOf = (table: string) => ({ layout: layout(table), timeUnit })
        writeJoin(writer, options, { left: contextOf(left), right: contextOf(right) })
        const call = { snapshot, labels: columnLabelsOf(undefined), signal: options.signal }
        return session.query<JoinedPair>(writer.bytes(), call)
      }),
    )
  }

  /**
   * Runs the function; what it wrote becomes one commit at its end, nothing when it throws. Reads see
   * the state that it began with. Where someone else changed a hyperedge that it changes, the commit
   * fails with `conflict`: run it again.
   */
  async transaction<Value>(
    work: (transaction: Transaction) => Promise<Value> | Value,
    options?: WriteOptions,
  ): Promise<TransactionResult<Value>> {
    this.#session.assertOpen()
    if (typeof work !== 'function') throw invalid(`a transaction is a function, not ${quote(work)}`)
    return await runTransaction(this.#session, work, options)
  }

  /** One state to read from, now or in the past. Close it. @throws EngineError `gone` */
  snapshot(options: { readonly asOf?: AsOf } = {}): Snapshot {
    this.#session.assertOpen()
    assertFields(options, 'a snapshot')
    const { asOf } = options
    return new Snapshot(this.#session, { asOf, ageMaxMs: this.#snapshotAgeMaxMs })
  }

  /** The keys of nodes by their numbers in this database, which `memberNumbers` of a result are. */
  nodeKeys(numbers: Uint32Array): NodeKeyColumn {
    this.#session.assertOpen()
    if (!(numbers instanceof Uint32Array)) throw invalid('numbers must be a Uint32Array')
    return this.#session.nodes.keysOf(numbers)
  }

  /** When the commit was made, in the database's `timeUnit`; of a number between, the one before. */
  committedAt(seq: number): number {
    if (!Number.isSafeInteger(seq) || seq < 0) throw invalid(`seq is a number, not ${quote(seq)}`)
    const { native, database, timeUnit } = this.#session
    const micros = this.#session.call(() => native.committedAt(database, seq))
    const perUnit = Number(toMicros(1, timeUnit, 'unit'))
    return Number(micros) / perUnit
  }

  /** New commits become segments; the log starts anew. */
  async flush(): Promise<void> {
    await this.#session.callAsync(() => this.#session.native.flush(this.#session.database))
  }

  /** Flushes, then merges the segments of each table into as few as may be. */
  async compact(): Promise<void> {
    await this.#session.callAsync(() => this.#session.native.compact(this.#session.database))
  }

  /** With `readOnly`: takes up what the writer has committed since. */
  async refresh(): Promise<void> {
    await this.#session.callAsync(() => this.#session.native.refresh(this.#session.database))
    this.#session.forgetSchema()
  }

  async stats(): Promise<DatabaseStats> {
    const { native, database } = this.#session
    const json = await this.#session.callAsync(() => native.stats(database))
    // The core writes it in this form.
    return JSON.parse(json) as DatabaseStats
  }

  /** Reads everything and verifies it. */
  async check(): Promise<CheckReport> {
    const { native, database } = this.#session
    const json = await this.#session.callAsync(() => native.check(database))
    // The core writes it in this form.
    return JSON.parse(json) as CheckReport
  }

  /**
   * A consistent copy while writing goes on, with hard links where the file system allows; into an
   * earlier backup of this database only what is new.
   */
  async backup(directory: string): Promise<BackupReport> {
    const path = checkPath(directory, 'directory')
    const { native, database } = this.#session
    const json = await this.#session.callAsync(() => native.backup(database, path))
    // The core writes it in this form.
    return JSON.parse(json) as BackupReport
  }

  /** Cancels running queries, waits for running commits, gives up the lock. Any number of times. */
  async close(): Promise<void> {
    await this.#session.callAsync(() => this.#session.native.close(this.#session.database))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #declare(add: (batch: Batch) => void): Promise<void> {
    const session = this.#session
    session.assertOpen()
    try {
      await session.withWriter((writer) => {
        const batch = new Batch(writer)
        add(batch)
        return session.commit(batch.bytes())
      })
    } finally {
      session.forgetSchema()
    }
  }
}

function tableOf(side: unknown, name: string): string {
  const { table } = Object(side) as { readonly table?: unknown }
  if (typeof table !== 'string') throw invalid(`${name} must be { table, … }`)
  assertFields(side, 'a side of a join')
  return table
}

/**
 * Half of a surrogate pair has no UTF-8 form: another path would be opened. No regular expression:
 * to compile one took a thirtieth of a whole opening.
 */
function checkPath(path: unknown, name: string): string {
  if (typeof path === 'string' && path !== '' && !path.includes('\0') && path.isWellFormed()) {
    return path
  }
  throw invalid(`${name} must be the path of a directory, not ${quote(path)}`)
}

async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw toEngineError(error)
  }
}
