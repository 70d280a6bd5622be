import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { HyperMeshClient } from '@hypermesh/client'
import {
  type DataFileEntry,
  HyperMeshError,
  type IngestReceipt,
  type Limits,
  type LoadTableReply,
  printable,
  type WireLong,
} from '@hypermesh/contract'
import { type DuckSession, typesMayChange } from '@hypermesh/duckdb'
import {
  currentSchema,
  type Evolution,
  findLoaded,
  planEvolution,
  type SourceColumn,
  type Warehouse,
} from '@hypermesh/iceberg'
import type { Logger } from '@hypermesh/kit'
import type { LoadRequest } from './ingest.ts'
import { LoadCommit } from './load-commit.ts'
import { type LoadLayout, planLayout } from './load-layout.ts'
import { LoadSource } from './load-source.ts'
import type { SourceFile } from './source-file.ts'
import { sourceColumns } from './source-fit.ts'
import { type TableFile, writeTableFiles } from './table-files.ts'
import { baseOf, isLostRace, partitionCount } from './table-load.ts'
import { findTablePlace } from './table-place.ts'

/** A file of the set, with a directory of its own. */
export interface TogetherFile {
  readonly name: string
  readonly request: LoadRequest
  readonly file: SourceFile
  readonly directory: string
}

export interface TogetherLoadOptions {
  readonly catalog: HyperMeshClient
  readonly warehouse: Warehouse
  readonly session: DuckSession
  readonly limits: Limits
  readonly logger: Logger
  /** At least one; they differ in nothing but the file. */
  readonly files: readonly TogetherFile[]
  readonly directory: string
  readonly elapsedMs: () => number
}

/** The table as all files together need it, and how each file's columns fit it. */
interface TogetherFit {
  readonly evolution: Evolution
  readonly layout: LoadLayout
  readonly each: readonly Evolution[]
}

interface Part extends TogetherFile {
  readonly source: LoadSource
}

const conflictsMax = 20

/** Several files on their way into one table in one commit: all of them, or nothing left behind. */
export class TogetherLoad {
  readonly #options: TogetherLoadOptions
  readonly #request: LoadRequest
  readonly #parts: readonly Part[]
  readonly #commit: LoadCommit
  #writes = 0
  /** Of the table as it was found last. */
  #location = ''
  readonly #suffix = randomUUID().slice(0, 8)

