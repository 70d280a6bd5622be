import { randomUUID } from 'node:crypto'
import {
  HyperMeshError,
  hasRole,
  type Principal,
  printable,
  type queryStates,
  type RunningQuery,
} from '@hypermesh/contract'
import type { Clock } from './clock.ts'

type State = (typeof queryStates)[number]

/** A statement from its arrival until its session has stopped. Dispose it then. */
export interface RunningStatement extends Disposable {
  readonly id: string
  /** Aborts when the statement is cancelled by its id, and when its request ends. */
  readonly signal: AbortSignal
  state: State
}

interface Entry extends RunningStatement {
  readonly principal: Principal
  readonly sql: string
  readonly startedMs: number
  readonly controller: AbortController
}

const idPattern = /^[A-Za-z0-9._:-]{1,64}$/
const sqlShown = 1000

/** What waits or runs in this process, by query id. */
export class RunningStatements {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Throws `invalid` for an id that is none, and `exists` while another statement has it. */
  enter(statement: {
    readonly id: string | undefined
    readonly principal: Principal
    readonly sql: string
    readonly signal: AbortSignal
  }): RunningStatement {
    const { id = randomUUID(), principal, sql } = statement
    if (!idPattern.test(id)) {
      throw new HyperMeshError('invalid', 'a query id has 1 to 64 letters, digits, and . _ : -')
    }
    if (this.#entries.has(id)) {
      throw new HyperMeshError('exists', `a statement with the query id ${id} runs already`)
    }
    const controller = new AbortController()
    const entry: Entry = {
      id,
      principal,
      sql,
      startedMs: this.#clock.nowMs(),
      controller,
      signal: AbortSignal.any([statement.signal, controller.signal]),
      state: 'waiting',
      [Symbol.dispose]: () => {
        this.#entries.delete(id)
      },
    }
    this.#entries.set(id, entry)
    return entry
  }

  list(principal: Principal): RunningQuery[] {
    const nowMs = this.#clock.nowMs()
    return [...this.#entries.values()]
      .filter((entry) => mayTouch(principal, entry))
      .map(({ id, principal: { keyId }, sql, state, startedMs }) => ({
        id,
        keyId,
        sql: sql.slice(0, sqlShown),
        state,
        startedAt: new Date(startedMs).toISOString(),
        elapsedMs: nowMs - startedMs,
      }))
  }

  /** Another's statement is as absent as one that has ended. */
  cancel(principal: Principal, id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined || !mayTouch(principal, entry)) {
      throw new HyperMeshError('not_found', `no statement with the query id ${printable(id)} runs`)
    }
    entry.controller.abort(
      new HyperMeshError('cancelled', `the statement ${id} was cancelled`, { effect: 'none' }),
    )
  }
}

function mayTouch(principal: Principal, entry: Entry): boolean {
  return principal.keyId === entry.principal.keyId || hasRole(principal, 'admin')
}
