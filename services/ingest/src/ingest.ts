import { once } from 'node:events'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  HyperMeshError,
  type IngestFileResult,
  type IngestFilesReply,
  type IngestMode,
  type IngestReceipt,
  type Inspection,
  type Limits,
  type TableName,
  toErrorBody,
} from '@hypermesh/contract'
import {
  type DuckDatabase,
  type DuckSession,
  detectCompression,
  type FormatHints,
  inspectSource,
} from '@hypermesh/duckdb'
import { formatType, type Warehouse } from '@hypermesh/iceberg'
import {
  type Clock,
  ConcurrencyGate,
  type Fetch,
  type Logger,
  type Metrics,
  type RequestContext,
  toHyperMeshError,
} from '@hypermesh/kit'
import { catalogFor } from './catalog-access.ts'
import type { FormFile } from './form-files.ts'
import { LoadFigures } from './load-figures.ts'
import type { LayoutRequest } from './load-layout.ts'
import { type LoadPlace, makeLoadPlace } from './load-place.ts'
import type { LoadProgress } from './load-progress.ts'
import { toPlainFile } from './plain-file.ts'
import { type LoadedAhead, SegmentLoad } from './segment-load.ts'
import {
  findInPlace,
  type KeptFile,
  openInPlace,
  openKept,
  type SourceFile,
} from './source-file.ts'
import { spoolBody } from './spool.ts'
import { TableLoad } from './table-load.ts'
import { inFileOf, type TogetherFile, TogetherLoad } from './together-load.ts'
import type { UnsettledLoads } from './unsettled-loads.ts'

export interface IngestOptions {
  readonly database: DuckDatabase
  readonly warehouse: Warehouse
  readonly limits: Limits
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly temporary: string
  readonly allowedRoots: readonly string[]
  /** An upload of more is loaded while it arrives; 0: none is. */
  readonly segmentBytes: number
  readonly catalog: Fetch
  readonly unsettled: UnsettledLoads
}

/**
 * A file and what is told of it: `body` is sent, `source` lies on the server, `kept` was sent before
 * and is kept for its job. What is told is plain JSON: a job writes it down.
 */
export interface LoadInput {
  readonly context: RequestContext
  readonly hints: FormatHints
  readonly types: Readonly<Record<string, string>>
  readonly body?: AsyncIterable<Uint8Array>
  readonly source?: string
  readonly kept?: KeptFile
  readonly progress?: LoadProgress
}

export interface LoadRequest extends LoadInput {
  readonly table: TableName
  readonly mode: IngestMode
  readonly again: boolean
  /** For a table that the load creates; one that is there must be laid out so. */
  readonly layout: LayoutRequest | undefined
  /** Undefined: a bad row fails the load. */
  readonly badRows: { readonly rowsMax: number } | undefined
  readonly idempotencyKey: string | undefined
  /** Only what an earlier request of the key has committed is answered; else `cancelled`. */
  readonly settleOnly?: boolean
}

/** A request on its way: its signal also aborts when the service stops. */
interface Running<Input extends LoadInput> {
  readonly input: Input
  readonly file: SourceFile
  readonly place: LoadPlace
  readonly session: DuckSession
  readonly ahead: LoadedAhead | undefined
}

const stopMs = 10_000

/** Every path that loads a file goes through here. */
export class Ingest {
  readonly #options: IngestOptions
  readonly #figures: LoadFigures
  /** Bounds what lies in spool files; those beyond are refused before their first byte is read. */
  readonly #spools: ConcurrencyGate
  readonly #gate: ConcurrencyGate
  /** Of small files: many may wait for one commit together, and none for a large load. */
  readonly #smallGate: ConcurrencyGate
  readonly #running = new Map<AbortController, Promise<unknown>>()

