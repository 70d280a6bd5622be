import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import {
  HyperMeshError,
  type IngestMode,
  type IngestReceipt,
  type Inspection,
  type Limits,
  type TableName,
} from '@hypermesh/contract'
import { type DuckDatabase, detectFormat, type FormatHints, inspectSource } from '@hypermesh/duckdb'
import { formatType, type Warehouse } from '@hypermesh/iceberg'
import {
  type Clock,
  ConcurrencyGate,
  type Fetch,
  type Logger,
  type RequestContext,
} from '@hypermesh/kit'
import { toStorageError } from '@hypermesh/object-store'
import { catalogFor } from './catalog-access.ts'
import { directoryPrefix } from './load-intent.ts'
import { openInPlace, type SourceFile, spoolBody } from './source-file.ts'
import { TableLoad } from './table-load.ts'

export interface IngestOptions {
  readonly database: DuckDatabase
  readonly warehouse: Warehouse
  readonly limits: Limits
  readonly clock: Clock
  readonly logger: Logger
  readonly temporary: string
  readonly allowedRoots: readonly string[]
  readonly catalog: Fetch
}

/** A file and what is told of it: `body` is sent, `source` lies on the server. */
export interface LoadInput {
  readonly context: RequestContext
  readonly hints: FormatHints
  readonly types: Readonly<Record<string, string>>
  readonly body?: AsyncIterable<Uint8Array>
  readonly source?: string
}

export interface LoadRequest extends LoadInput {
  readonly table: TableName
  readonly mode: IngestMode
  readonly again: boolean
  readonly idempotencyKey: string | undefined
}

/** Every path that loads a file goes through here. */
export class Ingest {
  readonly #options: IngestOptions
  readonly #gate: ConcurrencyGate

  constructor(options: IngestOptions) {
    this.#options = options
    this.#gate = new ConcurrencyGate({
      name: 'loads',
      concurrencyMax: options.limits.ingestConcurrencyMax,
      queueMax: options.limits.ingestQueueMax,
    })
  }

  async load(request: LoadRequest): Promise<IngestReceipt> {
    const { clock, database, catalog } = this.#options
    const startedAtMs = clock.monotonicMs()
    await using place = await this.#makeDirectory()
    const file = await this.#receive(request, place.path)
    using _turn = await this.#gate.enter(request.context.signal)
    await using session = await database.connect()
    const load = new TableLoad({
      ...this.#options,
      catalog: catalogFor(catalog, request.context),
      session,
      request,
      file,
      directory: place.path,
      elapsedMs: () => clock.monotonicMs() - startedAtMs,
    })
    try {
      return await load.run()
    } catch (error) {
      if (load.isUnsettled) place.keep()
      throw error
    }
  }

  async inspect(input: LoadInput): Promise<Inspection> {
    await using place = await this.#makeDirectory()
    const file = await this.#receive(input, place.path)
    using _turn = await this.#gate.enter(input.context.signal)
    await using session = await this.#options.database.connect()
    const source = await inspectSource(session, {
      ...input.hints,
      path: file.path,
      types: input.types,
      columnsMax: this.#options.limits.columnsMax,
      signal: input.context.signal,
    })
    return {
      format: source.format,
      columns: source.columns.map((column) => ({
        name: column.name,
        sourceType: column.sourceType,
        type: formatType(column.type),
        from: column.from,
      })),
      inferredFrom: source.inferredFrom,
      options: source.options,
      bytes: file.bytes,
    }
  }

  async #receive(input: LoadInput, directory: string): Promise<SourceFile> {
    const { signal } = input.context
    const file = await this.#open(input, directory)
    // Nobody may come to wait for it: a load that fails early must not leave it unheard.
    file.sha256.catch(() => undefined)
    const { format, byteOrderMark } = await detectFormat({ path: file.path, hints: input.hints })
    const isJson = format === 'json' || format === 'ndjson'
    return isJson && byteOrderMark ? withoutMark(file, directory, signal) : file
  }

  #open(input: LoadInput, directory: string): Promise<SourceFile> {
    if (input.source !== undefined) {
      return openInPlace(input.source, this.#options.allowedRoots, input.context.signal)
    }
    if (input.body === undefined) throw new HyperMeshError('invalid', 'there is no file to load')
    return spoolBody(input.body, directory)
  }

  /** A directory for one request; removed with all it holds unless the load's outcome is unknown. */
  async #makeDirectory(): Promise<AsyncDisposable & { readonly path: string; keep(): void }> {
    const path = join(this.#options.temporary, `${directoryPrefix}${randomUUID()}`)
    await mkdir(join(path, 'out'), { recursive: true }).catch((error: unknown) => {
      throw toStorageError(error, 'the directory for temporary files', 'none')
    })
    let kept = false
    return {
      path,
      keep: () => {
        kept = true
      },
      [Symbol.asyncDispose]: async () => {
        if (!kept) await rm(path, { recursive: true, force: true })
      },
    }
  }
}

const byteOrderMarkBytes = 3

/** DuckDB reads no JSON behind a byte order mark, so such a file is read from a copy without it. */
async function withoutMark(
  file: SourceFile,
  directory: string,
  signal: AbortSignal,
): Promise<SourceFile> {
  const path = join(directory, 'plain')
  const from = createReadStream(file.path, { start: byteOrderMarkBytes })
  await pipeline(from, createWriteStream(path, { flags: 'wx' }), { signal })
  return { ...file, path, inPlace: false }
}
