import type { Clock } from '@hypermesh/kit'

/** A clock that moves only when told to. */
export class ManualClock implements Clock {
  #elapsedMs = 0
  readonly #startMs: number

  constructor(start = '2026-01-01T00:00:00Z') {
    this.#startMs = Date.parse(start)
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  advance(ms: number): void {
    this.#elapsedMs += ms
  }
}
