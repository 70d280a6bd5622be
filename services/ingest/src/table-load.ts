import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HyperMeshClient } from '@hypermesh/client'
import {
  type AppendFilesReply,
  type DataFileEntry,
  type FileFormat,
  HyperMeshError,
  type IngestReceipt,
  ingestReceipt,
  type Limits,
  type LoadTableReply,
} from '@hypermesh/contract'
import {
  type CopiedFile,
  copyToParquet,
  type DuckSession,
  detectFormat,
  inferSource,
  type Source,
  typesMayChange,
} from '@hypermesh/duckdb'
import {
  currentSchema,
  type Evolution,
  planEvolution,
  toDataFileEntry,
  type Warehouse,
} from '@hypermesh/iceberg'
import type { Logger } from '@hypermesh/kit'
import { findTable } from './catalog-access.ts'
import { commitIdOf, contentKeyOf, findLoaded, summaryKeys } from './content-identity.ts'
import type { LoadRequest } from './ingest.ts'
import { type LoadIntent, settleIntent, writeIntent } from './load-intent.ts'
import type { SourceFile } from './source-file.ts'
import { sourceColumns, targetColumns } from './source-fit.ts'

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
  readonly elapsedMs: () => number
}

/** Parquet files written for one plan of the schema. */
interface Written {
  readonly evolution: Evolution
  readonly files: readonly CopiedFile[]
}

interface Published {
  readonly intent: LoadIntent
  readonly entries: readonly DataFileEntry[]
  readonly location: string
  readonly columns: string
}

const conflictsMax = 20
const turnsMax = 16
const settleMs = 60_000

/** One file on its way into one table: write, publish, commit; or nothing left behind. */
export class TableLoad {
  readonly #options: TableLoadOptions
  readonly #attempt = randomUUID()
  #source: Source | undefined
  #published: Published | undefined
  #turn = 0
  #unsettled = false
  #rounds = 0

  constructor(options: TableLoadOptions) {
    this.#options = options
  }

  /** True when files are published and whether a commit names them could not be learned. */
  get isUnsettled(): boolean {
    return this.#unsettled
  }

  async run(): Promise<IngestReceipt> {
    const { request, file, session } = this.#options
    const { format } = await detectFormat({ path: file.path, hints: request.hints })
    const table = await this.#loadTable()
    const known = await this.#findReplay(table)
    if (known !== undefined) return known
    if (!file.inPlace) {
      const loaded = await this.#findLoaded(table, format)
      if (loaded !== undefined) return this.#alreadyLoaded(loaded, format)
    }
    this.#source = await inferSource(session, this.#sourceOptions(false))
    try {
      return await this.#loadInto(table, format)
    } catch (error) {
      await this.#withdraw()
      throw error
    }
  }