  constructor(options: TogetherLoadOptions) {
    const [first] = options.files
    if (first === undefined) throw new HyperMeshError('invalid', 'the form has no files')
    const { session, limits } = options
    this.#options = options
    this.#request = first.request
    this.#commit = new LoadCommit({ ...options, request: first.request })
    this.#parts = options.files.map((file) => {
      return { ...file, source: new LoadSource({ session, limits, ...file }) }
    })
  }

  get isUnsettled(): boolean {
    return this.#commit.isUnsettled
  }

  /** A receipt for each file, in their order. */
  async run(): Promise<IngestReceipt[]> {
    for (const part of this.#parts) await inFile(part, () => part.source.detect())
    const table = await this.#loadTable()
    const contentKey = await this.#contentKey()
    const earlier = await this.#commit.findEarlier()
    if (earlier !== undefined) return this.#replay(earlier, contentKey)
    const loaded = this.#findLoaded(table, contentKey)
    if (loaded !== undefined) return this.#alreadyLoaded(loaded)
    for (const part of this.#parts) await inFile(part, () => part.source.open(table))
    try {
      return await this.#loadInto(table, contentKey)
    } catch (error) {
      await this.#commit.abandon()
      throw error
    }
  }

  async #loadInto(first: LoadTableReply | undefined, contentKey: string): Promise<IngestReceipt[]> {
    let table = first
    for (let conflicts = 0; ; conflicts += 1) {
      await this.#commit.withdraw()
      const { fit, files } = await this.#write(table)
      const location = this.#location
      await this.#commit.publish(files.flat(), { location, schema: fit.evolution.schema })
      try {
        return await this.#commitTo(table, { fit, files, contentKey })
      } catch (error) {
        if (!isLostRace(error) || conflicts >= conflictsMax) throw error
        this.#options.logger.debug({ conflicts }, 'the table changed while files were loaded')
      }
      table = await this.#loadTable()
      const loaded = this.#findLoaded(table, contentKey)
      if (loaded === undefined) continue
      await this.#commit.abandon()
      return this.#alreadyLoaded(loaded)
    }
  }

  /** Every file is written for the same schema, so one whose types change begins all anew. */
  async #write(
    table: LoadTableReply | undefined,
  ): Promise<{ fit: TogetherFit; files: TableFile[][] }> {
    const { session, limits, directory } = this.#options
    const fit = await this.#plan(table)
    const files: TableFile[][] = []
    for (const [index, part] of this.#parts.entries()) {
      const evolution = fit.each[index] ?? fit.evolution
      this.#writes += 1
      const options = {
        source: part.source.rows,
        evolution,
        layout: fit.layout.write,
        directory: join(directory, `out/${this.#writes}`),
        limits,
        signal: this.#signal,
      }
      try {
        files.push(await inFile(part, () => writeTableFiles(session, options)))
      } catch (error) {
        if (part.source.rows.inferredFrom !== 'sample' || !typesMayChange(error)) throw error
        await inFile(part, () => part.source.infer('all'))
        return this.#write(table)
      }
    }
    const count = files.flat().length
    if (count <= limits.commitFilesMax) return { fit, files }
    throw new HyperMeshError('too_large', `the load made ${count} files`, {
      details: { commitFilesMax: limits.commitFilesMax },
    })
  }

  async #plan(table: LoadTableReply | undefined): Promise<TogetherFit> {
    const current = table && currentSchema(table.metadata)
    let schema = current
    let lastId = table?.metadata['last-column-id'] ?? 0
    const changes: Evolution['changes'][number][] = []
    for (const part of this.#parts) {
      const step = await inFile(part, async () => this.#fitOne(part, schema, lastId), table)
      if (step.changed) schema = step.schema
      lastId = step.lastColumnId
      changes.push(...step.changes)
    }
    if (schema === undefined) throw new HyperMeshError('internal', 'no schema was planned')
    // The ids of a new table count from 1 in the order of its columns, whichever file had them.
    const whole =
      current === undefined ? planEvolution(undefined, toColumns(schema.fields), 0) : undefined
    const evolution = {
      schema: whole?.schema ?? schema,
      changed: schema !== current,
      lastColumnId: whole?.lastColumnId ?? lastId,
      changes: current === undefined ? [{ kind: 'create-table' as const }] : changes,
      columns: [],
    }
    const each = this.#parts.map((part) =>
      this.#fitOne(part, evolution.schema, evolution.lastColumnId),
    )
    return { evolution, layout: planLayout(table, evolution.schema, this.#request.layout), each }
  }

  #fitOne(part: Part, schema: Evolution['schema'] | undefined, lastId: number): Evolution {
    return planEvolution(schema, sourceColumns(part.source.rows, schema), lastId)
  }

  async #commitTo(
    table: LoadTableReply | undefined,
    load: {
      readonly fit: TogetherFit
      readonly files: readonly TableFile[][]
      readonly contentKey: string
    },
  ): Promise<IngestReceipt[]> {
    const { fit, files, contentKey } = load
    const { evolution, layout } = fit
    const counts = files.map((each) => each.length)
    const receipts = await this.#receiptsOf(counts, evolution)
    const outcome = await this.#commit.commit({
      ...(table === undefined ? { base: null, location: this.#location } : { base: baseOf(table) }),
      ...(evolution.changed ? { schema: evolution.schema } : {}),
      ...(layout.create === undefined ? {} : { layout: layout.create }),
      contentKey,
      summary: { 'engine-name': 'hypermesh', 'hypermesh.source-files': String(receipts.length) },
      // Kept with the commit, where there is little room: what a replay cannot tell from the files.
      receipt: {
        contentKey,
        mode: this.#request.mode,
        parts: receipts.map(({ rows, files: written, bytesWritten }) => [
          rows,
          written,
          bytesWritten,
        ]),
      },
    })
    const { reply, ours } = outcome
    const { snapshotId } = reply
    if (ours) return receipts.map((receipt) => ({ ...receipt, snapshotId }))
    return reply.result === 'already-loaded'
      ? this.#alreadyLoaded(snapshotId)
      : this.#replay(reply, contentKey)
  }

  async #receiptsOf(counts: readonly number[], evolution: Evolution): Promise<IngestReceipt[]> {
    const { entries } = this.#commit
    let at = 0
    const groups = counts.map((count) => {
      at += count
      return entries.slice(at - count, at)
    })
    return Promise.all(
      this.#parts.map(async ({ source }, index) => ({
        ...(await source.facts()),
        ...source.badRows,
        ...figuresOf(groups[index] ?? []),
        result: 'committed' as const,
        snapshotId: 0,
        elapsedMs: this.#options.elapsedMs(),
        // The changes are those of all files together, told once.
        schemaChanges: index === 0 ? [...evolution.changes] : [],
      })),
    )
  }

  async #alreadyLoaded(snapshotId: WireLong): Promise<IngestReceipt[]> {
    return Promise.all(
      this.#parts.map(async ({ source }) => ({
        ...(await source.facts()),
        ...figuresOf([]),
        result: 'already-loaded' as const,
        snapshotId,
        elapsedMs: this.#options.elapsedMs(),
        schemaChanges: [],
      })),
    )
  }

  async #replay(
    {
      receipt,
      snapshotId,
    }: { receipt: Readonly<Record<string, unknown>> | null; snapshotId: WireLong },
    contentKey: string,
  ): Promise<IngestReceipt[]> {
    const parts = receipt?.parts
    const isSame = receipt?.contentKey === contentKey && receipt.mode === this.#request.mode
    if (!isSame || !Array.isArray(parts)) {
      throw new HyperMeshError(
        'key_reused',
        'this Idempotency-Key was used for another load; use a key of its own for each',
        { details: { reason: 'idempotency-key-reused' } },
      )
    }
    const receipts = await this.#alreadyLoaded(snapshotId)
    return receipts.map((each, index) => {
      const [rows = 0, files = 0, bytesWritten = 0] = (parts[index] ?? []) as number[]
      return { ...each, result: 'committed' as const, rows, files, bytesWritten }
    })
  }

  /** The same files in the same order are the same load. */
  async #contentKey(): Promise<string> {
    const keys = await Promise.all(this.#parts.map(({ source }) => source.contentKey()))
    const hash = createHash('sha256').update(JSON.stringify(keys)).digest('hex')
    return `sha256:${hash}:files-${keys.length}`
  }

  #findLoaded(table: LoadTableReply | undefined, contentKey: string): number | undefined {
    if (this.#request.again || table === undefined) return undefined
    const snapshot = findLoaded(table.metadata, this.#request.mode, contentKey)
    return snapshot === undefined ? undefined : Number(snapshot['snapshot-id'])
  }

  /** Looks also where the table lies, or would. */
  async #loadTable(): Promise<LoadTableReply | undefined> {
    const { catalog, warehouse } = this.#options
    const { table, location } = await findTablePlace({
      catalog,
      warehouse,
      name: this.#request.table,
      suffix: this.#suffix,
      signal: this.#signal,
    })
    this.#location = location
    return table
  }

  get #signal(): AbortSignal {
    return this.#request.context.signal
  }
}

function inFile<T>(
  part: Part,
  work: () => Promise<T>,
  table?: LoadTableReply | undefined,
): Promise<T> {
  return inFileOf(part.name, async () => {
    try {
      return await work()
    } catch (error) {
      throw await part.source.withPlace(error, table)
    }
  })
}

/** An error of one file says which. */
export async function inFileOf<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof HyperMeshError) || error.details?.file !== undefined) throw error
    throw new HyperMeshError(error.code, `${printable(name)}: ${error.message}`, {
      details: { ...error.details, file: name },
      cause: error.cause,
      effect: error.effect,
    })
  }
}

function figuresOf(entries: readonly DataFileEntry[]) {
  return {
    rows: entries.reduce((sum, entry) => sum + entry.recordCount, 0),
    files: entries.length,
    partitions: partitionCount(entries),
    bytesWritten: entries.reduce((sum, entry) => sum + entry.fileBytes, 0),
  }
}

function toColumns(fields: Evolution['schema']['fields']): SourceColumn[] {
  return fields.map(({ name, type }) => ({ name, type, exact: true }))
}
