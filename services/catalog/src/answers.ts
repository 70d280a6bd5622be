import {
  type ErrorCode,
  errorTable,
  HyperMeshError,
  type LoadTableReply,
  type LoadViewReply,
  stringifyJson,
} from '@hypermesh/contract'
import type { Logger } from '@hypermesh/kit'
import { AlreadyAnswered, type Caller, type ReplayKey } from './caller.ts'
import type { CatalogStore } from './catalog-store.ts'
import type { AnsweredRequest, StoredAnswer } from './commit-record.ts'

interface AnswersOptions {
  readonly store: CatalogStore
  readonly logger: Logger
  readonly loadTable: (answer: EntryAnswer) => Promise<LoadTableReply>
  readonly loadView: (answer: EntryAnswer) => Promise<LoadViewReply>
}

export type EntryAnswer = Extract<StoredAnswer, { kind: 'table' | 'view' }>

/**
 * Requests under an idempotency key: the first is carried out, and its record holds what it was
 * answered; the same request again is answered from there. A refusal is final too, and has a record
 * of its own; a failure of ours is not, so that the request can be tried again.
 */
export class Answers {
  readonly #options: AnswersOptions

  constructor(options: AnswersOptions) {
    this.#options = options
  }

  async answer(
    caller: Caller & { readonly replay: ReplayKey },
    carryOut: () => Promise<Response>,
  ): Promise<Response> {
    const { key } = caller.replay
    const known = await this.#options.store.findDurable((state) => state.answer(key))
    if (known !== undefined) return this.#replay(known, caller.replay)
    try {
      return await carryOut()
    } catch (error) {
      if (error instanceof AlreadyAnswered) return this.#replay(error.answered, caller.replay)
      if (error instanceof HyperMeshError && isFinal(error)) await this.#refuse(caller, error)
      throw error
    }
  }

  async #refuse(caller: Caller, error: HyperMeshError): Promise<void> {
    const { code, message, details } = error
    const answer = { kind: 'error' as const, code, message, ...(details ? { details } : {}) }
    try {
      await this.#options.store.commit({
        caller,
        build: async () => ({ changes: [], result: undefined, answer, holds: () => true }),
      })
    } catch (failure) {
      // The refusal stands; only its replay is lost, and then the request is judged anew.
      if (failure instanceof AlreadyAnswered) return
      this.#options.logger.warn({ err: failure }, 'refusal under an idempotency key not kept')
    }
  }

  async #replay(known: AnsweredRequest, { fingerprint }: ReplayKey): Promise<Response> {
    const { answer } = known
    if (known.fingerprint !== fingerprint) {
      throw new HyperMeshError(
        'invalid',
        'the idempotency key was used for another request; make a new one for each operation',
        { details: { idempotencyKey: known.key } },
      )
    }
    switch (answer.kind) {
      case 'body':
        return answer.body === null
          ? new Response(null, { status: answer.status })
          : json(answer.body, answer.status)
      case 'error':
        // Stored by `refuse` from an error of this table.
        throw new HyperMeshError(answer.code as ErrorCode, answer.message, {
          ...(answer.details ? { details: answer.details } : {}),
        })
      case 'view':
        return json(await this.#options.loadView(answer))
      default:
        return json(await this.#options.loadTable(answer))
    }
  }
}

/** Refusals that a repeat cannot change: not those of the caller's rights, rate or patience. */
function isFinal(error: HyperMeshError): boolean {
  const { status } = errorTable[error.code]
  return error.effect === 'none' && [400, 404, 409, 410, 412, 413, 415, 422].includes(status)
}

/** Metadata may hold 64-bit integers, which `c.json` would refuse. */
export function json(
  value: unknown,
  status = 200,
  more: Readonly<Record<string, string>> = {},
): Response {
  const headers = { 'content-type': 'application/json', ...more }
  return new Response(stringifyJson(value), { status, headers })
}
