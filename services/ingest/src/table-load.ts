import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { HyperMeshClient } from '@hypermesh/client'
import {
  type DataFileEntry,
  HyperMeshError,
  type IngestReceipt,
  ingestReceipt,
  type Limits,
  type LoadTableReply,
  type WireLong,
} from '@hypermesh/contract'
import { type DuckSession, typesMayChange } from '@hypermesh/duckdb'
import { type Evolution, findLoaded, type Warehouse } from '@hypermesh/iceberg'
import type { Logger } from '@hypermesh/kit'
import { summaryKeys } from './content-identity.ts'
import type { LoadRequest } from './ingest.ts'
import { type CommitOutcome, LoadCommit } from './load-commit.ts'
import { type LoadFit, planFit, shapeOf } from './load-fit.ts'
import { LoadSource } from './load-source.ts'
import type { LoadedAhead } from './segment-load.ts'
import type { SourceFile } from './source-file.ts'
import { type TableFile, writeTableFiles } from './table-files.ts'
import { findTablePlace } from './table-place.ts'

export interface TableLoadOptions {
  readonly catalog: HyperMeshClient
  readonly warehouse: Warehouse
  readonly session: DuckSession
  readonly limits: Limits
  readonly logger: Logger
  readonly request: LoadRequest
  readonly file: SourceFile
  /** The request's own; `out/` in it is empty. */
  readonly directory: string
  /** What was written while the file arrived. */
  readonly ahead: LoadedAhead | undefined
  readonly elapsedMs: () => number
}

/** Parquet files written for one fit. */
interface Written extends LoadFit {
  readonly files: readonly TableFile[]
}

const conflictsMax = 20

/** One file on its way into one table: plan, write, publish, commit; or nothing left behind. */
export class TableLoad {
  readonly #options: TableLoadOptions
  readonly #commit: LoadCommit
  readonly #source: LoadSource
  /** What the published files were written for. */
  #shape = ''
  /** Of the table as it was found last. */
  #location = ''
  readonly #suffix = randomUUID().slice(0, 8)
  #writes = 0
  #isReplay = false

  constructor(options: TableLoadOptions) {
    this.#options = options
    this.#commit = new LoadCommit(options)
    this.#source = new LoadSource(options)
  }

  get isUnsettled(): boolean {
    return this.#commit.isUnsettled
  }

  /** True when the receipt is that of an earlier request. */
  get isReplay(): boolean {
    return this.#isReplay
  }

  async run(): Promise<IngestReceipt> {
    const { request, file } = this.#options
    await this.#source.detect()
    const table = await this.#loadTable()
    const earlier = await this.#commit.findEarlier()
    if (earlier !== undefined) return this.#replay(earlier)
    if (request.settleOnly) {
      throw new HyperMeshError('cancelled', 'nothing was loaded', { effect: 'none' })
    }
    if (!file.inPlace) {
      const loaded = await this.#findLoaded(table)
      if (loaded !== undefined) return this.#alreadyLoaded(loaded)
    }
    await this.#source.open(table)
    try {
      return await this.#loadInto(table)
    } catch (error) {
      await this.#commit.abandon()
      throw await this.#source.withPlace(error, table)
    }
  }

