import { ByteWriter } from './byte-writer.ts'
import { type BatchSource, ColumnBatch } from './column-batch.ts'
import { EngineError, invalid, quote, toEngineError } from './errors.ts'
import type { TimeUnit } from './instants.ts'
import type { WriteJsonRows } from './json-rows.ts'
import type { NativeAddon, NativeDatabase, NativeSnapshot } from './native-types.ts'
import { NodeKeys } from './node-keys.ts'
import { CommitReceipt, type Durability } from './receipt.ts'
import { ResultBuffer } from './result-buffer.ts'
import type { LabelColumn } from './result-names.ts'
import { Catalog, nodeTableName, type TableLayout } from './schema.ts'
import { SymbolCache } from './symbol-cache.ts'

/** What a query is sent with. */
export interface QueryCall {
  /** Null: the newest commits. */
  readonly snapshot: NativeSnapshot | null
  readonly labels: LabelColumn
  readonly signal?: AbortSignal | undefined
}

/** What a few rows take. */
const smallBufferBytes = 1536
const smallBuffersAtOnce = 16

/**
 * One open database as everything here shares it: the addon's handle, what is known of the schema,
 * the caches of keys, and the one buffer that plans and batches are written into.
 */
export class Session implements BatchSource {
  readonly native: NativeAddon
  readonly database: NativeDatabase
  readonly timeUnit: TimeUnit
  readonly durability: Durability
  readonly symbols: SymbolCache
  readonly nodes: NodeKeys
  readonly #writer = new ByteWriter()
  /** The addon's: found among all of its functions it takes a good part of a call. */
  readonly #query: NativeAddon['query']
  #isWriting = false
  #catalog: Catalog | undefined
  /** Of the snapshot that was read last. */
  #pastCatalog: Catalog | undefined
  #lastToken = 0
  /** For results of short reads; each is given to one of them. */
  readonly #smallBuffers: ArrayBuffer[] = []
  readonly writeJsonRows: WriteJsonRows = ({ result, shape, rows, between, room, at }) => {
    try {
      return this.native.jsonRows(this.database, result, shape, rows, between, room, at)
    } catch (error) {
      throw this.#translate(error)
    }
  }
  readonly #toReceipt = (figures: Float64Array) => new CommitReceipt(figures, this.timeUnit)
  readonly #throwTranslated = (error: unknown): never => {
    throw this.#translate(error)
  }

  constructor(
    native: NativeAddon,
    database: NativeDatabase,
    settings: { readonly timeUnit: TimeUnit; readonly durability: Durability },
  ) {
    this.native = native
    this.#query = native.query
    this.database = database
    this.timeUnit = settings.timeUnit
    this.durability = settings.durability
    this.symbols = new SymbolCache((first) => this.call(() => native.symbols(database, first)))
    this.nodes = new NodeKeys({
      keysOf: (numbers) => this.call(() => native.nodeKeys(database, numbers)),
    })
  }

  get catalog(): Catalog {
    this.#catalog ??= new Catalog(this.call(() => this.native.schema(this.database, null)))
    return this.#catalog
  }

  /** The schema is looked at again when it is next needed. */
  forgetSchema(): void {
    this.#catalog = undefined
  }

  /** Throws `not_found` when there is no such table. */
  layout(name: string): TableLayout {
    return this.catalog.find(name) ?? this.#lookAgain(name) ?? this.catalog.layout(name)
  }

  /** The schema as a snapshot has it. */
  catalogAt(snapshot: NativeSnapshot): Catalog {
    const { native, database } = this
    const version = this.call(() => native.schemaVersion(database, snapshot))
    for (const known of [this.#catalog, this.#pastCatalog]) {
      if (known?.version === version) return known
    }
    this.#pastCatalog = new Catalog(this.call(() => native.schema(database, snapshot)))
    return this.#pastCatalog
  }

  /**
   * Lends the one buffer, which is reused because the addon copies what it is given before a call
   * returns: so that call belongs into `use`. A getter of what is written may come here again.
   */
  withWriter<Result>(use: (writer: ByteWriter) => Result): Result {
    const writer = this.takeWriter()
    try {
      return use(writer)
    } finally {
      this.giveWriter(writer)
    }
  }

  /** The same for short reads, which a function made for each would keep up. Each is given back. */
  takeWriter(): ByteWriter {
    if (this.#isWriting) return new ByteWriter()
    this.#isWriting = true
    return this.#writer
  }

  giveWriter(writer: ByteWriter): void {
    if (writer === this.#writer) this.#isWriting = false
  }

  nodeLayout(): TableLayout {
    return this.layout(nodeTableName)
  }

  assertOpen(): void {
    if (this.native.isClosed(this.database)) {
      throw new EngineError('closed', 'the database is closed')
    }
  }

  /** Calls the addon with its errors made ours. */
  call<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw this.#translate(error)
    }
  }

  async callAsync<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw this.#translate(error)
    }
  }

  /** Without an `await`, each of which takes its share of the thread that writers share. */
  commit(bytes: Uint8Array, durability = this.durability): Promise<CommitReceipt> {
    const level = durability === 'sync' ? 0 : 1
    return this.native
      .commit(this.database, bytes, level)
      .then(this.#toReceipt, this.#throwTranslated)
  }

  /** Runs the plan that was written on this thread. */
  querySync<Row>(
    { room, length }: ByteWriter,
    snapshot: NativeSnapshot | null,
    labels: LabelColumn,
  ): ColumnBatch<Row> {
    const small = this.#smallBuffers.pop() ?? this.#makeSmallBuffers()
    let large: ArrayBuffer | undefined
    try {
      large = this.#query(this.database, snapshot, room, length, small)
    } catch (error) {
      this.#smallBuffers.push(small)
      throw this.#translate(error)
    }
    if (large !== undefined) this.#smallBuffers.push(small)
    return new ColumnBatch<Row>(new ResultBuffer(large ?? small), this, labels)
  }

  /** Making one alone, between other work, takes a good part of a short read. */
  #makeSmallBuffers(): ArrayBuffer {
    for (let made = 0; made < smallBuffersAtOnce; made++) {
      this.#smallBuffers.push(new ArrayBuffer(smallBufferBytes))
    }
    return new ArrayBuffer(smallBufferBytes)
  }

  /** Runs the plan on the engine's threads. */
  async query<Row>(plan: Uint8Array, call: QueryCall): Promise<ColumnBatch<Row>> {
    const buffer = await this.#run(plan, call)
    return new ColumnBatch<Row>(new ResultBuffer(buffer), this, call.labels)
  }

  async #run(plan: Uint8Array, { snapshot, signal }: QueryCall): Promise<ArrayBuffer> {
    if (signal === undefined) {
      return await this.callAsync(() => this.native.queryAsync(this.database, snapshot, plan, 0))
    }
    if (typeof signal?.addEventListener !== 'function') {
      throw invalid(`signal must be an AbortSignal, not ${quote(signal)}`)
    }
    if (signal.aborted) throw cancelled(signal)
    this.#lastToken = (this.#lastToken % 0xffff_ffff) + 1
    const token = this.#lastToken
    const cancel = () => this.native.cancel(this.database, token)
    signal.addEventListener('abort', cancel, { once: true })
    try {
      return await this.native.queryAsync(this.database, snapshot, plan, token)
    } catch (error) {
      const translated = this.#translate(error)
      throw translated.code === 'cancelled' && signal.aborted ? cancelled(signal) : translated
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  #lookAgain(name: string): TableLayout | undefined {
    const version = this.call(() => this.native.schemaVersion(this.database, null))
    if (version === this.catalog.version) return undefined
    this.forgetSchema()
    return this.catalog.find(name)
  }

  #translate(error: unknown): EngineError {
    const translated = toEngineError(error)
    // The schema may have changed under the numbers that the plan used.
    if (translated.code === 'not_found') this.forgetSchema()
    return translated
  }
}

function cancelled(signal: AbortSignal): EngineError {
  return new EngineError('cancelled', 'the query was cancelled', { cause: signal.reason })
}
