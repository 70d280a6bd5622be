import { setImmediate } from 'node:timers/promises'

/** Counts work, and says when it is time to let others have the event loop. */
export class EventLoopTurns {
  readonly #costPerTurn: number
  #spent = 0

  constructor(costPerTurn: number) {
    this.#costPerTurn = costPerTurn
  }

  /** True when a turn's worth is spent: then `await next()`. */
  isOver(cost: number): boolean {
    this.#spent += cost
    return this.#spent >= this.#costPerTurn
  }

  async next(signal?: AbortSignal): Promise<void> {
    this.#spent = 0
    await setImmediate()
    signal?.throwIfAborted()
  }
}
