import { HyperMeshError } from '@hypermesh/contract'
import type { Metrics } from './metrics.ts'

export interface ConcurrencyGateOptions {
  /** What passes, in one word, for messages and figures: "statements". */
  readonly name: string
  readonly concurrencyMax: number
  readonly queueMax: number
  /** Where its two figures are shown: `hypermesh_<name>_running` and `_waiting`. */
  readonly metrics?: Metrics
}

/** Lets so many through at once, so many wait in order, and refuses the rest as `unavailable`. */
export class ConcurrencyGate {
  readonly #options: ConcurrencyGateOptions
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor(options: ConcurrencyGateOptions) {
    this.#options = options
    const { name, metrics } = options
    metrics?.gauge({
      name: `hypermesh_${name}_running`,
      help: `${name} that run now.`,
      collect: () => this.#running,
    })
    metrics?.gauge({
      name: `hypermesh_${name}_waiting`,
      help: `${name} that wait for their turn.`,
      collect: () => this.#waiting.size,
    })
  }

  get runningCount(): number {
    return this.#running
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Waits for a place; dispose what it returns to give the place on. Leaves when aborted. */
  async enter(signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted()
    if (this.#running < this.#options.concurrencyMax) this.#running++
    else await this.#wait(signal)
    let held = true
    return {
      [Symbol.dispose]: () => {
        if (held) this.#leave()
        held = false
      },
    }
  }

  async run<T>(work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    using _place = await this.enter(signal)
    return await work()
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    const { name, concurrencyMax, queueMax } = this.#options
    if (this.#waiting.size >= queueMax) {
      const message = `${concurrencyMax} ${name} run and ${queueMax} wait; try again later`
      throw new HyperMeshError('unavailable', message, {
        details: { concurrencyMax, queueMax, retryAfterSeconds: 1 },
      })
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(proceed)
        reject(signal?.reason)
      }
      const proceed = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      this.#waiting.add(proceed)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  // The place passes to the first in the queue without being free in between.
  #leave(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#running--
    else {
      this.#waiting.delete(next)
      next()
    }
  }
}
