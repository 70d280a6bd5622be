import { randomUUID } from 'node:crypto'
import type { HyperMeshClient } from '@hypermesh/client'
import {
  type AppendFilesReply,
  type AppendFilesRequest,
  type DataFileEntry,
  formatTableName,
  HyperMeshError,
  type IcebergSchema,
} from '@hypermesh/contract'
import { toDataFileEntry, type Warehouse } from '@hypermesh/iceberg'
import type { Logger } from '@hypermesh/kit'
import { commitIdOf } from './content-identity.ts'
import type { LoadRequest } from './ingest.ts'
import { isOfAttempt, type LoadIntent, outcomeOf, writeIntent } from './load-intent.ts'
import type { TableFile } from './table-files.ts'

export interface LoadCommitOptions {
  readonly catalog: HyperMeshClient
  readonly warehouse: Warehouse
  readonly request: LoadRequest
  readonly logger: Logger
  /** The load's own, where its intent is written. */
  readonly directory: string
}

interface Published {
  readonly intent: LoadIntent
  readonly entries: readonly DataFileEntry[]
  readonly location: string
}

/** What a commit says beside its files. */
export type CommitContent = Pick<
  AppendFilesRequest,
  'base' | 'location' | 'schema' | 'layout' | 'contentKey' | 'summary' | 'receipt'
>

/** `ours` is false when another request of the same idempotency key had committed before. */
export interface CommitOutcome {
  readonly reply: Pick<AppendFilesReply, 'result' | 'snapshotId' | 'receipt'>
  readonly ours: boolean
}

const turnsMax = 16
/** The request waits for so long; after that the load is settled without it. */
const settleMs = 15_000

/**
 * The files of one load on their way from this process's directory into the log. Until a commit
 * names them they are this object's to delete; after one does, nobody's.
 */
export class LoadCommit {
  readonly #options: LoadCommitOptions
  readonly #attempt = randomUUID()
  readonly #ownCommitId = randomUUID()
  #published: Published | undefined
  #publications = 0
  /** How many commit ids of the idempotency key earlier, failed requests have used up. */
  #turn = 0
  #isUnsettled = false

  constructor(options: LoadCommitOptions) {
    this.#options = options
  }

  /** True when published files are left whose fate the intent, which is to be kept, decides. */
  get isUnsettled(): boolean {
    return this.#isUnsettled
  }

  get location(): string | undefined {
    return this.#published?.location
  }

  get entries(): readonly DataFileEntry[] {
    return this.#published?.entries ?? []
  }

  /** Moves finished files to where the table will find them; the intent is durable before. */
  async publish(
    files: readonly TableFile[],
    place: { readonly location: string; readonly schema: IcebergSchema },
  ): Promise<void> {
    const { warehouse, request, directory } = this.#options
    this.#publications += 1
    const commitId = this.#commitId()
    const stem = `${commitId}-${this.#attempt.slice(0, 8)}-${this.#publications}`
    const uris = files.map((_, index) => `${place.location}/data/${stem}-${index}.parquet`)
    const intent: LoadIntent = {
      commitId,
      attempt: this.#attempt,
      table: formatTableName(request.table),
      keys: uris.map((uri) => warehouse.toKey(uri)),
      sinceSeq: await this.#position(),
    }
    const entries = files.map((file, index) => ({
      ...toDataFileEntry({ ...file, uri: uris[index] ?? '', schema: place.schema }),
      ...file.place,
    }))
    await writeIntent(directory, intent)
    this.#published = { intent, entries, location: place.location }
    for (const [index, file] of files.entries()) {
      this.#signal.throwIfAborted()
      await warehouse.store.publish(file.path, intent.keys[index] ?? '')
    }
  }

  /** Commits what is published. Throws `conflict` when the table changed: plan anew. */
  async commit(content: CommitContent): Promise<CommitOutcome> {
    let reply: AppendFilesReply
    try {
      reply = await this.#append(content)
    } catch (error) {
      if (hasCode(error, 'conflict')) throw error
      if (hasCode(error, 'gone') && this.#hasAnotherTurn()) {
        await this.#takeNextTurn()
        return this.commit(content)
      }
      return this.#settle(error)
    }
    const { attempt } = this.#need().intent
    const ours = reply.result === 'committed' && isOfAttempt(reply, attempt)
    if (ours) this.#published = undefined
    else await this.abandon()
    return { reply, ours }
  }

