import type { Principal } from '@hypermesh/contract'
import type { AnsweredRequest } from './commit-record.ts'

/** Names a request, so that sending it again has no further effect. */
export interface ReplayKey {
  readonly key: string
  readonly fingerprint: string
}

/** Who changes the catalog, and under which idempotency key, if any. */
export interface Caller {
  readonly principal: Principal
  readonly replay?: ReplayKey
}

/** Thrown where a request's idempotency key turns out to have been answered: nothing was done. */
export class AlreadyAnswered extends Error {
  override readonly name = 'AlreadyAnswered'
  readonly answered: AnsweredRequest

  constructor(answered: AnsweredRequest) {
    super('the idempotency key has been answered')
    this.answered = answered
  }
}
