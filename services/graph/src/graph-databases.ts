import { randomUUID } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type GraphDatabase as GraphDatabaseSummary,
  HyperMeshError,
  type Limits,
  parseIdentifier,
} from '@hypermesh/contract'
import { Database } from '@hypermesh/engine'
import type { Clock, DataPaths, Logger } from '@hypermesh/kit'
import {
  type DirectoryOwner,
  hasErrno,
  publishDirectory,
  retireDirectory,
} from '@hypermesh/object-store'
import type { GraphSettings } from './config.ts'
import type { GraphBackups } from './graph-backups.ts'
import { GraphDatabase } from './graph-database.ts'
import { toGraphError } from './graph-error.ts'

export interface GraphDatabasesOptions {
  readonly paths: DataPaths
  readonly backups: GraphBackups
  readonly owner: DirectoryOwner
  readonly settings: GraphSettings
  readonly limits: Limits
  readonly clock: Clock
  readonly logger: Logger
}

/** One whose files could not be opened keeps its name, and what is wrong. */
type Entry = GraphDatabase | { readonly name: string; readonly problem: HyperMeshError }

const what = 'the graph database'
const directoryName = /^[a-z_][a-z0-9_]{0,63}$/

/**
 * The databases of a data directory, each a directory `graph/<name>`, one process at a time. A database is
 * made in this process's temporary directory and shown by one rename, and goes by another: a crash leaves
 * all of it or nothing. Names are in lower case, so that two that differ in case only cannot meet.
 */
export class GraphDatabases {
  readonly #options: GraphDatabasesOptions
  readonly #entries = new Map<string, Entry>()
  #opened: Promise<void> | undefined
  #isOpen = false
  /** Creations, drops and restores are one after the other. */
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: GraphDatabasesOptions) {
    this.#options = options
  }

  /** Claims the directory and opens what is there. Where another process has it: `unavailable`. */
  open(): Promise<void> {
    this.#opened ??= this.#open().catch((error: unknown) => {
      // It may be free at the next request.
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  async list(): Promise<GraphDatabaseSummary[]> {
    await this.open()
    const entries = [...this.#entries.values()]
    return entries
      .map((entry) => {
        if (entry instanceof GraphDatabase) return entry.summary()
        const { name, problem } = entry
        return { database: name, state: 'damaged' as const, problem: problem.message, tables: 0 }
      })
      .sort((one, other) => (one.database < other.database ? -1 : 1))
  }

  /** Those that are open now. */
  opened(): GraphDatabase[] {
    return [...this.#entries.values()].filter((entry) => entry instanceof GraphDatabase)
  }

  /** Throws `invalid_name`, `not_found`, or what is wrong with it. */
  async get(text: string): Promise<GraphDatabase> {
    if (!this.#isOpen) await this.open()
    // As most are asked for.
    const known = this.#entries.get(text)
    if (known instanceof GraphDatabase) return known
    return this.#require(toName(text))
  }

  async create(
    text: string,
  ): Promise<{ readonly database: GraphDatabase; readonly isNew: boolean }> {
    const name = toName(text)
    await this.open()
    return this.#alone(async () => {
      if (this.#entries.has(name)) return { database: this.#require(name), isNew: false }
      this.#assertRoom()
      const database = await this.#publish(name, (directory) =>
        GraphDatabase.make(directory, this.#options),
      )
      return { database, isNew: true }
    })
  }

  /** Throws `not_found`. What its readers and writers wait for is refused. */
  async drop(text: string): Promise<void> {
    const name = toName(text)
    await this.open()
    await this.#alone(async () => {
      const entry = this.#entries.get(name)
      if (entry === undefined) throw noDatabase(name)
      this.#entries.delete(name)
      const retired = join(this.#options.paths.temporary, `retired-${randomUUID()}`)
      try {
        if (entry instanceof GraphDatabase) await entry.close()
        await retireDirectory(this.#pathOf(name), retired, what)
      } catch (error) {
        // Unless its directory is gone it is what it was, or damaged: then it can still be dropped.
        if (await this.#isThere(name)) await this.#openOne(name)
        throw error
      }
    })
  }

  /** Makes a database of the backup in that directory. Throws `exists`. */
  async restore(text: string, backup: string): Promise<GraphDatabase> {
    const name = toName(text)
    await this.open()
    return this.#alone(async () => {
      if (this.#entries.has(name)) {
        throw new HyperMeshError('exists', `there is a database ${name} already`)
      }
      this.#assertRoom()
      return await this.#publish(name, (to) => Database.restore({ from: backup, to }))
    })
  }

  async close(): Promise<void> {
    await this.#opened?.catch(() => undefined)
    await this.#tail
    for (const entry of this.#entries.values()) {
      if (entry instanceof GraphDatabase) await entry.close()
    }
    this.#entries.clear()
    this.#isOpen = false
    await this.#options.owner.release()
  }

  async #open(): Promise<void> {
    await this.#options.owner.claim()
    await this.#options.backups.sweep()
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return []
      throw error
    })
    await Promise.all(
      names.filter((name) => directoryName.test(name)).map((name) => this.#openOne(name)),
    )
    this.#isOpen = true
  }

  /** Makes a database of what `make` puts into a directory, and shows it under the name. */
  async #publish(
    name: string,
    make: (directory: string) => Promise<unknown>,
  ): Promise<GraphDatabase> {
    const draft = join(this.#options.paths.temporary, `graph-${randomUUID()}`)
    try {
      await make(draft)
      await publishDirectory(draft, this.#pathOf(name), what)
    } finally {
      // Absent after the rename. What stays is cleared by the next start.
      await rm(draft, { recursive: true, force: true }).catch(() => undefined)
    }
    await this.#openOne(name)
    return this.#require(name)
  }

  async #openOne(name: string): Promise<void> {
    try {
      const database = await GraphDatabase.open(name, this.#pathOf(name), this.#options)
      this.#entries.set(name, database)
    } catch (thrown) {
      const error = toGraphError(thrown)
      this.#options.logger.error({ err: thrown, database: name }, 'a graph database is not served')
      const problem =
        error instanceof HyperMeshError
          ? error
          : new HyperMeshError('damaged', `the database ${name} could not be opened`)
      this.#entries.set(name, { name, problem })
    }
  }

  #require(name: string): GraphDatabase {
    const entry = this.#entries.get(name)
    if (entry === undefined) throw noDatabase(name)
    if (entry instanceof GraphDatabase) return entry
    const { code, message } = entry.problem
    throw new HyperMeshError(code, `${name}: ${message}`, { cause: entry.problem })
  }

  #assertRoom(): void {
    const { graphDatabasesMax } = this.#options.limits
    if (this.#entries.size < graphDatabasesMax) return
    throw new HyperMeshError('too_large', `there are at most ${graphDatabasesMax} databases`, {
      details: { limit: 'graph_databases_max', databasesMax: graphDatabasesMax },
    })
  }

  get #directory(): string {
    return join(this.#options.paths.root, 'graph')
  }

  async #isThere(name: string): Promise<boolean> {
    const names = await readdir(this.#directory).catch(() => [name])
    return names.includes(name)
  }

  #pathOf(name: string): string {
    return join(this.#directory, name)
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(work)
    this.#tail = result.catch(() => undefined)
    return result
  }
}

function toName(text: string): string {
  return parseIdentifier(text).toLowerCase()
}

function noDatabase(name: string): HyperMeshError {
  return new HyperMeshError('not_found', `no graph database named ${name}`)
}
