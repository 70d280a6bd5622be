import type { Limits } from '@hypermesh/contract'
import {
  HyperMeshError,
  type TableMetadata,
  toWireLong,
  type VectorSource,
  type vectorSourceRequest,
} from '@hypermesh/contract'
import { currentSnapshot, lagOf, toLong } from '@hypermesh/iceberg'
import { type Clock, Follower, type Logger, tellFailure, toHyperMeshError } from '@hypermesh/kit'
import type { z } from 'zod'
import type { EmbeddingProviders } from '../text/embedding-providers.ts'
import type { VectorIndex } from '../vector-index.ts'
import { assertBound, bindSource } from './source-binding.ts'
import { isSameSource, type SourceState } from './source-state.ts'
import { loadSource, planSource, type SourcePeers, syncSource } from './source-sync.ts'

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

/** Keeps indexes what their tables are: at each commit, when told to, and after a failure that may pass. */
export class SourceFollower implements AsyncDisposable {
  readonly #options: SourceFollowerOptions
  readonly #follower: Follower<VectorIndex>

  constructor(options: SourceFollowerOptions) {
    const { open, peers, providers, limits, clock, logger, followMs } = options
    this.#options = options
    this.#follower = new Follower({
      followed: () => open().filter(({ source }) => source?.mode === 'follow'),
      position: async (signal) => (await peers.catalog.commitPosition({ signal })).seq,
      sync: (index, signal) => syncSource(index, { peers, providers, limits, clock, signal }),
      onFailure: (index, err) =>
        logger.warn({ err, index: index.name }, 'an index cannot follow its table'),
      onUnknown: (err) => logger.debug({ err }, 'the catalog cannot be asked'),
      concurrencyMax: () => limits.vectorSyncsMax,
      clock,
      followMs,
    })
  }

  async status(index: VectorIndex, signal: AbortSignal): Promise<VectorSource> {
    const source = sourceOf(index)
    const failure = this.#follower.failureOf(index)
    const table = await this.#look(source, signal)
    const error = failure?.error ?? (table instanceof HyperMeshError ? table : undefined)
    const metadata = table instanceof HyperMeshError ? undefined : table
    const current = metadata && currentSnapshot(metadata)
    const isCurrent = metadata !== undefined && planSource(metadata, source).kind === 'none'
    const at = failure?.at ?? new Date(this.#options.clock.nowMs()).toISOString()
    return {
      ...shown(index, source),
      state: this.#follower.stateOf(index, 'indexing', { isCurrent, hasFailed: !!error }),
      ...(metadata && {
        currentSnapshotId: current === undefined ? null : toWireLong(current['snapshot-id']),
        ...lagOf(metadata, source),
      }),
      ...(error && { lastError: tellFailure({ error, at }) }),
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
      await this.#follower.alone(index, () =>
        index.follow({ source, remove: [], batch: undefined, check }, signal),
      )
    }
    this.#follower.renew(index)
    if (source.mode === 'follow') void this.#follower.run(index)
    return this.status(index, signal)
  }

  /** Ends it; the points stay. */
  async end(index: VectorIndex, signal: AbortSignal): Promise<void> {
    sourceOf(index)
    await this.#follower.alone(index, () =>
      index.follow({ source: null, remove: [], batch: undefined }, signal),
    )
    this.#follower.renew(index)
  }

  /** Returns when the index has what the table had when this was called; throws why it has not. */
  async sync(index: VectorIndex, signal: AbortSignal): Promise<VectorSource> {
    sourceOf(index)
    await this.#follower.sync(index, signal)
    return this.status(index, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower[Symbol.asyncDispose]()
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
