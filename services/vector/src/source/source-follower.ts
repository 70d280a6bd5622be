import type { Limits } from '@hypermesh/contract'
import {
  HyperMeshError,
  type TableMetadata,
  toWireLong,
  type VectorSource,
  type vectorSourceRequest,
} from '@hypermesh/contract'
import { currentSnapshot } from '@hypermesh/iceberg'
import { type Clock, type Logger, toHyperMeshError } from '@hypermesh/kit'
import type { z } from 'zod'
import type { EmbeddingProviders } from '../text/embedding-providers.ts'
import type { VectorIndex } from '../vector-index.ts'
import { assertBound, bindSource } from './source-binding.ts'
import { isSameSource, type SourceState } from './source-state.ts'
import { loadSource, type SourcePeers, syncSource } from './source-sync.ts'
import { idOf, lagOf, toLong } from './sync-plan.ts'

export interface SourceFollowerOptions {
  /** The indexes that are open now. */
  readonly open: () => readonly VectorIndex[]
  readonly peers: SourcePeers
  readonly providers: EmbeddingProviders
  readonly limits: Limits
  readonly clock: Clock
  readonly logger: Logger
  /** Between two looks at the commit log. */
  readonly followMs: number
}

/** What is known of an index beside its files; gone with a restart, which finds it anew. */
interface Following {
  running: Promise<void> | undefined
  failure: { readonly error: HyperMeshError; readonly at: string } | undefined
  /** The commit log as it was before the last look; undefined: look again. */
  seenSeq: number | undefined
}

/** Keeps indexes what their tables are: at each commit, when told to, and after a failure that may pass. */
export class SourceFollower implements AsyncDisposable {
  readonly #options: SourceFollowerOptions
  readonly #following = new WeakMap<VectorIndex, Following>()
  readonly #running = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> | undefined

  constructor(options: SourceFollowerOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#lookOnce(), options.followMs)
    this.#timer.unref()
  }

  async status(index: VectorIndex, signal: AbortSignal): Promise<VectorSource> {
    const source = sourceOf(index)
    const { running, failure } = this.#of(index)
    const table = await this.#look(source, signal)
    const error = failure?.error ?? (table instanceof HyperMeshError ? table : undefined)
    const metadata = table instanceof HyperMeshError ? undefined : table
    const current = metadata && currentSnapshot(metadata)
    const isCurrent =
      metadata !== undefined &&
      source.partial === null &&
      (current === undefined ? null : idOf(current)) === source.snapshotId
    const at = failure?.at ?? this.#now()
    return {
      ...shown(index, source),
      state: running ? 'indexing' : error ? 'failed' : isCurrent ? 'current' : 'behind',
      ...(metadata && {
        currentSnapshotId: current === undefined ? null : toWireLong(current['snapshot-id']),
        ...lagOf(metadata, source),
      }),
      ...(error && { lastError: { ...tellable(error), at } }),
    }
  }

  /** Chooses what the index follows, and begins. The same again changes nothing but the mode. */
  async follow(
    index: VectorIndex,
    request: z.output<typeof vectorSourceRequest>,
    signal: AbortSignal,
  ): Promise<VectorSource> {
    const metadata = await loadSource(this.#options.peers, request, signal)
    const bound = bindSource(metadata, request)
    assertEmbedding(index, bound)
    const before = index.source
    const isSame = before !== null && isSameSource(before, bound)
    const source = isSame ? { ...before, mode: bound.mode } : bound
    if (!isSame || before.mode !== bound.mode) {
      const check = () => assertReplaceable(index, request.replace)
      await this.#alone(index, () =>
        index.follow({ source, remove: [], batch: undefined, check }, signal),
      )
    }
    const following = this.#of(index)
    following.failure = undefined
    following.seenSeq = undefined
    if (source.mode === 'follow') void this.#run(index)
    return this.status(index, signal)
  }

