import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { HyperMeshError } from '@hypermesh/contract'
import { type ErrorContext, toDuckDbError } from './duckdb-error.ts'
import { defineHashFunctions, type HashFunctions } from './hash-functions.ts'
import { DuckSession } from './session.ts'
import { quoteText } from './sql-text.ts'

export interface DuckDatabaseOptions {
  readonly threads: number
  readonly memoryBytes: number
  /** Where large sorts and joins spill; one database, one directory. */
  readonly temporaryDirectory: string
  /** Of what lies there at once. */
  readonly temporaryBytesMax?: number
  /** The only directories whose files a statement may read or write. */
  readonly allowedDirectories: readonly string[]
  /** What unreadable Parquet means here: `corrupt` for our own files, `invalid` for a user's. */
  readonly damagedFile?: ErrorContext['damagedFile']
  /** What SQL calls `hash_bytes`, `hash_long` and `hash_decimal`. */
  readonly hashes?: HashFunctions | undefined
  /** Keep what the footers of files say, while there is memory; a file that changed is read anew. */
  readonly keepsFooters?: boolean
  /** Switched off for good, for a database that only plans. */
  readonly disabledOptimizers?: readonly string[]
}

const temporaryBytesDefault = 64 * 1024 ** 3

/**
 * One DuckDB instance in memory, locked: no file outside the allowed directories, no network, no
 * extension, no setting can be changed by a statement.
 */
export class DuckDatabase implements AsyncDisposable {
  readonly #instance: DuckDBInstance
  readonly #context: ErrorContext
  readonly #sessions = new Set<DuckSession>()
  #closed = false
  #nextApart = 1

  private constructor(instance: DuckDBInstance, context: ErrorContext) {
    this.#instance = instance
    this.#context = context
  }

  static async open(options: DuckDatabaseOptions): Promise<DuckDatabase> {
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    try {
      if (options.hashes !== undefined) defineHashFunctions(connection, options.hashes)
      await lock(connection, options)
    } catch (error) {
      connection.disconnectSync()
      instance.closeSync()
      throw error
    }
    connection.disconnectSync()
    return new DuckDatabase(instance, {
      hiddenDirectories: [...options.allowedDirectories, options.temporaryDirectory],
      damagedFile: options.damagedFile ?? 'corrupt',
    })
  }

  /** A session of its own connection. Whoever asks, disposes. */
  async connect(): Promise<DuckSession> {
    if (this.#closed) throw new HyperMeshError('unavailable', 'the database is closed')
    const connection = await this.#connection()
    const session = new DuckSession(connection, this.#context, () => this.#sessions.delete(session))
    this.#sessions.add(session)
    return session
  }

  /**
   * A session whose names live in a database of its own, in memory, dropped with the session:
   * statements of several users can have equal names at once.
   */
  async connectApart(): Promise<DuckSession> {
    const session = await this.connect()
    const name = `q_${this.#nextApart++}`
    try {
      await session.enter(name)
    } catch (error) {
      await session[Symbol.asyncDispose]()
      throw error
    }
    return session
  }

  /** Interrupts what runs, waits for it to end, then frees the instance. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([...this.#sessions].map((session) => session[Symbol.asyncDispose]()))
    this.#instance.closeSync()
  }

  async #connection(): Promise<DuckDBConnection> {
    try {
      return await this.#instance.connect()
    } catch (error) {
      throw toDuckDbError(error, this.#context)
    }
  }
}

async function lock(connection: DuckDBConnection, options: DuckDatabaseOptions): Promise<void> {
  const directories = options.allowedDirectories.map(quoteText).join(', ')
  const settings = [
    `threads = ${Math.max(1, Math.trunc(options.threads))}`,
    // Node's thread never executes tasks (see session.ts), so none is counted as a worker.
    'external_threads = 0',
    'max_expression_depth = 250',
    `memory_limit = '${Math.trunc(options.memoryBytes)}B'`,
    `temp_directory = ${quoteText(options.temporaryDirectory)}`,
    `max_temp_directory_size = '${Math.trunc(options.temporaryBytesMax ?? temporaryBytesDefault)}B'`,
    "GLOBAL TimeZone = 'UTC'",
    ...(options.disabledOptimizers?.length
      ? [`disabled_optimizers = ${quoteText(options.disabledOptimizers.join(','))}`]
      : []),
    'autoinstall_known_extensions = false',
    'autoload_known_extensions = false',
    'allow_community_extensions = false',
    'allow_persistent_secrets = false',
    'enable_external_file_cache = false',
    `parquet_metadata_cache = ${options.keepsFooters === true}`,
    `allowed_directories = [${directories}]`,
    'enable_external_access = false',
    'lock_configuration = true',
  ]
  for (const setting of settings) await connection.run(`SET ${setting}`)
}
