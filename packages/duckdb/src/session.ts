import { setMaxListeners } from 'node:events'
import { availableParallelism } from 'node:os'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import {
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBExtractedStatements,
  type DuckDBPendingResult,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { HyperMeshError } from '@hypermesh/contract'
import { toAbortError } from './abort-error.ts'
import { type ErrorContext, toDuckDbError } from './duckdb-error.ts'
import { fetchPlaces } from './fetch-places.ts'

export interface BoundParameters {
  readonly values: readonly DuckDBValue[] | Readonly<Record<string, DuckDBValue>>
  readonly types?: readonly DuckDBType[] | Readonly<Record<string, DuckDBType>>
}

export interface RunOptions {
  /** Bound to the last statement. */
  readonly parameters?: BoundParameters | undefined
  readonly signal?: AbortSignal | undefined
  /**
   * The same text may come again on this session, so it stays prepared until names change: DuckDB does
   * not see that. One statement, which means the same at any moment.
   */
  readonly again?: boolean
}

/** Statements that stay prepared on one session. */
const preparedMax = 8

/**
 * DuckDB plans a statement where it is started. One with thousands of expressions takes a second for
 * that, which is not to be the event loop's.
 */
const wideSqlChars = 200_000

/** How long to ask again at once. One core is better left to those who are asked. */
const spinMs = availableParallelism() > 1 ? 2 : 0

/** Rows for `append`, no more than a vector holds: each column's vector is handed out once. */
export interface AppendedRows {
  readonly count: number
  readonly fill: (target: duckdb.Vector, column: number) => void
}

/**
 * One connection, one statement at a time; calls queue. Nothing here blocks the event loop or a
 * thread of libuv while DuckDB works: statements run on DuckDB's own threads and are polled.
 * (The binding's `run` and `getResult` of an unfinished statement hold one of libuv's four threads,
 * its `runAllTasks` executes tasks on the event loop, up to 200 ms each.)
 */
export class DuckSession implements Disposable, AsyncDisposable {
  readonly #connection: DuckDBConnection
  readonly #context: ErrorContext
  readonly #onClosed: () => void
  #last: Promise<void> = Promise.resolve()
  #running = 0
  #closing = false
  #entered: string | undefined
  readonly #prepared = new Map<string, DuckDBPreparedStatement>()

  constructor(connection: DuckDBConnection, context: ErrorContext, onClosed: () => void) {
    this.#connection = connection
    this.#context = context
    this.#onClosed = onClosed
  }

  /** Makes `percentRead` tell. By pragma: settings are locked. */
  async measureProgress(): Promise<void> {
    await this.run('PRAGMA disable_print_progress_bar; PRAGMA enable_progress_bar')
  }

  /** How much of its sources the running statement has read, in percent; undefined: not told. */
  get percentRead(): number | undefined {
    if (this.#closing) return undefined
    const { percentage } = this.#connection.progress
    return percentage < 0 ? undefined : percentage
  }

  /** Runs one or more statements and drops what they return. */
  async run(sql: string, options: RunOptions = {}): Promise<void> {
    await this.#exclusive(options.signal, () => this.#execute(sql, options, false))
  }

  /** The rows of the last statement as JS values; for small results. */
  async rows(sql: string, options: RunOptions = {}): Promise<Record<string, unknown>[]> {
    return this.#exclusive(options.signal, async () => {
      const result = await this.#execute(sql, options, false)
      return result.getRowObjectsJS()
    })
  }

  /**
   * Starts the last statement and returns its result to be read chunk by chunk. The signal stays
   * in force until the stream is disposed. Another call on this session ends the stream.
   */
  async stream(sql: string, options: RunOptions = {}): Promise<DuckStream> {
    const result = await this.#exclusive(options.signal, () => this.#execute(sql, options, true))
    return new DuckStream(result, {
      guard: (next) => this.#exclusive(options.signal, next),
      failure: () => this.#failureOf(sql, options),
    })
  }

  /** Throws what is wrong with the statement, as far as that can be told without its parameters. */
  async check(sql: string, options: RunOptions = {}): Promise<void> {
    await this.#exclusive(options.signal, async () => {
      const statements = await this.#connection.extractStatements(sql)
      const prepared = await statements.prepare(statements.count - 1)
      prepared.destroySync()
    })
  }

  /** Appends rows to a table of this connection; the event loop has a turn after every few. */
  async append(
    table: string,
    rows: AsyncIterable<AppendedRows>,
    options: Pick<RunOptions, 'signal'> = {},
  ): Promise<void> {
    await this.#exclusive(options.signal, async () => {
      const appender = await this.#connection.createAppender(table)
      const types = Array.from({ length: appender.columnCount }, (_, index) =>
        appender.columnType(index),
      )
      for await (const { count, fill } of rows) {
        this.#assertGoing(options.signal)
        const chunk = DuckDBDataChunk.create(types, count)
        for (const index of types.keys()) {
          fill(duckdb.data_chunk_get_vector(chunk.chunk, index), index)
        }
        appender.appendDataChunk(chunk)
        appender.flushSync()
        await nextTurn()
      }
      appender.closeSync()
    })
  }

  /** Makes a database in memory the place of all names from here on; dropped at the end. */
  async enter(name: string): Promise<void> {
    await this.run(`ATTACH ':memory:' AS ${name}; USE ${name}`)
    this.#entered = name
  }

  /** Prepares anew what comes again: names may mean something else now. */
  forgetPrepared(): void {
    for (const prepared of this.#prepared.values()) prepared.destroySync()
    this.#prepared.clear()
  }

  /** Stops what runs; the connection is closed when it has. */
  [Symbol.dispose](): void {
    if (this.#closing) return
    this.#closing = true
    if (this.#running > 0) this.#connection.interrupt()
    this.#last = this.#last.then(() => this.#disconnect())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]()
    await this.#last
  }

  async #disconnect(): Promise<void> {
    try {
      if (this.#entered) await this.#connection.run(`USE memory; DETACH ${this.#entered}`)
    } catch {
      // The database in memory goes with the instance then; the connection closes all the same.
    }
    this.forgetPrepared()
    this.#connection.disconnectSync()
    this.#onClosed()
  }

  /** Queues behind earlier calls; turns an abort into an interrupt, and errors into typed ones. */
  #exclusive<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    this.#running += 1
    // The parts of one request are stopped by one signal, in as many sessions; each stops listening at its end.
    if (signal !== undefined) setMaxListeners(0, signal)
    const turn = this.#last.then(() => this.#guarded(signal, work))
    const leave = () => {
      this.#running -= 1
    }
    this.#last = turn.then(leave, leave)
    return signal === undefined ? turn : orAbandoned(turn, signal)
  }

  async #guarded<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const interrupt = () => this.#connection.interrupt()
    this.#assertGoing(signal)
    signal?.addEventListener('abort', interrupt)
    try {
      return await work()
    } catch (error) {
      const known = toDuckDbError(error, this.#context)
      if (known.code === 'cancelled') this.#assertGoing(signal)
      throw known
    } finally {
      signal?.removeEventListener('abort', interrupt)
    }
  }

  /**
   * The binding does not give the message of a stream that failed. Running the statement again,
   * without its rows, does; should it pass this time, the failure is told without a reason.
   */
  async #failureOf(sql: string, options: RunOptions): Promise<HyperMeshError> {
    this.#assertGoing(options.signal)
    const again = /^\s*explain\b/i.test(sql) ? sql : `EXPLAIN ANALYZE ${sql}`
    try {
      await this.run(again, options)
    } catch (error) {
      if (error instanceof HyperMeshError) return error
      throw error
    }
    return new HyperMeshError('internal', 'the statement failed while its result was read')
  }

  #assertGoing(signal: AbortSignal | undefined): void {
    if (signal?.aborted) throw toAbortError(signal)
    if (this.#closing) throw new HyperMeshError('cancelled', 'the session was closed')
  }

  async #execute(sql: string, options: RunOptions, streaming: boolean): Promise<DuckDBResult> {
    if (options.again) return this.#executeAgain(sql, options, streaming)
    const statements = await this.#connection.extractStatements(sql)
    const isWide = sql.length > wideSqlChars
    for (let index = 0; index < statements.count - 1; index += 1) {
      await this.#executeOne(statements, index, { signal: options.signal }, { isWide })
    }
    return this.#executeOne(statements, statements.count - 1, options, { streaming, isWide })
  }

  async #executeOne(
    statements: DuckDBExtractedStatements,
    index: number,
    options: RunOptions,
    { streaming = false, isWide }: { readonly streaming?: boolean; readonly isWide: boolean },
  ): Promise<DuckDBResult> {
    this.#assertGoing(options.signal)
    const prepared = await statements.prepare(index)
    try {
      if (options.parameters) bind(prepared, options.parameters)
      this.#assertGoing(options.signal)
      if (isWide && !streaming) return await this.#runApart(prepared, options.signal)
      const pending = streaming ? prepared.startStream() : prepared.start()
      await this.#settle(pending, options.signal)
      return await pending.getResult()
    } finally {
      prepared.destroySync()
    }
  }

  async #executeAgain(sql: string, options: RunOptions, streaming: boolean): Promise<DuckDBResult> {
    const prepared = this.#prepared.get(sql) ?? (await this.#connection.prepare(sql))
    this.#prepared.delete(sql)
    this.#prepared.set(sql, prepared)
    for (const [oldest, each] of this.#prepared) {
      if (this.#prepared.size <= preparedMax) break
      this.#prepared.delete(oldest)
      each.destroySync()
    }
    this.#assertGoing(options.signal)
    if (options.parameters) bind(prepared, options.parameters)
    const pending = streaming ? prepared.startStream() : prepared.start()
    await this.#settle(pending, options.signal)
    return pending.getResult()
  }

  /** On a thread of libuv, which it holds until the end. */
  async #runApart(
    prepared: DuckDBPreparedStatement,
    signal: AbortSignal | undefined,
  ): Promise<DuckDBResult> {
    const result = prepared.run()
    const ended = new AbortController()
    const remind = async () => {
      while (!ended.signal.aborted) {
        await sleep(50)
        if (signal?.aborted || this.#closing) this.#connection.interrupt()
      }
    }
    void remind()
    try {
      return await result
    } finally {
      ended.abort()
    }
  }

  /** Asks in turns of the event loop, without a promise for each: there are hundreds of them. */
  #settle(pending: DuckDBPendingResult, signal: AbortSignal | undefined): Promise<void> {
    const startedAt = performance.now()
    return new Promise((resolve, reject) => {
      const look = () => {
        try {
          if (isSettled(pending)) return resolve()
          // An interrupt that came before the statement began is forgotten by DuckDB: say it again.
          if (signal?.aborted || this.#closing) this.#connection.interrupt()
        } catch (error) {
          return reject(error)
        }
        const waitedMs = performance.now() - startedAt
        if (waitedMs < spinMs) setImmediate(look)
        // Late by a fiftieth at most.
        else setTimeout(look, Math.min(4, Math.max(1, waitedMs / 50)))
      }
      look()
    })
  }
}

