import {
  type AppendFilesReply,
  type AppendFilesRequest,
  appendFilesRequest,
  type FindCommitReply,
  HyperMeshError,
  type SettleCommitReply,
  type SettleCommitRequest,
  stringifyJson,
  type TableName,
} from '@hypermesh/contract'
import { requireRole } from '@hypermesh/kit'
import type { z } from 'zod'
import { AppendGroups, type ClosingGroup, type GroupBounds } from './append-groups.ts'
import { type Append, type AppendAnswer, AppendPlanner, toReplay } from './append-planner.ts'
import type { Caller } from './caller.ts'
import type { CommitOutcome } from './catalog-state.ts'
import { queueKeyOf, type TablesOptions } from './table-rules.ts'

type Request = z.output<typeof appendFilesRequest>
type Answers = ReadonlyMap<Append, AppendAnswer>

const receiptBytesMax = 16 * 1024

/**
 * The door for writers of finished Parquet files: the snapshot is built here, on whatever is
 * current when the commit lands, so writers never race each other on manifests.
 */
export class AppendFiles {
  readonly #options: TablesOptions
  readonly #planner: AppendPlanner
  readonly #groups: AppendGroups

  constructor(options: TablesOptions, bounds: GroupBounds) {
    this.#options = options
    this.#planner = new AppendPlanner(options)
    this.#groups = new AppendGroups(bounds, (name, group) => this.#commitGroup(name, group))
  }

  async append(
    caller: Caller,
    name: TableName,
    body: AppendFilesRequest,
  ): Promise<AppendFilesReply> {
    requireRole(caller.principal, 'writer')
    const request = appendFilesRequest.parse(body)
    this.#checkBounds(request)
    await this.#checkFiles(request)
    const append = { caller, request }
    const answer = this.#groups.takes(append)
      ? await this.#groups.add(name, append)
      : await this.#commitAlone(name, append)
    if ('error' in answer) throw answer.error
    const { commitSeq, ...reply } = answer.reply
    if (commitSeq === undefined) throw new TypeError('an append was answered before its commit')
    return { commitSeq, ...reply }
  }

  /**
   * Commits appends to one table together. Where their commit failed without effect, each is tried
   * alone, so that none answers for another; where its effect is unknown, all are told so, and each
   * of them can be settled by its own commit id.
   */
  async #commitGroup(name: TableName, { caller, close }: ClosingGroup): Promise<Answers> {
    const progress = { isBuilding: true }
    try {
      return await this.#commit(name, { caller, close }, progress)
    } catch (error) {
      const appends = close()
      const isHarmless = progress.isBuilding || isWithoutEffect(error)
      if (!isHarmless || appends.length === 1) {
        return new Map(appends.map((append) => [append, { error }]))
      }
      const answers = new Map<Append, AppendAnswer>()
      for (const append of appends) answers.set(append, await this.#commitAlone(name, append))
      return answers
    }
  }

  async #commitAlone(name: TableName, append: Append): Promise<AppendAnswer> {
    try {
      const { caller } = append
      const answers = await this.#commit(name, { caller, close: () => [append] })
      return answers.get(append) ?? { error: new TypeError('an append was not answered') }
    } catch (error) {
      return { error }
    }
  }

  async #commit(
    name: TableName,
    { caller, close }: ClosingGroup,
    progress = { isBuilding: true },
  ): Promise<Answers> {
    const { seq, result } = await this.#options.store.commit({
      caller,
      queueKeys: [queueKeyOf(name)],
      build: async (state) => {
        progress.isBuilding = true
        const plan = await this.#planner.plan(state, name, close())
        progress.isBuilding = false
        return plan
      },
    })
    await result.after?.()
    return new Map([...result.answers].map(([append, answer]) => [append, dated(answer, seq)]))
  }

  /** After this the commit has landed or never will: the log holds one or the other. */
  async settle(
    caller: Caller,
    commitId: string,
    { sinceSeq }: SettleCommitRequest,
  ): Promise<SettleCommitReply> {
    requireRole(caller.principal, 'writer')
    const { store } = this.#options
    const { result } = await store.commit<SettleCommitReply>({
      caller,
      build: async (state) => {
        // What is remembered is bounded; the log itself is not.
        const outcome = state.outcome(commitId) ?? (await store.findOutcome(commitId, sinceSeq))
        if (outcome !== undefined) {
          return { changes: [], result: toSettleReply(outcome), holds: () => true }
        }
        return {
          changes: [{ kind: 'abandon-commit', commitId }],
          result: { outcome: 'abandoned', commit: null },
          holds: (now) => now.outcome(commitId) === undefined,
        }
      },
    })
    return result
  }

  /** What is remembered of a commit id, without changing anything. */
  async find(commitId: string): Promise<FindCommitReply> {
    const { store } = this.#options
    const outcome = await store.findDurable((state) => state.outcome(commitId))
    return outcome === undefined ? { outcome: 'unknown', commit: null } : toSettleReply(outcome)
  }

  async position(): Promise<number> {
    return (await this.#options.store.latest()).seq
  }

  #checkBounds(request: Request): void {
    if (request.files.length > this.#options.limits.commitFilesMax) {
      throw new HyperMeshError(
        'too_large',
        `${request.files.length} files in one commit; at most ${this.#options.limits.commitFilesMax}`,
      )
    }
    if (stringifyJson(request.receipt ?? null).length > receiptBytesMax) {
      throw new HyperMeshError('too_large', `a receipt has at most ${receiptBytesMax} bytes`)
    }
  }

  /** A commit must not name a file that is not there, or not whole. */
  async #checkFiles(request: Request): Promise<void> {
    const { warehouse } = this.#options
    for (const file of request.files) {
      const head = await warehouse.store.head(warehouse.toKey(file.path))
      if (head?.bytes !== file.fileBytes) {
        throw new HyperMeshError(
          'invalid',
          `${file.path} is not there with ${file.fileBytes} bytes`,
        )
      }
    }
  }
}

function toSettleReply(outcome: CommitOutcome): SettleCommitReply {
  if (outcome.result === null) return { outcome: 'abandoned', commit: null }
  return { outcome: 'committed', commit: { ...toReplay(outcome), commitSeq: outcome.seq } }
}

/** What was committed before has its own place in the log; the rest that of this commit. */
function dated(answer: AppendAnswer, seq: number): AppendAnswer {
  return 'reply' in answer ? { reply: { commitSeq: seq, ...answer.reply } } : answer
}

function isWithoutEffect(error: unknown): boolean {
  return error instanceof HyperMeshError && error.effect === 'none'
}
