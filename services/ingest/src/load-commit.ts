import { randomUUID } from 'node:crypto'
import type { HyperMeshClient } from '@hypermesh/client'
import {
  type AppendFilesReply,
  type AppendFilesRequest,
  type DataFileEntry,
  formatTableName,
  HyperMeshError,
  type IcebergSchema,
  type LoadTableReply,
} from '@hypermesh/contract'
import type { CopiedFile } from '@hypermesh/duckdb'
import { toDataFileEntry, type Warehouse } from '@hypermesh/iceberg'
import { commitIdOf, summaryKeys } from './content-identity.ts'
import type { LoadRequest } from './ingest.ts'
import { type LoadIntent, settleIntent, writeIntent } from './load-intent.ts'

export interface LoadCommitOptions {
  readonly catalog: HyperMeshClient
  readonly warehouse: Warehouse
  readonly request: LoadRequest
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
  'base' | 'schema' | 'contentKey' | 'summary' | 'receipt'
>

/** `ours` is false when another request of the same idempotency key had committed before. */
export interface CommitOutcome {
  readonly reply: Pick<AppendFilesReply, 'result' | 'snapshotId' | 'receipt'>
  readonly ours: boolean
}

const turnsMax = 16
const settleMs = 60_000

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

  /** True when files are published and whether a commit names them could not be learned. */
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
    files: readonly CopiedFile[],
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
    }
    const entries = files.map((file, index) =>
      toDataFileEntry({ ...file, uri: uris[index] ?? '', schema: place.schema }),
    )
    await writeIntent(directory, intent)
    this.#published = { intent, entries, location: place.location }
    for (const [index, file] of files.entries()) {
      this.#signal.throwIfAborted()
      await warehouse.store.publish(file.path, intent.keys[index] ?? '')
    }
  }

  /** Commits what is published. Throws `conflict` when the table changed: plan anew. */
  async commit(content: CommitContent): Promise<CommitOutcome> {
    const { catalog, request } = this.#options
    const { intent, entries } = this.#need()
    const { attempt, commitId } = intent
    try {
      const reply = await catalog.appendFiles(
        request.table,
        {
          ...content,
          commitId,
          mode: request.mode,
          files: [...entries],
          again: request.again,
          summary: {
            ...content.summary,
            [summaryKeys.attempt]: attempt,
            [summaryKeys.commitId]: commitId,
          },
          receipt: { ...content.receipt, attempt },
        },
        { signal: this.#signal },
      )
      const ours = reply.result === 'committed' && reply.receipt?.attempt === attempt
      if (ours) this.#published = undefined
      else await this.withdraw()
      return { reply, ours }
    } catch (error) {
      if (hasCode(error, 'conflict')) throw error
      if (hasCode(error, 'gone') && this.#hasAnotherTurn()) {
        await this.#takeNextTurn()
        return this.commit(content)
      }
      return this.#settle(error)
    }
  }

  /** Deletes what was published and no commit names. */
  async withdraw(): Promise<void> {
    const published = this.#published
    this.#published = undefined
    for (const key of published?.intent.keys ?? []) {
      await this.#options.warehouse.store.delete(key)
    }
  }

  /** What an earlier request with this idempotency key committed, as far as it is remembered. */
  async findEarlier(table: LoadTableReply | undefined): Promise<AppendFilesReply | undefined> {
    const { request, catalog } = this.#options
    if (request.idempotencyKey === undefined || table === undefined) return undefined
    const landed = new Set(
      table.metadata.snapshots?.map((entry) => entry.summary?.[summaryKeys.commitId]),
    )
    for (let turn = 0; turn <= turnsMax; turn += 1) {
      const commitId = this.#commitId(turn)
      if (!landed.has(commitId)) continue
      // It has landed, so this only asks for its record, which may be forgotten by now.
      const { commit } = await catalog.settleCommit(commitId, { signal: this.#signal })
      if (commit !== null) return commit
    }
    return undefined
  }

  /** The commit was asked for and its outcome is not known: the log decides. */
  async #settle(error: unknown): Promise<CommitOutcome> {
    const { catalog, warehouse } = this.#options
    const { intent } = this.#need()
    this.#published = undefined
    const signal = AbortSignal.timeout(settleMs)
    const parts = { catalog, warehouse, signal }
    const settled = await settleIntent(parts, intent).catch((failure: unknown) => {
      // Neither kept nor deleted: the next start settles it from the intent.
      this.#isUnsettled = true
      throw new HyperMeshError('unavailable', 'whether the file was loaded is not known yet', {
        effect: 'unknown',
        cause: failure,
      })
    })
    if (settled === undefined) throw withoutEffect(error)
    return { reply: { ...settled, result: 'committed' }, ours: true }
  }

  #hasAnotherTurn(): boolean {
    return this.#options.request.idempotencyKey !== undefined && this.#turn < turnsMax
  }

  /** An earlier request of this key failed and used its commit id up: take the next one. */
  async #takeNextTurn(): Promise<void> {
    const published = this.#need()
    this.#turn += 1
    const intent = { ...published.intent, commitId: this.#commitId() }
    await writeIntent(this.#options.directory, intent)
    this.#published = { ...published, intent }
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

/** The log says that the commit never will be, so the failure has changed nothing. */
function withoutEffect(error: unknown): unknown {
  if (!(error instanceof HyperMeshError) || error.effect === 'none') return error
  const details = error.details === undefined ? {} : { details: error.details }
  return new HyperMeshError(error.code, error.message, { ...details, cause: error, effect: 'none' })
}
