import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { HyperMeshError, type Limits, type Principal, quoteIdentifier } from '@hypermesh/contract'
import {
  type BoundParameters,
  type DuckDatabase,
  type DuckSession,
  type DuckStream,
  describeResult,
  numbered,
  quoteText,
} from '@hypermesh/duckdb'
import type { Clock } from '@hypermesh/kit'
import type { SpillSpace } from './spill-space.ts'
import type { PreparedStatement } from './statement.ts'

export interface SpilledResultsOptions {
  readonly database: DuckDatabase
  readonly directory: string
  readonly space: SpillSpace
  readonly limits: Limits
  readonly clock: Clock
}

export interface SpilledResult {
  readonly id: string
  readonly queryId: string
  readonly keyId: string
  readonly names: readonly string[]
  readonly rowCount: number
  readonly facts: PreparedStatement['facts']
  readonly pageRows: number
  readonly pageBytes: number
}

interface Held extends SpilledResult {
  readonly name: string
  readonly path: string
  usedMs: number
  readers: number
  dropped: boolean
}

/** A page that is being read. Dispose it when its rows have been taken. */
export interface OpenPage extends AsyncDisposable {
  readonly result: SpilledResult
  readonly offset: number
  readonly stream: DuckStream
}

const tokenPattern = /^([A-Za-z0-9_-]{32})\.(\d{1,15})$/

/**
 * Results that are read in pages. Each is a database file of DuckDB in this process's temporary
 * directory, because that holds every type exactly and finds a row by its number. A result is dropped
 * some time after its last use, and earlier where space or number of results runs out.
 */
export class SpilledResults implements AsyncDisposable {
  readonly #options: SpilledResultsOptions
  /** In the order of their use. */
  readonly #held = new Map<string, Held>()
  #next = 1
  readonly #dropping = new Set<Promise<void>>()

  constructor(options: SpilledResultsOptions) {
    this.#options = options
    options.space.evictBy(() => this.#evict())
  }

  get count(): number {
    return this.#held.size
  }

  /** Runs the statement to its end and keeps what it returned. */
  async write(
    session: DuckSession,
    statement: { readonly sql: string; readonly parameters: BoundParameters | undefined },
    options: Pick<SpilledResult, 'queryId' | 'keyId' | 'facts' | 'pageRows' | 'pageBytes'> & {
      readonly signal: AbortSignal
    },
  ): Promise<SpilledResult> {
    const { space, directory, clock, limits } = this.#options
    const { signal, ...rest } = options
    this.dropExpired()
    const name = `spill_${this.#next++}`
    const path = join(directory, `${name}.duckdb`)
    const { parameters, sql } = statement
    const { names } = await describeResult(session, sql, { parameters, signal })
    const work = async (bounded: AbortSignal) => {
      const run = { signal: bounded }
      await session.run(`ATTACH ${quoteText(path)} AS ${name}`, run)
      const rows = `CREATE TABLE ${name}.main.rows AS SELECT * FROM ${numbered(sql, names.length)}`
      await session.run(rows, { ...run, parameters })
      await session.run(`CHECKPOINT ${name}`, run)
      const [counted] = await session.rows(`SELECT count(*) AS n FROM ${name}.main.rows`, run)
      return Number(counted?.n)
    }
    const rowCount = await space.write(path, signal, work, () => this.#detach(name))
    const id = randomBytes(24).toString('base64url')
    const usedMs = clock.monotonicMs()
    const result: Held = {
      ...rest,
      id,
      name,
      path,
      names,
      rowCount,
      usedMs,
      readers: 0,
      dropped: false,
    }
    this.#held.set(id, result)
    while (this.#held.size > limits.sqlSpillsMax && this.#evict());
    return result
  }

  /** Where the page after so many rows is; null where there is none. */
  tokenAt(result: SpilledResult, offset: number): string | null {
    return offset < result.rowCount ? `${result.id}.${offset}` : null
  }

  /** Throws `gone` where the result was dropped, never was, or is another's. */
  find(principal: Principal, token: string): { result: SpilledResult; offset: number } {
    this.dropExpired()
    const [, id = '', digits] = tokenPattern.exec(token) ?? []
    const held = this.#held.get(id)
    if (held === undefined || held.keyId !== principal.keyId) {
      throw new HyperMeshError('gone', 'the result of this page is not kept any more; run it again')
    }
    return { result: held, offset: Number(digits) }
  }

  /** The rows from the offset on, at most a page of them. */
  async open(result: SpilledResult, offset: number, signal: AbortSignal): Promise<OpenPage> {
    const held = this.#held.get(result.id)
    if (held === undefined) throw new HyperMeshError('gone', 'the result is not kept any more')
    this.#touch(held)
    held.readers += 1
    let session: DuckSession | undefined
    const close = async () => {
      await session?.[Symbol.asyncDispose]()
      held.readers -= 1
      if (held.dropped && held.readers === 0) await this.#remove(held)
    }
    try {
      session = await this.#options.database.connect()
      const list = result.names.map((name, index) => `c${index} AS ${quoteIdentifier(name)}`)
      const end = offset + result.pageRows
      const stream = await session.stream(
        `SELECT ${list.join(', ')} FROM ${held.name}.main.rows WHERE rowid >= ${offset} AND rowid < ${end}`,
        { signal },
      )
      return { result, offset, stream, [Symbol.asyncDispose]: close }
    } catch (error) {
      await close()
      throw error
    }
  }

  /** Called now and then, and before a result is looked up. */
  dropExpired(): void {
    const oldestMs = this.#options.clock.monotonicMs() - this.#options.limits.sqlSpillMs
    for (const held of this.#held.values()) if (held.usedMs < oldestMs) this.#drop(held)
  }

  /** Resolves when what was dropped so far is gone from the disk. */
  async dropped(): Promise<void> {
    await Promise.all(this.#dropping)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const held of this.#held.values()) this.#drop(held)
    await this.dropped()
  }

  #touch(held: Held): void {
    held.usedMs = this.#options.clock.monotonicMs()
    this.#held.delete(held.id)
    this.#held.set(held.id, held)
  }

  #evict(): boolean {
    const [oldest] = this.#held.values()
    if (oldest === undefined) return false
    this.#drop(oldest)
    return true
  }

  #drop(held: Held): void {
    this.#held.delete(held.id)
    this.#options.space.release(held.path)
    held.dropped = true
    if (held.readers > 0) return
    const removing = this.#remove(held).finally(() => this.#dropping.delete(removing))
    this.#dropping.add(removing)
  }

  async #remove(held: Held): Promise<void> {
    await this.#detach(held.name)
    await this.#options.space.remove(held.path)
  }

  /** On a session of its own: the one that wrote may have been interrupted. */
  async #detach(name: string): Promise<void> {
    try {
      await using session = await this.#options.database.connect()
      await session.run(`DETACH DATABASE IF EXISTS ${name}`)
    } catch {
      // The database is being closed, which detaches everything; its directory is temporary.
    }
  }
}