  #append(content: CommitContent): Promise<AppendFilesReply> {
    const { catalog, request } = this.#options
    const { intent, entries } = this.#need()
    const body = {
      ...content,
      commitId: intent.commitId,
      mode: request.mode,
      files: [...entries],
      again: request.again,
      receipt: { ...content.receipt, attempt: intent.attempt },
    }
    return catalog.appendFiles(request.table, body, { signal: this.#signal })
  }

  /** Deletes what was published. Requires that no commit names it, nor is asked to. */
  async withdraw(): Promise<void> {
    for (const key of this.#published?.intent.keys ?? []) {
      await this.#options.warehouse.store.delete(key)
    }
    this.#published = undefined
  }

  /** Withdraws where the outcome stands already: what cannot be deleted now is settled later. */
  async abandon(): Promise<void> {
    try {
      await this.withdraw()
    } catch (error) {
      this.#isUnsettled = true
      this.#published = undefined
      this.#options.logger.warn({ err: error }, 'files that no commit names could not be deleted')
    }
  }

  /**
   * What an earlier request with this idempotency key committed, as far as it is remembered. The
   * older turns are forgotten first, so every one is asked for.
   */
  async findEarlier(): Promise<AppendFilesReply | undefined> {
    const { request, catalog } = this.#options
    if (request.idempotencyKey === undefined) return undefined
    for (let turn = 0; turn <= turnsMax; turn += 1) {
      const found = await catalog.findCommit(this.#commitId(turn), { signal: this.#signal })
      if (found.outcome === 'committed') return found.commit ?? undefined
    }
    return undefined
  }

  /** The commit was asked for and its outcome is not known: the log decides. */
  async #settle(error: unknown): Promise<CommitOutcome> {
    const { catalog } = this.#options
    const { intent } = this.#need()
    const signal = AbortSignal.timeout(settleMs)
    const { namesFiles, commit } = await outcomeOf(intent, { catalog, signal }).catch(
      (failure: unknown) => {
        // Neither kept nor deleted: it is settled later from the intent.
        this.#isUnsettled = true
        this.#published = undefined
        throw unknownOutcome(failure)
      },
    )
    if (namesFiles) this.#published = undefined
    else await this.abandon()
    if (commit !== null) return { reply: commit, ours: namesFiles }
    throw namesFiles ? unknownOutcome(error) : withoutEffect(error)
  }

  #hasAnotherTurn(): boolean {
    return this.#options.request.idempotencyKey !== undefined && this.#turn < turnsMax
  }

  /** An earlier request of this key failed and used its commit id up: take the next one. */
  async #takeNextTurn(): Promise<void> {
    const published = this.#need()
    this.#turn += 1
    const sinceSeq = await this.#position()
    const intent = { ...published.intent, commitId: this.#commitId(), sinceSeq }
    await writeIntent(this.#options.directory, intent)
    this.#published = { ...published, intent }
  }

  /** Asked for before the intent is written: a commit of it is in the log after this. */
  async #position(): Promise<number> {
    const { seq } = await this.#options.catalog.commitPosition({ signal: this.#signal })
    return seq
  }

  #commitId(turn = this.#turn): string {
    const { idempotencyKey, context, table } = this.#options.request
    if (idempotencyKey === undefined) return this.#ownCommitId
    const { keyId } = context.principal
    return commitIdOf({ keyId, table: formatTableName(table), idempotencyKey }, turn)
  }

  get #signal(): AbortSignal {
    return this.#options.request.context.signal
  }

  #need(): Published {
    if (this.#published !== undefined) return this.#published
    throw new HyperMeshError('internal', 'a commit was asked for before its files were published')
  }
}

function hasCode(error: unknown, code: HyperMeshError['code']): boolean {
  return error instanceof HyperMeshError && error.code === code
}

function unknownOutcome(cause: unknown): HyperMeshError {
  return new HyperMeshError('unavailable', 'whether the file was loaded is not known yet', {
    effect: 'unknown',
    cause,
  })
}

/** The log says that the commit never will be, so the failure has changed nothing. */
function withoutEffect(error: unknown): unknown {
  if (!(error instanceof HyperMeshError) || error.effect === 'none') return error
  const details = error.details === undefined ? {} : { details: error.details }
  return new HyperMeshError(error.code, error.message, { ...details, cause: error, effect: 'none' })
}
