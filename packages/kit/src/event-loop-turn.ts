/** What requests answered on this thread may take of one turn of the event loop, in milliseconds. */
const turnMs = 5

/**
 * Shares an event loop between requests that are answered on its thread, each in less than some
 * milliseconds, and all else: those that come in one burst are spread over several turns, in the order in
 * which they came, so that `/healthz` and whatever else came beside them waits for a few, not for all.
 */
export class RequestTurns {
  readonly #now: () => number
  /** When the first of this turn looked. What others did in it before has no part in this. */
  #beganMs: number | undefined
  #isEndAhead = false
  #waiting = 0

  /** `now` counts milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Undefined: now; else when there is time. */
  next(): Promise<void> | undefined {
    if (!this.#isEndAhead) this.#begin()
    if (this.#waiting === 0 && this.#hasTime()) return undefined
    this.#waiting += 1
    return new Promise((resolve) => {
      const look = () => {
        if (!this.#hasTime()) {
          setImmediate(look)
          return
        }
        this.#waiting -= 1
        resolve()
      }
      setImmediate(look)
    })
  }

  #hasTime(): boolean {
    const nowMs = this.#now()
    this.#beganMs ??= nowMs
    return nowMs - this.#beganMs < turnMs
  }

  #begin(): void {
    this.#isEndAhead = true
    this.#beganMs = undefined
    // It runs before those that wait look, as it was there before them; and the first that looks goes.
    setImmediate(() => {
      this.#isEndAhead = false
      if (this.#waiting > 0) this.#begin()
    })
  }
}

const turns = new RequestTurns(() => performance.now())

/**
 * Awaited by a request before it does short work on this thread, whose event loop all services share.
 * Undefined where there is time at once.
 */
export function eventLoopTurn(): Promise<void> | undefined {
  return turns.next()
}
