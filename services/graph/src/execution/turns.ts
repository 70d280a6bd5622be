import { setImmediate } from 'node:timers/promises'

const stepsOfTurn = 1024

/** Divides long work in memory, so that others have their turn and a cancellation is heard of. */
export class Turns {
  readonly #signal: AbortSignal
  #left = stepsOfTurn

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** Counts one step; true when it is the turn of others. */
  isOver(): boolean {
    this.#left -= 1
    return this.#left <= 0
  }

  /** Throws when the signal was aborted meanwhile. */
  async next(): Promise<void> {
    await setImmediate()
    this.#signal.throwIfAborted()
    this.#left = stepsOfTurn
  }
}
