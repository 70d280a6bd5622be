import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { HyperMeshClient } from '@hypermesh/client'
import { HyperMeshError, type Limits } from '@hypermesh/contract'
import {
  csvRowsSampled,
  type DuckDatabase,
  type DuckSession,
  detectCompression,
  detectFormat,
  inferSource,
  type Source,
} from '@hypermesh/duckdb'
import type { ConcurrencyGate, Logger } from '@hypermesh/kit'
import { findTable } from './catalog-access.ts'
import type { LoadRequest } from './ingest.ts'
import { type LoadFit, planFit, shapeOf } from './load-fit.ts'
import type { SegmentTaker } from './spool.ts'
import { type TableFile, writeTableFiles } from './table-files.ts'

export interface SegmentLoadOptions {
  readonly request: LoadRequest
  readonly database: DuckDatabase
  readonly catalog: HyperMeshClient
  /** Entered for each segment, so that a slow upload keeps no place. */
  readonly gate: ConcurrencyGate
  readonly limits: Limits
  readonly logger: Logger
  /** The load's own; `out/` in it is there. */
  readonly directory: string
  /** Of the first segment; later ones grow, so that they stay few. */
  readonly bytesLeast: number
}

/** All rows of an upload as files for a table of this shape, written while it arrived. */
export interface LoadedAhead {
  readonly source: Source
  readonly shape: string
  readonly files: readonly TableFile[]
}

/** A segment is at least this share of what came before it. */
const growth = 8
/** Of the first segment: beyond those that types are inferred from, so that the rest has no say. */
const firstRowsLeast = 2 * csvRowsSampled

/**
 * Writes a delimited upload to Parquet while the rest of it arrives, segment by segment. It promises
 * nothing: whatever is not plain (a file of another kind, a value that does not fit, a line end within
 * quotes) ends it, and the file is loaded as a whole, which alone decides what is wrong with it.
 */
export class SegmentLoad implements SegmentTaker, AsyncDisposable {
  readonly #options: SegmentLoadOptions
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #files: TableFile[] = []
  #state: 'waiting' | 'taking' | 'over' = 'waiting'
  #isBusy = false
  #work: Promise<void> = Promise.resolve()
  #session: DuckSession | undefined
  #first: { readonly source: Source; readonly fit: LoadFit; readonly lineEnd: string } | undefined
  #segments = 0
  #taken = 0

  constructor(options: SegmentLoadOptions) {
    this.#options = options
    this.#signal = AbortSignal.any([options.request.context.signal, this.#stop.signal])
  }

  async wants(path: string, bytes: number): Promise<boolean> {
    if (bytes < Math.max(this.#options.bytesLeast, this.#taken / growth)) return false
    if (this.#state === 'waiting') {
      this.#do(() => this.#isDelimited(path))
      await this.#work
    }
    return this.#state === 'taking' && !this.#isBusy
  }

  take(path: string, bytes: number): void {
    this.#taken += bytes
    if (this.#state === 'taking') this.#do(() => this.#load({ path, bytes }))
  }

  /** Undefined: the file is to be loaded as a whole. Requires: the whole upload was taken. */
  async finish(): Promise<LoadedAhead | undefined> {
    await this.#work
    const { limits } = this.#options
    const isWhole = this.#state === 'taking' && this.#files.length <= limits.commitFilesMax
    if (this.#first === undefined || !isWhole) return undefined
    const { source, fit } = this.#first
    return { source, shape: shapeOf(fit), files: this.#files }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new HyperMeshError('cancelled', 'the load is over'))
    await this.#work
    await this.#session?.[Symbol.asyncDispose]()
  }

  /** One after the other. What fails here fails again, and is told, when the whole file is loaded. */
  #do(work: () => Promise<boolean>): void {
    this.#isBusy = true
    this.#work = this.#work
      .then(async () => {
        if (this.#state !== 'over') this.#state = (await work()) ? 'taking' : 'over'
      })
      .catch((error: unknown) => {
        this.#state = 'over'
        this.#options.logger.debug({ err: error }, 'an upload is loaded once it has arrived')
      })
      .finally(() => {
        this.#isBusy = false
      })
  }

  async #isDelimited(path: string): Promise<boolean> {
    const { hints } = this.#options.request
    if ((await detectCompression(path, hints)) !== 'none') return false
    const { format } = await detectFormat({ path, hints })
    return format === 'csv' || format === 'tsv'
  }

  async #load(segment: { readonly path: string; readonly bytes: number }): Promise<boolean> {
    const { gate, directory, limits } = this.#options
    using _turn = await gate.enter(this.#signal)
    this.#segments += 1
    const lineEnd = await firstLineEnd(segment.path)
    const begun = this.#first ?? (await this.#begin(segment.path, lineEnd))
    const source = this.#first === undefined ? begun?.source : begun?.source.continuedBy?.(segment)
    if (begun === undefined || source === undefined) return false
    // A file of two kinds of line ends is refused as a whole, and may not be in parts.
    if (lineEnd !== undefined && lineEnd !== begun.lineEnd) return false
    const files = await writeTableFiles(this.#need(), {
      source,
      evolution: begun.fit.evolution,
      layout: begun.fit.layout.write,
      directory: join(directory, 'out', `ahead-${this.#segments}`),
      limits,
      signal: this.#signal,
    })
    this.#files.push(...files)
    if (this.#first !== undefined) return true
    this.#first = begun
    return files.reduce((sum, { rows }) => sum + rows, 0) >= firstRowsLeast
  }

  /** Undefined where the first segment does not tell what the whole file would. */
  async #begin(path: string, lineEnd: string | undefined) {
    if (lineEnd === undefined) return undefined
    const { request, limits, catalog, database } = this.#options
    this.#session = await database.connect()
    const source = await inferSource(this.#session, {
      ...request.hints,
      path,
      types: request.types,
      columnsMax: limits.columnsMax,
      textColumnsMax: limits.textColumnsMax,
      signal: this.#signal,
    })
    if (source.inferredFrom !== 'sample' || source.continuedBy === undefined) return undefined
    const table = await findTable(catalog, request.table, this.#signal)
    const fit = planFit(source, table, request.layout)
    const { partition, sort } = fit.layout.write
    // Rows are sorted over the whole file.
    return partition.length + sort.length > 0 ? undefined : { source, fit, lineEnd }
  }

  #need(): DuckSession {
    if (this.#session !== undefined) return this.#session
    throw new HyperMeshError('internal', 'a segment was loaded before the first')
  }
}

const headBytes = 64 * 1024

/** Undefined where the first line is long, or the last. */
async function firstLineEnd(path: string): Promise<string | undefined> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    const at = buffer.subarray(0, bytesRead).indexOf('\n')
    if (at < 0) return undefined
    return buffer[at - 1] === 0x0d ? '\r\n' : '\n'
  } finally {
    await file.close()
  }
}
