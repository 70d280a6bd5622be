import { randomUUID } from 'node:crypto'
import { HyperMeshError, type Limits } from '@hypermesh/contract'
import type { Clock, Logger } from '@hypermesh/kit'
import { AlreadyAnswered, type Caller } from './caller.ts'
import { CatalogState, type CommitOutcome, resultsOf } from './catalog-state.ts'
import type { CommitLog } from './commit-log.ts'
import {
  type Change,
  type CommitRecord,
  type CommitResult,
  type GroupedCommit,
  recordFormatVersion,
  type StoredAnswer,
} from './commit-record.ts'
import { SerialQueue } from './serial-queue.ts'

/** What a builder found on one state of the catalog and wants to change. */
export interface CommitPlan<T> {
  /** Empty: there is nothing to commit, the result stands. */
  readonly changes: readonly Change[]
  /** Of a writer who may have to ask what became of it, with what it is answered then. */
  readonly commitId?: string
  readonly outcome?: CommitResult
  /** In place of `outcome`, for the commits of several writers in one record. */
  readonly grouped?: readonly GroupedCommit[]
  /** What a replay of the caller's idempotency key is answered; by default 204. */
  readonly answer?: StoredAnswer
  readonly result: T
  /** Whether the plan may be applied on top of a newer state than it was built on. */
  readonly holds: (state: CatalogState) => boolean
  /** Deletes what the plan wrote, once it is certain that no record will name it. */
  readonly discard?: () => Promise<void>
}

export interface CommitRequest<T> {
  /** Undefined: the catalog itself. */
  readonly caller: Caller | undefined
  /** Commits that share a key are built one after the other, so none undoes another's work. */
  readonly queueKeys?: readonly string[]
  /** Called again on a newer state when another writer came between. */
  readonly build: (state: CatalogState, attempt: number) => Promise<CommitPlan<T>>
}

export interface Committed<T> {
  readonly seq: number
  readonly result: T
}

interface StoreOptions {
  readonly log: CommitLog
  readonly limits: Limits
  readonly clock: Clock
  readonly logger: Logger
  readonly checkpointEvery: number
}

/**
 * The state of the catalog kept level with the log, and the one door through which it changes.
 * Safe for several processes: the exclusive creation of the next record decides each race.
 */
export class CatalogStore {
  readonly #options: StoreOptions
  readonly #appends = new SerialQueue()
  readonly #builds = new Map<string, SerialQueue>()
  /** Records up to this one are known to be durable, also those of other processes. */
  #durableSeq = 0
  readonly #state: CatalogState
  #checkpointedSeq: number
  #refreshing: Promise<void> | undefined
  #onWarehouse: ((uris: readonly string[]) => void) | undefined

  private constructor(options: StoreOptions, state: CatalogState) {
    this.#options = options
    this.#state = state
    this.#checkpointedSeq = state.seq
  }

  static async open(options: StoreOptions & { readonly warehouseUri: string }) {
    const retention = {
      countMax: options.limits.idempotencyKeysMax,
      ageMsMax: options.limits.idempotencyHours * 3_600_000,
      bytesMax: options.limits.idempotencyBytesMax,
    }
    const checkpoint = await options.log.latestCheckpoint()
    const state = checkpoint
      ? CatalogState.fromCheckpoint(checkpoint, retention)
      : new CatalogState(retention)
    const store = new CatalogStore(options, state)
    await store.#recordWarehouse(options.warehouseUri)
    return store
  }

  /** What locations of tables start with, as the first process recorded it. */
  get warehouseUri(): string {
    const uri = this.#state.warehouseUri
    if (uri === null) throw new TypeError('the store is not open')
    return uri
  }