  async #loadInto(first: LoadTableReply | undefined, format: FileFormat): Promise<IngestReceipt> {
    let table = first
    for (let conflicts = 0; ; conflicts += 1) {
      const loaded = await this.#publishFor(table, format)
      if (loaded !== undefined) {
        await this.#withdraw()
        return this.#alreadyLoaded(loaded, format)
      }
      try {
        return await this.#commit(table, format)
      } catch (error) {
        if (!isConflict(error) || conflicts >= conflictsMax) throw error
        this.#options.logger.debug({ conflicts }, 'the table changed while a file was loaded')
      }
      table = await this.#loadTable()
    }
  }

  /** Writes and publishes unless that is done for this very schema; a snapshot: already loaded. */
  async #publishFor(
    table: LoadTableReply | undefined,
    format: FileFormat,
  ): Promise<number | undefined> {
    const evolution = this.#plan(table)
    const location = this.#locationOf(table)
    const fits =
      this.#published?.columns === JSON.stringify(evolution.columns) &&
      this.#published.location === location
    if (fits) {
      this.#evolution = evolution
      return this.#findLoaded(table, format)
    }
    await this.#withdraw()
    const stop = new AbortController()
    const early = this.#findLoaded(table, format).then((snapshotId) => {
      if (snapshotId !== undefined) stop.abort()
      return snapshotId
    })
    early.catch(() => undefined)
    const written = await this.#write(table, evolution, stop.signal).catch(
      async (error: unknown) => {
        if (!stop.signal.aborted) throw error
      },
    )
    // The commit names the hash, so it must be known, and the file must not have changed.
    const loaded = await early
    if (loaded !== undefined || written === undefined) return loaded
    await this.#options.file.assertUnchanged()
    await this.#publish(written, location)
    return undefined
  }

  #evolution: Evolution | undefined

  async #write(
    table: LoadTableReply | undefined,
    evolution: Evolution,
    stop: AbortSignal,
  ): Promise<Written> {
    const source = this.#need(this.#source)
    const signal = AbortSignal.any([this.#signal, stop])
    const directory = join(this.#options.directory, `out/${this.#rounds}`)
    this.#rounds += 1
    await mkdir(directory)
    try {
      const files = await copyToParquet(this.#options.session, {
        source,
        columns: targetColumns(evolution),
        directory,
        signal,
      })
      return { evolution, files }
    } catch (error) {
      await rm(directory, { recursive: true, force: true })
      if (source.inferredFrom !== 'sample' || !typesMayChange(error)) throw error
      this.#source = await inferSource(this.#options.session, this.#sourceOptions(true))
      return this.#write(table, this.#plan(table), stop)
    }
  }

  async #publish({ evolution, files }: Written, location: string): Promise<void> {
    const { warehouse, request, directory, limits } = this.#options
    if (files.length > limits.commitFilesMax) {
      throw new HyperMeshError('too_large', `the load made ${files.length} files`, {
        details: { commitFilesMax: limits.commitFilesMax },
      })
    }
    const stem = `${this.#commitId()}-${this.#attempt.slice(0, 8)}-${this.#rounds}`
    const uris = files.map((_, index) => `${location}/data/${stem}-${index}.parquet`)
    const intent: LoadIntent = {
      commitId: this.#commitId(),
      attempt: this.#attempt,
      table: `${request.table.namespace}.${request.table.table}`,
      keys: uris.map((uri) => warehouse.toKey(uri)),
    }
    const entries = files.map((file, index) =>
      toDataFileEntry({ ...file, uri: uris[index] ?? '', schema: evolution.schema }),
    )
    await writeIntent(directory, intent)
    this.#evolution = evolution
    const columns = JSON.stringify(evolution.columns)
    this.#published = { intent, entries, location, columns }
    for (const [index, file] of files.entries()) {
      this.#signal.throwIfAborted()
      await warehouse.store.publish(file.path, intent.keys[index] ?? '')
    }
  }

  async #commit(table: LoadTableReply | undefined, format: FileFormat): Promise<IngestReceipt> {
    const { catalog, request } = this.#options
    const published = this.#need(this.#published)
    const evolution = this.#need(this.#evolution)
    const sha256 = await this.#options.file.sha256
    const receipt = this.#receiptOf(published, evolution, { format, sha256 })
    const contentKey = contentKeyOf({ sha256, format, types: request.types })
    try {
      const reply = await catalog.appendFiles(
        request.table,
        {
          commitId: published.intent.commitId,
          mode: request.mode,
          files: [...published.entries],
          base: table === undefined ? null : baseOf(table),
          ...(evolution.changed ? { schema: evolution.schema } : {}),
          contentKey,
          again: request.again,
          summary: {
            'engine-name': 'hypermesh',
            [summaryKeys.attempt]: this.#attempt,
            [summaryKeys.commitId]: published.intent.commitId,
            [summaryKeys.sha256]: sha256,
            [summaryKeys.format]: format,
          },
          receipt: { ...receipt, attempt: this.#attempt, contentKey },
        },
        { signal: this.#signal },
      )
      return await this.#finish(reply, receipt, contentKey)
    } catch (error) {
      if (isConflict(error)) throw error
      if (isGone(error) && request.idempotencyKey !== undefined && this.#turn < turnsMax) {
        await this.#takeNextTurn()
        return this.#commit(table, format)
      }
      return this.#settle(error, receipt)
    }
  }

  async #finish(
    reply: AppendFilesReply,
    receipt: IngestReceipt,
    contentKey: string,
  ): Promise<IngestReceipt> {
    if (reply.result === 'already-loaded') {
      await this.#withdraw()
      return this.#alreadyLoaded(reply.snapshotId, receipt.format)
    }
    if (reply.replayed && reply.receipt?.['attempt'] !== this.#attempt) {
      await this.#withdraw()
      return this.#replay(reply, contentKey)
    }
    this.#published = undefined
    return { ...receipt, snapshotId: reply.snapshotId, elapsedMs: this.#options.elapsedMs() }
  }

  /** The commit was asked for and its outcome is not known: the log decides. */
  async #settle(error: unknown, receipt: IngestReceipt): Promise<IngestReceipt> {
    const { catalog, warehouse } = this.#options
    const published = this.#need(this.#published)
    const signal = AbortSignal.timeout(settleMs)
    try {
      const committed = await settleIntent({ catalog, warehouse, signal }, published.intent)
      this.#published = undefined
      if (committed === undefined) throw withoutEffect(error)
      const reply = await catalog.settleCommit(published.intent.commitId, { signal })
      const snapshotId = reply.commit?.snapshotId ?? receipt.snapshotId
      return { ...receipt, snapshotId, elapsedMs: this.#options.elapsedMs() }
    } catch (failure) {
      if (this.#published !== undefined) {
        // Neither kept nor deleted: the next start settles it from the intent.
        this.#unsettled = true
        this.#published = undefined
        throw new HyperMeshError('unavailable', 'whether the file was loaded is not known yet', {
          effect: 'unknown',
          cause: failure,
        })
      }
      throw failure
    }
  }

  /** An earlier request of this key failed and used its commit id up: take the next one. */
  async #takeNextTurn(): Promise<void> {
    const published = this.#need(this.#published)
    this.#turn += 1
    const intent = { ...published.intent, commitId: this.#commitId() }
    await writeIntent(this.#options.directory, intent)
    this.#published = { ...published, intent }
  }

  /** Deletes what was published and no commit names. */
  async #withdraw(): Promise<void> {
    const published = this.#published
    this.#published = undefined
    for (const key of published?.intent.keys ?? []) {
      await this.#options.warehouse.store.delete(key)
    }
  }

  #commitIdValue: string | undefined

  #commitId(): string {
    const { request } = this.#options
    const { idempotencyKey, context, table } = request
    if (idempotencyKey === undefined) {
      this.#commitIdValue ??= randomUUID()
      return this.#commitIdValue
    }
    const name = `${table.namespace}.${table.table}`
    const identity = { keyId: context.principal.keyId, table: name, idempotencyKey }
    return commitIdOf(identity, this.#turn)
  }

  /** The receipt of an earlier request with this idempotency key, before any work is done. */
  async #findReplay(table: LoadTableReply | undefined): Promise<IngestReceipt | undefined> {
    const { request, catalog, file } = this.#options
    if (request.idempotencyKey === undefined || table === undefined) return undefined
    const landed = new Set(
      table.metadata.snapshots?.map((entry) => entry.summary?.[summaryKeys.commitId]),
    )
    const format = (await detectFormat({ path: file.path, hints: request.hints })).format
    for (this.#turn = 0; this.#turn < turnsMax; this.#turn += 1) {
      const commitId = this.#commitId()
      if (!landed.has(commitId)) continue
      // It has landed, so this only asks for its record, which may be forgotten by now.
      const { commit } = await catalog.settleCommit(commitId, { signal: this.#signal })
      const contentKey = contentKeyOf({ sha256: await file.sha256, format, types: request.types })
      if (commit !== null) return this.#replay(commit, contentKey)
    }
    this.#turn = 0
    return undefined
  }

  #replay(reply: AppendFilesReply, contentKey: string): IngestReceipt {
    const stored = reply.receipt
    const { mode } = this.#options.request
    if (stored?.['contentKey'] !== contentKey || stored['mode'] !== mode) {
      throw new HyperMeshError(
        'conflict',
        'this Idempotency-Key was used for another load; use a key of its own for each',
        { details: { reason: 'idempotency-key-reused' } },
      )
    }
    return ingestReceipt.parse({ ...stored, snapshotId: reply.snapshotId })
  }

  async #findLoaded(
    table: LoadTableReply | undefined,
    format: FileFormat,
  ): Promise<number | undefined> {
    const { request, file } = this.#options
    const sha256 = await file.sha256
    if (request.again || table === undefined) return undefined
    const contentKey = contentKeyOf({ sha256, format, types: request.types })
    const snapshot = findLoaded(table.metadata, request.mode, contentKey)
    return snapshot === undefined ? undefined : Number(snapshot['snapshot-id'])
  }

  async #alreadyLoaded(snapshotId: number, format: FileFormat): Promise<IngestReceipt> {
    const { request, file, elapsedMs } = this.#options
    return {
      table: `${request.table.namespace}.${request.table.table}`,
      mode: request.mode,
      result: 'already-loaded',
      snapshotId,
      format,
      rows: 0,
      files: 0,
      bytesIn: file.bytes,
      bytesWritten: 0,
      sha256: await file.sha256,
      inPlace: file.inPlace,
      schemaChanges: [],
      elapsedMs: elapsedMs(),
    }
  }

  #receiptOf(
    { entries }: Published,
    evolution: Evolution,
    content: { readonly format: FileFormat; readonly sha256: string },
  ): IngestReceipt {
    const { request, file, elapsedMs } = this.#options
    return {
      table: `${request.table.namespace}.${request.table.table}`,
      mode: request.mode,
      result: 'committed',
      snapshotId: 0,
      format: content.format,
      rows: entries.reduce((sum, entry) => sum + entry.recordCount, 0),
      files: entries.length,
      bytesIn: file.bytes,
      bytesWritten: entries.reduce((sum, entry) => sum + entry.fileBytes, 0),
      sha256: content.sha256,
      inPlace: file.inPlace,
      schemaChanges: [...evolution.changes],
      elapsedMs: elapsedMs(),
    }
  }

  #plan(table: LoadTableReply | undefined): Evolution {
    const current = table && currentSchema(table.metadata)
    const columns = sourceColumns(this.#need(this.#source), current)
    return planEvolution(current, columns, table?.metadata['last-column-id'] ?? 0)
  }

  #locationOf(table: LoadTableReply | undefined): string {
    const { warehouse, request } = this.#options
    const location = table?.metadata.location ?? warehouse.tableLocation(request.table)
    return location.replace(/\/+$/, '')
  }

  #sourceOptions(wholeFile: boolean) {
    const { request, file, limits } = this.#options
    return {
      ...request.hints,
      path: file.path,
      types: request.types,
      wholeFile,
      columnsMax: limits.columnsMax,
      signal: this.#signal,
    }
  }

  #loadTable(): Promise<LoadTableReply | undefined> {
    return findTable(this.#options.catalog, this.#options.request.table, this.#signal)
  }

  get #signal(): AbortSignal {
    return this.#options.request.context.signal
  }

  #need<T>(value: T | undefined): T {
    if (value === undefined) throw new HyperMeshError('internal', 'a step of the load is missing')
    return value
  }
}

function baseOf({ metadata }: LoadTableReply) {
  return { tableUuid: metadata['table-uuid'], schemaId: metadata['current-schema-id'] }
}

function isConflict(error: unknown): boolean {
  return (
    error instanceof HyperMeshError &&
    error.code === 'conflict' &&
    error.details?.['reason'] !== 'idempotency-key-reused'
  )
}

function isGone(error: unknown): boolean {
  return error instanceof HyperMeshError && error.code === 'gone'
}

/** The log says that the commit never will be, so the failure has changed nothing. */
function withoutEffect(error: unknown): unknown {
  if (!(error instanceof HyperMeshError) || error.effect === 'none') return error
  const details = error.details === undefined ? {} : { details: error.details }
  return new HyperMeshError(error.code, error.message, { ...details, cause: error, effect: 'none' })
}
