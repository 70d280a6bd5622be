import {
  HyperMeshError,
  type Limits,
  type VectorFilter,
  type VectorIndex as VectorIndexReply,
  type VectorPointId,
  type VectorSnapshot,
  type VectorStats,
  type WritePointsReply,
} from '@hypermesh/contract'
import type { Logger } from '@hypermesh/kit'
import { catchUp, compactState } from './compaction.ts'
import type { VectorSettings } from './config.ts'
import { afterHalfWrite, halfWritten } from './half-write.ts'
import type { IndexDefinition } from './index-definition.ts'
import type { IndexFiles } from './index-files.ts'
import { IndexFiling } from './index-filing.ts'
import type { IndexImage } from './index-image.ts'
import type { RecoveredIndex } from './index-recovery.ts'
import { assertFits } from './index-room.ts'
import { applyRemove, applyWrite, type IndexState, idsMatching } from './index-state.ts'
import { IndexWriter, type PendingBytes, type PreparedWrite } from './index-writer.ts'
import { recordTypes } from './log-format.ts'
import { type PointBatch, shownId } from './point-batch.ts'
import { encodeRemove, encodeWrite, type WriteBatch } from './point-codec.ts'
import { applyFollow, encodeFollow, type FollowStep } from './source/source-codec.ts'
import type { SourceState } from './source/source-state.ts'
import type { Bm25Index } from './text/bm25-index.ts'
import type { LogEntry, WriteAheadLog } from './write-ahead-log.ts'

export interface VectorIndexParts {
  readonly files: IndexFiles
  readonly limits: Limits
  readonly logger: Logger
  readonly settings: VectorSettings
  readonly pending: PendingBytes
  /** Throws where vectors of so many bytes have no room any more. */
  readonly assertRoom: (bytes: number) => void
}

/** One open index: what it holds in memory, and the files that say the same. */
export class VectorIndex {
  readonly definition: IndexDefinition
  readonly #parts: VectorIndexParts
  readonly #writer: IndexWriter
  readonly #filing: IndexFiling
  #state: IndexState
  #log: WriteAheadLog
  #generation: number
  #fileBytes: number
  #source: SourceState | null
  #failure: HyperMeshError | undefined
  #compaction: Promise<number> | undefined
  #compactions = 0
  #checkpointWaits = false