  constructor(options: IngestOptions) {
    this.#options = options
    const { limits, metrics } = options
    const { ingestConcurrencyMax: concurrencyMax, ingestQueueMax: queueMax } = limits
    this.#figures = new LoadFigures(metrics)
    this.#spools = new ConcurrencyGate({
      name: 'uploads',
      concurrencyMax: concurrencyMax + queueMax,
      queueMax: 0,
    })
    this.#gate = new ConcurrencyGate({ name: 'loads', concurrencyMax, queueMax, metrics })
    this.#smallGate = new ConcurrencyGate({
      name: 'small_loads',
      concurrencyMax: limits.ingestSmallConcurrencyMax,
      queueMax,
      metrics,
    })
  }

  async load(request: LoadRequest): Promise<IngestReceipt> {
    const { clock, catalog } = this.#options
    const startedAtMs = clock.monotonicMs()
    return this.#figures.count(() =>
      this.#run(request, async ({ input, file, place, session, ahead }) => {
        const load = new TableLoad({
          ...this.#options,
          catalog: catalogFor(catalog, input.context),
          session,
          request: input,
          file,
          directory: place.path,
          ahead,
          elapsedMs: () => clock.monotonicMs() - startedAtMs,
        })
        try {
          return { receipt: await load.run(), isReplay: load.isReplay }
        } finally {
          if (load.isUnsettled) place.keep()
        }
      }),
    )
  }

  /** Loads files one after the other, as they arrive; one that fails does not stop those after it. */
  async loadEach(
    files: AsyncIterable<FormFile>,
    toRequest: (file: FormFile) => LoadRequest,
  ): Promise<IngestFilesReply> {
    const results: IngestFileResult[] = []
    for await (const file of files) {
      const index = results.length
      const request = toRequest(file)
      const { idempotencyKey: key, context } = request
      const name = nameOf(file, index)
      // A key of its own for each file, so that a repeated form finds what was loaded of it.
      const idempotencyKey = key === undefined ? undefined : `${key}#${index}`
      try {
        results.push({ name, receipt: await this.load({ ...request, idempotencyKey }) })
      } catch (error) {
        if (context.signal.aborted) throw error
        const known = toHyperMeshError(error)
        if (known.status >= 500) this.#options.logger.warn({ err: error }, 'a file was not loaded')
        const { code, message, details } = toErrorBody(known, undefined).error
        results.push({ name, error: { code, message, ...(details && { details }) } })
      }
    }
    return toFilesReply(results)
  }

  /** Loads files in one commit, or none of them. */
  async loadTogether(
    context: RequestContext,
    files: AsyncIterable<FormFile>,
    toRequest: (file: FormFile) => LoadRequest,
  ): Promise<IngestFilesReply> {
    const { clock } = this.#options
    const startedAtMs = clock.monotonicMs()
    const names: string[] = []
    const receipts = await this.#figures.countTogether(() =>
      this.#whileRunning(context, async (running) => {
        const { signal } = running
        using _spool = await this.#spools.enter(signal)
        await using place = await this.#makePlace()
        const received: TogetherFile[] = []
        for await (const form of files) {
          const directory = join(place.path, `file-${received.length}`)
          await mkdir(directory)
          const file = await spoolBody(form.body, directory, signal)
          const request = { ...toRequest(form), context: running }
          received.push({ name: nameOf(form, received.length), request, file, directory })
        }
        names.push(...received.map(({ name }) => name))
        using _turn = await this.#gate.enter(signal)
        await using session = await this.#options.database.connect()
        const load = new TogetherLoad({
          ...this.#options,
          catalog: catalogFor(this.#options.catalog, running),
          session,
          files: await this.#unpackAll(received, signal),
          directory: place.path,
          elapsedMs: () => clock.monotonicMs() - startedAtMs,
        })
        try {
          return await load.run()
        } finally {
          if (load.isUnsettled) place.keep()
        }
      }),
    )
    return toFilesReply(receipts.map((receipt, index) => ({ name: names[index] ?? '', receipt })))
  }

  async #unpackAll(files: readonly TogetherFile[], signal: AbortSignal): Promise<TogetherFile[]> {
    const plain: TogetherFile[] = []
    let bytesLeft = this.#options.limits.unpackedBytesMax
    for (const each of files) {
      const { directory, request } = each
      const options = { hints: request.hints, directory, bytesMax: bytesLeft, signal }
      const file = await inFileOf(each.name, () => toPlainFile(each.file, options))
      if (file.path !== each.file.path) bytesLeft -= (await stat(file.path)).size
      plain.push({ ...each, file })
    }
    return plain
  }

  inspect(input: LoadInput): Promise<Inspection> {
    return this.#run(input, async ({ input: { context, hints, types }, file, session }) => {
      const source = await inspectSource(session, {
        ...hints,
        path: file.path,
        types,
        columnsMax: this.#options.limits.columnsMax,
        textColumnsMax: this.#options.limits.textColumnsMax,
        arrowBatchBytesMax: this.#options.limits.arrowBatchBytesMax,
        unpackedBytesMax: this.#options.limits.unpackedBytesMax,
        signal: context.signal,
      })
      return {
        format: source.format,
        compression: file.compression,
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
    })
  }

  /** Throws where a file of the server may not be loaded in place, or is not there. */
  async assertSource(source: string): Promise<void> {
    await findInPlace(source, this.#options.allowedRoots)
  }

  /** Ends what still runs, and settles or leaves on disk what is unsettled. */
  async [Symbol.asyncDispose](): Promise<void> {
    const reason = new HyperMeshError('unavailable', 'the service stops; send the file again')
    for (const stop of this.#running.keys()) stop.abort(reason)
    const ended = Promise.allSettled(this.#running.values())
    const tooLate = once(AbortSignal.timeout(stopMs), 'abort')
    await Promise.race([ended, tooLate])
    await this.#options.unsettled[Symbol.asyncDispose]()
  }

  #run<Input extends LoadInput, Result>(
    input: Input,
    work: (running: Running<Input>) => Promise<Result>,
  ): Promise<Result> {
    return this.#whileRunning(input.context, (context) => this.#serve({ ...input, context }, work))
  }

  #whileRunning<Result>(
    context: RequestContext,
    work: (context: RequestContext) => Promise<Result>,
  ): Promise<Result> {
    const stop = new AbortController()
    const signal = AbortSignal.any([context.signal, stop.signal])
    const result = work({ ...context, signal }).finally(() => this.#running.delete(stop))
    this.#running.set(stop, result)
    return result
  }

  async #serve<Input extends LoadInput, Result>(
    input: Input,
    work: (running: Running<Input>) => Promise<Result>,
  ): Promise<Result> {
    const { signal } = input.context
    using _spool = await this.#spools.enter(signal)
    await using place = await this.#makePlace()
    await using segments = this.#segmentsOf(input, place.path)
    const received = await this.#open(input, place.path, segments)
    const ahead = await segments?.finish()
    if (ahead === undefined) await received.whole()
    // Nobody may come to wait for it: a load that fails early must not leave it unheard.
    received.sha256.catch(() => undefined)
    const gate = (await this.#isSmall(received, input.hints)) ? this.#smallGate : this.#gate
    using _turn = await gate.enter(signal)
    const file = await toPlainFile(received, {
      hints: input.hints,
      directory: place.path,
      bytesMax: this.#options.limits.unpackedBytesMax,
      signal,
    })
    await using session = await this.#options.database.connect()
    await input.progress?.begin(session)
    return await work({ input, file, place, session, ahead })
  }

  #segmentsOf(input: LoadInput, directory: string): SegmentLoad | undefined {
    const { segmentBytes: bytesLeast, catalog } = this.#options
    if (bytesLeast === 0 || input.body === undefined || !isLoad(input)) return undefined
    if (input.badRows !== undefined) return undefined
    return new SegmentLoad({
      ...this.#options,
      request: input,
      catalog: catalogFor(catalog, input.context),
      gate: this.#gate,
      directory,
      bytesLeast,
    })
  }

  /** A packed file may be large however small it is. */
  async #isSmall(file: SourceFile, hints: FormatHints): Promise<boolean> {
    if (file.bytes > this.#options.limits.ingestSmallBytesMax) return false
    return (await detectCompression(file.path, hints)) === 'none'
  }

  #open(
    input: LoadInput,
    directory: string,
    segments: SegmentLoad | undefined,
  ): Promise<SourceFile> {
    if (input.source !== undefined) {
      return openInPlace(input.source, this.#options.allowedRoots, input.context.signal)
    }
    if (input.kept !== undefined) return Promise.resolve(openKept(input.kept))
    if (input.body === undefined) throw new HyperMeshError('invalid', 'there is no file to load')
    return spoolBody(input.body, directory, input.context.signal, segments)
  }

  #makePlace(): Promise<LoadPlace> {
    return makeLoadPlace(this.#options.temporary, this.#options.unsettled)
  }
}

const isLoad = (input: LoadInput): input is LoadRequest => 'mode' in input

const nameOf = ({ name }: FormFile, index: number) => name ?? `file ${index + 1}`

function toFilesReply(results: IngestFileResult[]): IngestFilesReply {
  if (results.length === 0) throw new HyperMeshError('invalid', 'the form has no files')
  return { results, failed: results.filter(({ error }) => error !== undefined).length }
}