const interruptMs = 1000

/**
 * DuckDB looks for an interrupt between chunks, so one call of a function on a huge argument goes
 * on for long. The caller is told in time all the same; the session stays busy until it has ended.
 */
function orAbandoned<T>(turn: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const giveUp = () => {
      timer = setTimeout(() => reject(toAbortError(signal)), interruptMs)
    }
    const settled = () => {
      signal.removeEventListener('abort', giveUp)
      clearTimeout(timer)
    }
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
    turn.finally(settled).then(resolve, reject)
  })
}

interface StreamHooks {
  readonly guard: <T>(work: () => Promise<T>) => Promise<T>
  /** Why the statement failed after its first rows. */
  readonly failure: () => Promise<HyperMeshError>
}

/** A result that is read forward once, chunk by chunk. */
export class DuckStream {
  readonly result: DuckDBResult
  readonly #hooks: StreamHooks

  constructor(result: DuckDBResult, hooks: StreamHooks) {
    this.result = result
    this.#hooks = hooks
  }

  /** The next chunk, never empty; undefined at the end. Throws where the statement failed. */
  async next(): Promise<DuckDBDataChunk | undefined> {
    const chunk = await this.#hooks.guard(() => fetchPlaces.run(() => this.result.fetchChunk()))
    if (chunk !== null && chunk.rowCount > 0) return chunk
    // The binding gives a failure the same empty chunk as the end. Only this tells them apart: the C
    // function says INVALID of a result that holds an error.
    if (this.result.returnType === duckdb.ResultType.INVALID) throw await this.#hooks.failure()
    return undefined
  }
}

function bind(prepared: DuckDBPreparedStatement, { values, types }: BoundParameters): void {
  // The binding declares mutable arrays and records; it changes neither.
  prepared.bind(
    values as DuckDBValue[] | Record<string, DuckDBValue>,
    types as DuckDBType[] | Record<string, DuckDBType> | undefined,
  )
}

/**
 * Asks without executing a task here. The C function reports a finished statement as ERROR with an
 * empty message, and a running one as NO_TASKS_AVAILABLE.
 */
function isSettled(pending: DuckDBPendingResult): boolean {
  const handle = (pending as unknown as PendingHandle).pending_result
  const state = duckdb.pending_execute_check_state(handle)
  if (state === duckdb.PendingState.RESULT_READY) return true
  if (state !== duckdb.PendingState.ERROR) return false
  const message = duckdb.pending_error(handle)
  if (message) throw new Error(message)
  return true
}

/** A private field of the binding's class; the package is pinned, and a test reads it. */
interface PendingHandle {
  readonly pending_result: duckdb.PendingResult
}