  constructor(recovered: RecoveredIndex, parts: VectorIndexParts) {
    this.definition = recovered.definition
    this.#parts = parts
    this.#state = recovered.state
    this.#log = recovered.log
    this.#generation = recovered.generation
    this.#fileBytes = recovered.fileBytes
    this.#source = recovered.source
    this.#writer = new IndexWriter({
      limits: parts.limits,
      pending: parts.pending,
      commit: (entries) => this.#commit(entries),
      onWritten: () => this.#maintain(),
    })
    this.#filing = new IndexFiling(this.#writer)
  }

  /** As it is at this instant; later writes show in it. Not to be kept: a compaction replaces it. */
  get state(): IndexState {
    return this.#state
  }

  /** The table that it follows, and how far it has come; null: none. */
  get source(): SourceState | null {
    return this.#source
  }

  /** Reads that take a while: the state stays usable until they end. */
  read<T>(work: (state: IndexState) => Promise<T>): Promise<T> {
    const state = this.#state
    return state.readers.during(() => work(state))
  }

  /** As files are named. */
  get name(): string {
    return this.definition.index.toLowerCase()
  }

  write(
    batch: PointBatch,
    { mode, signal }: { mode: 'upsert' | 'add'; signal: AbortSignal },
  ): Promise<WritePointsReply> {
    return this.#writer.write({
      ids: new Set(batch.ids),
      bytes: batch.vectors.byteLength * 2,
      signal,
      prepare: () => {
        this.#assertUnfollowed()
        return this.#prepareWrite(batch, mode)
      },
    })
  }

  /** Returns how many were there. */
  remove(
    what: { readonly ids: readonly VectorPointId[] } | { readonly filter: VectorFilter },
    signal: AbortSignal,
  ): Promise<number> {
    return this.#writer.write({
      ids: 'ids' in what ? new Set(what.ids) : undefined,
      bytes: 0,
      signal,
      prepare: () => {
        this.#assertUnfollowed()
        return this.#prepareRemove('ids' in what ? what.ids : idsMatching(this.#state, what.filter))
      },
    })
  }

  /** What a step of following its table changes, and how far that goes: all of it or nothing. */
  follow(step: FollowStep, signal: AbortSignal): Promise<void> {
    return this.#writer.write({
      ids: undefined,
      bytes: (step.batch?.vectors.byteLength ?? 0) * 2,
      signal,
      prepare: () => this.#prepareFollow(step),
    })
  }

  snapshot(name: string): Promise<VectorSnapshot> {
    return this.#filing.write(async () => {
      // With half of a write it could not be read.
      if (this.#failure !== undefined) throw afterHalfWrite(this.#failure)
      const image = this.#image()
      const { files } = this.#parts
      return {
        state: image.state,
        write: (then) => files.writeSnapshot(this.name, name, image, then),
      }
    })
  }

  /** Frees what dead slots hold; returns how many there were. */
  compact(): Promise<number> {
    this.#compaction ??= this.#compactNow().finally(() => {
      this.#compaction = undefined
    })
    return this.#compaction
  }

  describe(): VectorIndexReply {
    const { indexId: _, ...definition } = this.definition
    const problem = this.#problem()
    return {
      ...definition,
      state: problem === undefined ? 'ready' : 'failed',
      ...(problem === undefined ? {} : { problem: problem.message }),
      points: this.#state.table.pointCount,
      ids: this.#state.table.idCounts,
      ...(this.#source === null ? {} : { source: this.#source.table }),
    }
  }

  stats(): VectorStats {
    const { graph, table } = this.#state
    return {
      ...this.describe(),
      deadSlots: table.slotCount - table.pointCount,
      memoryBytes: graph.memoryBytes,
      fileBytes: this.#fileBytes,
      logBytes: this.#log.bytes,
      generation: this.#generation,
      sequence: this.#log.sequence,
      compactions: this.#compactions,
      compacting: this.#compaction !== undefined,
      ...(table.texts === undefined ? {} : { texts: textStatsOf(table.texts) }),
      knownFields: Array.from(table.fields, (field) => ({
        field: field.name,
        types: field.types,
        points: field.pointCount,
      })),
    }
  }

  /** Ends what is under way. With `keep`, what the log has goes into the file, for a quick next start. */
  async close({ keep }: { readonly keep: boolean }): Promise<void> {
    if (keep && this.#problem() === undefined && this.#log.bytes > closingLogBytesMax) {
      await this.#checkpoint().catch((error: unknown) => this.#warn(error, 'a checkpoint failed'))
    }
    await this.#compaction?.catch(() => undefined)
    await this.#writer.close(
      new HyperMeshError('unavailable', `the index ${this.definition.index} is being closed`, {
        details: { retryAfterSeconds: 1 },
      }),
    )
    await this.#filing.ended()
    await this.#log.close()
    const { graph, readers } = this.#state
    readers.whenLeft(() => graph.close())
  }

  #problem(): HyperMeshError | undefined {
    return this.#failure ?? this.#log.failure
  }

  #prepareWrite(batch: PointBatch, mode: 'upsert' | 'add'): PreparedWrite<WritePointsReply> {
    const { table } = this.#state
    const known = batch.ids.filter((id) => table.slotOf(id) !== undefined)
    if (mode === 'add' && known.length > 0) {
      const [first = ''] = known
      throw new HyperMeshError('exists', `point ${shownId(first)} exists; nothing was added`, {
        details: { ids: known.slice(0, 10) },
      })
    }
    this.#assertRoom(batch)
    const write = this.#withKeptVectors(batch)
    return {
      entry: { type: recordTypes.write, payload: encodeWrite(write) },
      apply: async (sequence) => {
        await this.#applied(() => applyWrite(this.#state, write))
        const written = batch.ids.length
        return { written, added: written - known.length, updated: known.length, sequence }
      },
    }
  }

  #prepareRemove(ids: readonly VectorPointId[]): PreparedWrite<number> {
    const there = ids.filter((id) => this.#state.table.slotOf(id) !== undefined)
    const payload = () => [encodeRemove(there)]
    return {
      entry: there.length === 0 ? undefined : { type: recordTypes.remove, payload: payload() },
      apply: async () => {
        await this.#applied(async () => applyRemove(this.#state, there))
        return there.length
      },
    }
  }

  #prepareFollow({ source, remove, batch, check }: FollowStep): PreparedWrite<void> {
    check?.()
    if (batch !== undefined) this.#assertRoom(batch)
    const write = batch && this.#withKeptVectors(batch)
    const record = { source, remove, write }
    return {
      entry: { type: recordTypes.follow, payload: encodeFollow(record) },
      apply: () =>
        this.#applied(async () => {
          await applyFollow(this.#state, record)
          this.#source = source
        }),
    }
  }

  /** Its points are those of its table, and nobody else's. */
  #assertUnfollowed(): void {
    if (this.#source === null) return
    const { table } = this.#source
    throw new HyperMeshError(
      'precondition',
      `the index ${this.definition.index} follows ${table}: write to the table, or end that first`,
      { details: { reason: 'followed', table } },
    )
  }

  #withKeptVectors({ ids, metadata, vectors, withoutVector }: PointBatch): WriteBatch {
    const { graph, table } = this.#state
    const { dimension } = this.definition
    for (const index of withoutVector) {
      const id = ids[index] as VectorPointId
      const slot = table.slotOf(id)
      if (slot === undefined) {
        throw new HyperMeshError('invalid', `point ${shownId(id)} is new and has no vector`)
      }
      vectors.set(graph.vectors([slot]), index * dimension)
    }
    return { ids, metadata, vectors }
  }

  #assertRoom(batch: PointBatch): void {
    const { limits, assertRoom } = this.#parts
    assertFits(this.#state.table, batch, limits)
    assertRoom(batch.vectors.byteLength)
  }

  async #commit(entries: readonly LogEntry[]): Promise<number> {
    if (this.#failure !== undefined) throw afterHalfWrite(this.#failure)
    const first = this.#log.sequence + 1
    await this.#log.commit(entries)
    return first
  }

  /** What is durable must be done; where that fails, memory says less than the files until a restart. */
  async #applied(work: () => Promise<void>): Promise<void> {
    try {
      if (this.#failure !== undefined) throw this.#failure
      await work()
    } catch (cause) {
      this.#failure ??= halfWritten(this.definition.index, cause)
      throw this.#failure
    }
  }

  #maintain(): void {
    const { settings, logger } = this.#parts
    const { table } = this.#state
    const dead = table.slotCount - table.pointCount
    if (dead >= compactSlotsMin && dead >= settings.compactDeadShare * table.slotCount) {
      this.compact().catch((error: unknown) => this.#warn(error, 'a compaction failed'))
    }
    const logBytesMax = Math.max(
      settings.checkpointLogBytes,
      settings.checkpointLogShare * this.#fileBytes,
    )
    if (this.#log.bytes <= logBytesMax || this.#checkpointWaits) return
    this.#checkpointWaits = true
    this.#checkpoint()
      .catch((error: unknown) => this.#warn(error, 'a checkpoint failed'))
      .finally(() => {
        this.#checkpointWaits = false
      })
    logger.debug({ index: this.name, logBytes: this.#log.bytes }, 'a checkpoint is due')
  }

  #warn(err: unknown, what: string): void {
    this.#parts.logger.warn({ err, index: this.name }, what)
  }

  /** Writes the file anew, so that the log can begin anew. */
  #checkpoint(): Promise<void> {
    return this.#filing.write(async () => {
      const problem = this.#problem()
      if (problem !== undefined) throw problem
      const { files } = this.#parts
      const { indexId } = this.definition
      const generation = this.#generation + 1
      // First the log that is to follow: should the file fail, writes go on in it all the same.
      const firstSequence = this.#log.sequence + 1
      const log = await files.createLog(this.name, { generation, firstSequence, indexId })
      const old = this.#log
      this.#log = log
      this.#generation = generation
      await old.close()
      const image = this.#image()
      const write = async (onTableWritten: () => void) => {
        this.#fileBytes = await files.write(this.name, image, { onTableWritten })
        await files.removeLogs(this.name, (each) => each < generation)
      }
      return { state: image.state, write }
    })
  }

  #image(): IndexImage {
    return {
      definition: this.definition,
      state: this.#state,
      source: this.#source,
      generation: this.#generation,
      sequence: this.#log.sequence,
    }
  }

  async #compactNow(): Promise<number> {
    const { limits } = this.#parts
    const before = this.#state
    if (before.table.slotCount === before.table.pointCount) return 0
    const { fields } = this.definition
    const compacted = await compactState(before, { fields, limits })
    const slotsBefore = before.table.slotCount
    try {
      await this.#writer.alone(async () => {
        await catchUp(before, compacted)
        this.#state = compacted.state
      })
    } catch (error) {
      compacted.state.graph.close()
      throw error
    }
    before.readers.whenLeft(() => before.graph.close())
    this.#compactions += 1
    await this.#checkpoint()
    return slotsBefore - compacted.origins.length
  }
}

function textStatsOf({ fields, count, termCount, memoryBytes }: Bm25Index) {
  return { fields: [...fields], points: count, words: termCount, memoryBytes }
}

const compactSlotsMin = 256
const closingLogBytesMax = 64 * 1024