  /** Every URI that the warehouse was recorded under, that of today last. */
  get warehouseUris(): readonly string[] {
    return [...this.#state.formerWarehouseUris, this.warehouseUri]
  }

  /** Calls the listener now and whenever the warehouse gets another URI. */
  onWarehouse(listener: (uris: readonly string[]) => void): void {
    listener(this.warehouseUris)
    this.#onWarehouse = listener
  }

  /** The state with every record that was durable when this was called. */
  async latest(): Promise<CatalogState> {
    // A refresh under way may have passed the end of the log before this call: wait, then look.
    await this.#refreshing
    await this.#refresh()
    return this.#state
  }

  /** What the latest state says, durable by then: whoever is told of it relies on it. */
  async findDurable<T>(look: (state: CatalogState) => T | undefined): Promise<T | undefined> {
    const state = await this.latest()
    const { seq } = state
    const found = look(state)
    if (found !== undefined) await this.#makeDurable(seq)
    return found
  }

  /** Whether a record after this position moved a table or view to a metadata file whose name has this. */
  async isNamedSince(seq: number, token: string): Promise<boolean> {
    for (let next = seq + 1; ; next++) {
      const record = await this.#options.log.read(next)
      if (record === undefined) return false
      const named = record.changes.some(
        (change) =>
          (change.kind === 'put-table' || change.kind === 'put-view') &&
          change.entry.metadataLocation.includes(token),
      )
      if (named) return true
    }
  }

  /** How this commit id ended, if a record after a position of the log has applied it. */
  async findOutcome(commitId: string, sinceSeq: number): Promise<CommitOutcome | undefined> {
    for (let seq = sinceSeq + 1; ; seq++) {
      const record = await this.#options.log.read(seq)
      if (record === undefined) return undefined
      const found = resultsOf(record).find((each) => each.commitId === commitId)
      if (found !== undefined) return { ...found, seq, atMs: record.atMs }
    }
  }

  /** Throws `AlreadyAnswered` where the caller's idempotency key has been answered by then. */
  async commit<T>(request: CommitRequest<T>): Promise<Committed<T>> {
    // In one order everywhere, or two commits could wait for each other.
    const keys = [...new Set(request.queueKeys ?? [])].sort()
    return this.#queued(keys, () => this.#commit(request))
  }

  #queued<T>([key, ...others]: readonly string[], task: () => Promise<T>): Promise<T> {
    if (key === undefined) return task()
    const queue = this.#builds.get(key) ?? new SerialQueue()
    this.#builds.set(key, queue)
    return queue
      .run(() => this.#queued(others, task))
      .finally(() => {
        if (queue.isIdle) this.#builds.delete(key)
      })
  }

  async #commit<T>(request: CommitRequest<T>): Promise<Committed<T>> {
    for (let attempt = 0; attempt < this.#options.limits.commitRetriesMax; attempt++) {
      const state = await this.latest()
      await this.#assertUnanswered(state, request)
      const { warehouseUri } = state
      const plan = await this.#build(request, state, attempt)
      if (plan === undefined) continue
      if (plan.changes.length === 0 && request.caller?.replay === undefined) {
        // What is acknowledged here rests on a record that somebody else may not have synced.
        await this.#makeDurable(state.seq)
        return { seq: state.seq, result: plan.result }
      }
      const placed = { ...plan, holds: holdsAt(plan, warehouseUri) }
      const seq = await this.#settlePlan(placed, request)
      if (seq !== undefined) return { seq, result: plan.result }
    }
    throw new HyperMeshError('conflict', 'other writers kept winning; try again')
  }

