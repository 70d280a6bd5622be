import {
  type FileFormat,
  formatTableName,
  HyperMeshError,
  type IngestReceipt,
  type Limits,
  type LoadTableReply,
} from '@hypermesh/contract'
import { type DuckSession, detectFormat, inferSource, type Source } from '@hypermesh/duckdb'
import { currentSchema } from '@hypermesh/iceberg'
import { contentKeyOf } from './content-identity.ts'
import { describeFirstBadRow, type GoodRows, keepGoodRows } from './good-rows.ts'
import type { LoadRequest } from './ingest.ts'
import type { LoadedAhead } from './segment-load.ts'
import type { SourceFile } from './source-file.ts'
import type { TableFile } from './table-files.ts'

export interface LoadSourceOptions {
  readonly session: DuckSession
  readonly limits: Limits
  readonly request: LoadRequest
  readonly file: SourceFile
  /** The file's own; a copy without bad rows goes here. */
  readonly directory: string
  /** What was written while the file arrived. */
  readonly ahead?: LoadedAhead | undefined
}

/** One file of a load: what it is, and its rows as they are understood so far. */
export class LoadSource {
  readonly #options: LoadSourceOptions
  #format: FileFormat = 'csv'
  /** What is loaded in place of the file, where bad rows are left out of it. */
  #good: GoodRows | undefined
  #source: Source | undefined
  #ahead: LoadedAhead | undefined
  /** Only the first segment has been looked at. */
  #isBeginning = false

  constructor(options: LoadSourceOptions) {
    this.#options = options
    this.#ahead = options.ahead
  }

  get format(): FileFormat {
    return this.#format
  }

  get rows(): Source {
    if (this.#source === undefined) throw new HyperMeshError('internal', 'a file was not opened')
    return this.#source
  }

  async detect(): Promise<void> {
    const { file, request } = this.#options
    this.#format = (await detectFormat({ path: file.path, hints: request.hints })).format
  }

  /** Tells columns and types; leaves bad rows out where that is asked for. */
  async open(table: LoadTableReply | undefined): Promise<void> {
    const { session, request } = this.#options
    if (request.badRows !== undefined) {
      this.#good = await keepGoodRows(session, this.#goodRows(table, request.badRows.rowsMax))
    }
    this.#isBeginning = this.#ahead !== undefined
    this.#source = this.#ahead?.source
    if (!this.#isBeginning) await this.infer('sample')
  }

  /** The files that were written ahead, once, if they are of this shape; else the file is made whole. */
  async takeAhead(shape: string): Promise<readonly TableFile[] | undefined> {
    const ahead = this.#ahead
    this.#ahead = undefined
    if (ahead?.shape === shape) return ahead.files
    if (this.#isBeginning) {
      await this.#options.file.whole()
      await this.infer('sample')
    }
    return undefined
  }

  async infer(from: 'sample' | 'all'): Promise<void> {
    const { session, request, file, limits } = this.#options
    this.#isBeginning = false
    this.#source = await inferSource(session, {
      ...request.hints,
      ...(this.#good === undefined ? {} : { format: this.#good.format }),
      path: this.#good?.path ?? file.path,
      types: request.types,
      wholeFile: from === 'all',
      columnsMax: limits.columnsMax,
      textColumnsMax: limits.textColumnsMax,
      arrowBatchBytesMax: limits.arrowBatchBytesMax,
      unpackedBytesMax: limits.unpackedBytesMax,
      signal: request.context.signal,
    })
  }

  /** What tells these bytes, loaded with these options, from all others. */
  async contentKey(): Promise<string> {
    const { request, file } = this.#options
    const sha256 = await file.sha256
    const skipsBad = request.badRows !== undefined
    return contentKeyOf({ sha256, format: this.#format, types: request.types, skipsBad })
  }

  async facts() {
    const { request, file } = this.#options
    return {
      table: formatTableName(request.table),
      mode: request.mode,
      format: this.#format,
      compression: file.compression,
      bytesIn: file.bytes,
      sha256: await file.sha256,
      inPlace: file.inPlace,
    }
  }

  get badRows(): Pick<IngestReceipt, 'badRows'> {
    if (this.#good === undefined) return {}
    const { count, samples } = this.#good.bad
    return { badRows: { count, samples: [...samples] } }
  }

  /** A file whose column does not fit its table: the first row that does not is named. */
  async withPlace(error: unknown, table: LoadTableReply | undefined): Promise<unknown> {
    const isMismatch = error instanceof HyperMeshError && error.code === 'type_mismatch'
    const { session, request, file } = this.#options
    const isOver = request.context.signal.aborted
    if (!isMismatch || isOver || this.#source?.inferredFrom === 'file') return error
    await file.whole()
    const search = this.#goodRows(table, 1)
    const place = await describeFirstBadRow(session, search).catch(() => undefined)
    if (place === undefined) return error
    const { details = {} } = error
    return new HyperMeshError(error.code, `${error.message} (${place})`, { details, cause: error })
  }

  #goodRows(table: LoadTableReply | undefined, rowsMax: number) {
    const { request, file, directory } = this.#options
    return {
      path: file.path,
      format: this.#format,
      types: request.types,
      schema: table && currentSchema(table.metadata),
      rowsMax,
      directory,
      signal: request.context.signal,
    }
  }
}