  /** Ends it; the points stay. */
  async end(index: VectorIndex, signal: AbortSignal): Promise<void> {
    sourceOf(index)
    await this.#alone(index, () =>
      index.follow({ source: null, remove: [], batch: undefined }, signal),
    )
    this.#of(index).failure = undefined
  }

  /** Returns when the index has what the table had when this was called; throws why it has not. */
  async sync(index: VectorIndex, signal: AbortSignal): Promise<VectorSource> {
    sourceOf(index)
    // What runs may have looked at the table before.
    await orAborted(this.#of(index).running, signal)
    await orAborted(this.#run(index), signal)
    const { failure } = this.#of(index)
    if (failure !== undefined) throw failure.error
    return this.status(index, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort(new HyperMeshError('cancelled', 'the service stops', { effect: 'none' }))
    await this.#looking
    await Promise.all(this.#running)
  }

  #lookOnce(): void {
    this.#looking ??= this.#lookAtAll()
      .catch((err: unknown) => this.#options.logger.debug({ err }, 'the catalog cannot be asked'))
      .finally(() => {
        this.#looking = undefined
      })
  }

  async #lookAtAll(): Promise<void> {
    const { open, peers, limits } = this.#options
    const followed = open().filter(({ source }) => source?.mode === 'follow')
    if (followed.length === 0) return
    const { seq } = await peers.catalog.commitPosition({ signal: this.#stopping.signal })
    for (const index of followed) {
      const following = this.#of(index)
      if (following.running !== undefined || following.seenSeq === seq) continue
      // The rest has its turn at the next look.
      if (this.#running.size >= limits.vectorSyncsMax) return
      void this.#run(index, seq)
    }
  }

  /** Joins what runs already. */
  #run(index: VectorIndex, seq?: number): Promise<void> {
    const following = this.#of(index)
    if (following.running !== undefined) return following.running
    const { signal } = this.#stopping
    const { peers, providers, limits, clock } = this.#options
    const work = async () => {
      try {
        await syncSource(index, { peers, providers, limits, clock, signal })
        following.failure = undefined
        following.seenSeq = seq
      } catch (thrown) {
        if (signal.aborted) return
        const error = toHyperMeshError(thrown)
        following.failure = { error, at: this.#now() }
        following.seenSeq = error.retryable ? undefined : seq
        this.#options.logger.warn(
          { err: error, index: index.name },
          'an index cannot follow its table',
        )
      }
    }
    const running = work().finally(() => {
      following.running = undefined
      this.#running.delete(running)
    })
    following.running = running
    this.#running.add(running)
    return running
  }

  /** Between two runs, so that none goes on with what was changed. */
  async #alone(index: VectorIndex, work: () => Promise<void>): Promise<void> {
    for (;;) {
      const { running } = this.#of(index)
      if (running === undefined) break
      await running
    }
    await work()
  }

  async #look(source: SourceState, signal: AbortSignal): Promise<TableMetadata | HyperMeshError> {
    try {
      const metadata = await loadSource(this.#options.peers, source, signal)
      assertBound(metadata, source)
      return metadata
    } catch (error) {
      if (signal.aborted) throw error
      return toHyperMeshError(error)
    }
  }

  #of(index: VectorIndex): Following {
    const known = this.#following.get(index)
    if (known !== undefined) return known
    const following = { running: undefined, failure: undefined, seenSeq: undefined }
    this.#following.set(index, following)
    return following
  }

  #now(): string {
    return new Date(this.#options.clock.nowMs()).toISOString()
  }
}

function sourceOf({ source, definition }: VectorIndex): SourceState {
  if (source !== null) return source
  throw new HyperMeshError('not_found', `the index ${definition.index} follows no table`)
}

function shown({ definition, state }: VectorIndex, source: SourceState) {
  const { key, vector, text, metadata, snapshotId, partial, tableUuid: _, ...rest } = source
  return {
    ...rest,
    index: definition.index,
    key: key.name,
    ...(vector && { vector: vector.name }),
    ...(text && { text: text.name }),
    metadata: metadata.map(({ name }) => name),
    snapshotId: snapshotId === null ? null : toWireLong(toLong(snapshotId)),
    ...(partial === null ? {} : { partialSnapshotId: toWireLong(toLong(partial)) }),
    points: state.table.pointCount,
  }
}

/** The real message of these is for the log. */
function tellable({ code, message, details }: HyperMeshError) {
  const hidden = code === 'internal' || code === 'corrupt'
  return { code, message: hidden ? 'see the server log' : message, ...(details && { details }) }
}

function assertReplaceable({ source, state, definition }: VectorIndex, replace: boolean): void {
  const { pointCount } = state.table
  if (replace || source !== null || pointCount === 0) return
  throw new HyperMeshError(
    'exists',
    `the index ${definition.index} has ${pointCount} points, of which those that the table lacks would be removed; say replace if they may be`,
    { details: { points: pointCount } },
  )
}

/** The text is that of the field from which the index makes its vectors, so no other may be called so. */
function assertEmbedding({ definition }: VectorIndex, { text, metadata }: SourceState): void {
  if (text === undefined) return
  const { index, embedding } = definition
  if (embedding === undefined) {
    const message = `the index ${index} has no embedding to make vectors of texts`
    throw new HyperMeshError('invalid', message)
  }
  const same = metadata.find(({ name, id }) => name === embedding.field && id !== text.id)
  if (same === undefined) return
  const message = `metadata cannot have a column ${embedding.field}: the text is called so`
  throw new HyperMeshError('invalid', message)
}

/** What was begun goes on when its caller has gone. */
async function orAborted(work: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (work === undefined) return
  signal.throwIfAborted()
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