  /** Undefined when another writer's later commits deleted what was to be read: contention. */
  async #build<T>(request: CommitRequest<T>, state: CatalogState, attempt: number) {
    const { seq } = state
    try {
      return await request.build(state, attempt)
    } catch (error) {
      if (!(error instanceof HyperMeshError) || error.code !== 'corrupt') throw error
      if ((await this.latest()).seq === seq) throw error
      return undefined
    }
  }

  /** Appends the plan, or discards it and returns undefined when it has to be built anew. */
  async #settlePlan<T>(plan: CommitPlan<T>, request: CommitRequest<T>) {
    const seq = await this.#appends
      .run(() => this.#appendPlan(plan, request))
      .catch(async (error: unknown) => {
        // An unknown outcome keeps everything: a record may name it.
        if (!isUnknown(error)) await plan.discard?.()
        throw error
      })
    if (seq === undefined) await plan.discard?.()
    return seq
  }

  async #appendPlan<T>(plan: CommitPlan<T>, request: CommitRequest<T>) {
    for (;;) {
      const state = await this.latest()
      await this.#assertUnanswered(state, request)
      if (!plan.holds(state)) return undefined
      const record: CommitRecord = {
        format: recordFormatVersion,
        seq: state.seq + 1,
        commitId: plan.commitId ?? randomUUID(),
        atMs: this.#options.clock.nowMs(),
        principal: request.caller?.principal.keyId ?? 'system',
        changes: [...plan.changes],
        ...(plan.outcome === undefined ? {} : { result: plan.outcome }),
        ...(plan.grouped === undefined ? {} : { grouped: [...plan.grouped] }),
        ...answeredBy(plan, request),
      }
      if (await this.#options.log.append(record)) {
        // It is committed: from here on nothing may fail the commit or discard what it names.
        this.#accept(record)
        this.#durableSeq = record.seq
        await this.#checkpoint()
        return record.seq
      }
    }
  }

  /** Replaying an answer acknowledges what it tells of, so that must be durable as well. */
  async #assertUnanswered(state: CatalogState, { caller }: CommitRequest<unknown>): Promise<void> {
    const { seq } = state
    const answered = caller?.replay && state.answer(caller.replay.key)
    if (answered === undefined) return
    await this.#makeDurable(seq)
    throw new AlreadyAnswered(answered)
  }

  async #makeDurable(seq: number): Promise<void> {
    if (this.#durableSeq >= seq) return
    await this.#options.log.sync()
    this.#durableSeq = Math.max(this.#durableSeq, seq)
  }

  /** Applies a record unless a refresh that ran beside has done so. */
  #accept(record: CommitRecord): void {
    if (record.seq !== this.#state.seq + 1) return
    this.#state.apply(record)
    const isMoved = record.changes.some((change) => change.kind === 'set-warehouse')
    if (isMoved) this.#onWarehouse?.(this.warehouseUris)
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#readOn().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const record = await this.#options.log.read(this.#state.seq + 1)
      if (record === undefined) return
      this.#accept(record)
    }
  }

  /** A checkpoint only speeds up the next start: failing to write one must not fail the commit. */
  async #checkpoint(): Promise<void> {
    const recordCount = this.#state.seq - this.#checkpointedSeq
    if (recordCount < this.#options.checkpointEvery) return
    const body = this.#state.toCheckpoint()
    this.#checkpointedSeq = body.seq
    try {
      // It may hold another process's record; one that a power failure took would leave a gap.
      await this.#makeDurable(body.seq)
      await this.#options.log.writeCheckpoint(body)
    } catch (error) {
      this.#options.logger.warn({ err: error, seq: body.seq }, 'checkpoint not written')
    }
  }

  async #recordWarehouse(uri: string): Promise<void> {
    await this.commit({
      caller: undefined,
      build: async (state) => ({
        changes: state.warehouseUri === null ? [{ kind: 'set-warehouse', uri }] : [],
        result: undefined,
        holds: (now) => now.warehouseUri === null,
      }),
    })
  }
}

/** What was built when the warehouse had another URI names files by that: it is built anew. */
function holdsAt({ holds }: CommitPlan<unknown>, uri: string | null): CommitPlan<unknown>['holds'] {
  return (state) => state.warehouseUri === uri && holds(state)
}

function answeredBy(plan: CommitPlan<unknown>, { caller }: CommitRequest<unknown>) {
  if (caller?.replay === undefined) return {}
  const answer = plan.answer ?? { kind: 'body' as const, status: 204, body: null }
  return { answered: { ...caller.replay, answer } }
}

function isUnknown(error: unknown): boolean {
  if (error instanceof AlreadyAnswered) return false
  return !(error instanceof HyperMeshError) || error.effect !== 'none'
}