  async #loadInto(first: LoadTableReply | undefined): Promise<IngestReceipt> {
    let table = first
    for (let conflicts = 0; ; conflicts += 1) {
      const fit = await this.#publishFor(table)
      if (typeof fit === 'number') {
        await this.#commit.abandon()
        return this.#alreadyLoaded(fit)
      }
      try {
        return await this.#commitTo(table, fit)
      } catch (error) {
        if (!isLostRace(error) || conflicts >= conflictsMax) throw error
        this.#options.logger.debug({ conflicts }, 'the table changed while a file was loaded')
      }
      table = await this.#loadTable()
    }
  }

  /** Writes and publishes, unless that is done for this very fit. A number: already loaded. */
  async #publishFor(table: LoadTableReply | undefined): Promise<LoadFit | number> {
    const fit = this.#plan(table)
    const location = this.#location
    if (this.#commit.location === location && this.#shape === shapeOf(fit)) {
      return (await this.#findLoaded(table)) ?? fit
    }
    await this.#commit.withdraw()
    const written = await this.#writeUnlessLoaded(table, fit)
    if (typeof written === 'number') return written
    await this.#options.file.assertUnchanged()
    const { schema } = written.evolution
    this.#shape = shapeOf(written)
    await this.#commit.publish(written.files, { location, schema })
    return written
  }

  /** A file in place is hashed while it is loaded; the load stops when the hash is found there. */
  async #writeUnlessLoaded(
    table: LoadTableReply | undefined,
    fit: LoadFit,
  ): Promise<Written | number> {
    const stop = new AbortController()
    const early = this.#findLoaded(table).then((snapshotId) => {
      if (snapshotId !== undefined) stop.abort()
      return snapshotId
    })
    early.catch(() => undefined)
    try {
      const written = await this.#write(table, fit, stop.signal)
      return (await early) ?? written
    } catch (error) {
      const loaded = stop.signal.aborted ? await early : undefined
      if (loaded === undefined) throw error
      return loaded
    }
  }

  async #write(
    table: LoadTableReply | undefined,
    fit: LoadFit,
    stop: AbortSignal,
  ): Promise<Written> {
    const { session, limits } = this.#options
    const ahead = await this.#source.takeAhead(shapeOf(fit))
    if (ahead !== undefined) return { ...fit, files: ahead }
    const source = this.#source.rows
    this.#writes += 1
    this.#options.request.progress?.enter('writing')
    try {
      const files = await writeTableFiles(session, {
        source,
        evolution: fit.evolution,
        layout: fit.layout.write,
        directory: join(this.#options.directory, `out/${this.#writes}`),
        limits,
        signal: AbortSignal.any([this.#signal, stop]),
      })
      return { ...fit, files }
    } catch (error) {
      if (source.inferredFrom !== 'sample' || !typesMayChange(error)) throw error
      await this.#source.infer('all')
      return this.#write(table, this.#plan(table), stop)
    }
  }

  async #commitTo(
    table: LoadTableReply | undefined,
    { evolution, layout }: LoadFit,
  ): Promise<IngestReceipt> {
    const receipt = await this.#receiptOf(evolution)
    this.#options.request.progress?.enter('committing', receipt.rows)
    const contentKey = await this.#source.contentKey()
    const outcome = await this.#commit.commit({
      ...(table === undefined ? { base: null, location: this.#location } : { base: baseOf(table) }),
      ...(evolution.changed ? { schema: evolution.schema } : {}),
      ...(layout.create === undefined ? {} : { layout: layout.create }),
      contentKey,
      summary: {
        'engine-name': 'hypermesh',
        [summaryKeys.sha256]: receipt.sha256,
        [summaryKeys.format]: receipt.format,
      },
      receipt: { ...receipt, contentKey },
    })
    const { reply, ours } = outcome
    if (ours) {
      return { ...receipt, snapshotId: reply.snapshotId, elapsedMs: this.#options.elapsedMs() }
    }
    return reply.result === 'already-loaded'
      ? this.#alreadyLoaded(reply.snapshotId)
      : this.#replay(reply)
  }

  async #replay({ receipt, snapshotId }: CommitOutcome['reply']): Promise<IngestReceipt> {
    const isSame =
      receipt?.contentKey === (await this.#source.contentKey()) &&
      receipt.mode === this.#options.request.mode
    this.#isReplay = true
    if (isSame) return ingestReceipt.parse({ ...receipt, snapshotId })
    throw new HyperMeshError(
      'key_reused',
      'this Idempotency-Key was used for another load; use a key of its own for each',
      { details: { reason: 'idempotency-key-reused' } },
    )
  }

  /** An early look that saves work: the catalog decides again at the commit. */
  async #findLoaded(table: LoadTableReply | undefined): Promise<number | undefined> {
    const { request } = this.#options
    const contentKey = await this.#source.contentKey()
    if (request.again || table === undefined) return undefined
    const snapshot = findLoaded(table.metadata, request.mode, contentKey)
    return snapshot === undefined ? undefined : Number(snapshot['snapshot-id'])
  }

  async #alreadyLoaded(snapshotId: WireLong): Promise<IngestReceipt> {
    const nothing = { rows: 0, files: 0, partitions: 0, bytesWritten: 0, schemaChanges: [] }
    const outcome = { result: 'already-loaded' as const, snapshotId }
    return { ...(await this.#facts()), ...outcome, ...nothing }
  }

  async #receiptOf(evolution: Evolution): Promise<IngestReceipt> {
    const { entries } = this.#commit
    return {
      ...(await this.#facts()),
      result: 'committed',
      snapshotId: 0,
      rows: entries.reduce((sum, entry) => sum + entry.recordCount, 0),
      files: entries.length,
      partitions: partitionCount(entries),
      bytesWritten: entries.reduce((sum, entry) => sum + entry.fileBytes, 0),
      schemaChanges: [...evolution.changes],
      ...this.#source.badRows,
    }
  }

  async #facts() {
    return { ...(await this.#source.facts()), elapsedMs: this.#options.elapsedMs() }
  }

  #plan(table: LoadTableReply | undefined): LoadFit {
    return planFit(this.#source.rows, table, this.#options.request.layout)
  }

  /** Looks also where the table lies, or would. */
  async #loadTable(): Promise<LoadTableReply | undefined> {
    const { catalog, warehouse, request } = this.#options
    const { table, location } = await findTablePlace({
      catalog,
      warehouse,
      name: request.table,
      suffix: this.#suffix,
      signal: this.#signal,
    })
    this.#location = location
    return table
  }

  get #signal(): AbortSignal {
    return this.#options.request.context.signal
  }
}

export function partitionCount(entries: readonly DataFileEntry[]): number {
  const partitions = entries.flatMap(({ partition }) =>
    partition === undefined ? [] : [JSON.stringify(partition)],
  )
  return new Set(partitions).size
}

export function baseOf({ metadata }: LoadTableReply) {
  return { tableUuid: metadata['table-uuid'], schemaId: metadata['current-schema-id'] }
}

/** Another writer changed the table; not a fault of the request itself. */
export function isLostRace(error: unknown): boolean {
  return (
    error instanceof HyperMeshError &&
    error.code === 'conflict' &&
    error.details?.reason === undefined
  )
}
