import { systemClock } from './clock.ts'

/** Timers take no more, and fire at once where asked to. */
const timerMsMax = 2 ** 31 - 1

/** What has to be told at an instant of the monotonic clock, unless it is over before. */
export interface TimedEntry {
  readonly atMs: number
  /** Told once. */
  expire(): void
}

/**
 * One timer for all deadlines, set to the earliest that it knows of: nearly all are over before, and then
 * have cost no timer. It holds no process open.
 */
class DeadlineTimer {
  readonly #entries = new Set<TimedEntry>()
  #timer: NodeJS.Timeout | undefined
  #setToMs = Number.POSITIVE_INFINITY

  add(entry: TimedEntry): void {
    this.#entries.add(entry)
    if (entry.atMs < this.#setToMs) this.#set(entry.atMs)
  }

  delete(entry: TimedEntry): void {
    this.#entries.delete(entry)
  }

  #set(atMs: number): void {
    clearTimeout(this.#timer)
    this.#setToMs = atMs
    const waitMs = Math.max(1, Math.ceil(atMs - systemClock.monotonicMs()))
    this.#timer = setTimeout(() => this.#run(), Math.min(waitMs, timerMsMax))
    this.#timer.unref()
  }

  #run(): void {
    const nowMs = systemClock.monotonicMs()
    this.#setToMs = Number.POSITIVE_INFINITY
    let nextMs = Number.POSITIVE_INFINITY
    // Those that are over now, and no longer in the way of others when one of them is told.
    const over: TimedEntry[] = []
    for (const entry of this.#entries) {
      if (entry.atMs <= nowMs) over.push(entry)
      else if (entry.atMs < nextMs) nextMs = entry.atMs
    }
    for (const entry of over) this.#entries.delete(entry)
    if (nextMs < Number.POSITIVE_INFINITY) this.#set(nextMs)
    for (const entry of over) entry.expire()
  }
}

/** Of this process. */
export const deadlineTimer = new DeadlineTimer()
