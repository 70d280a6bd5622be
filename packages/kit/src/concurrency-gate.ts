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

interface Party {
  running: number
  readonly waiting: Set<() => void>
}

class Place implements Disposable {
  #leave: (() => void) | undefined

  constructor(leave: () => void) {
    this.#leave = leave
  }

  [Symbol.dispose](): void {
    this.#leave?.()
    this.#leave = undefined
  }
}

/**
 * Lets so many through at once, so many wait, and refuses the rest as `unavailable`. Who says on whose
 * behalf it enters shares with others: parties that wait take turns, one leaves a place to others
 * where there is more than one, and one fills at most half of the queue.
 */
export class ConcurrencyGate {
  readonly #options: ConcurrencyGateOptions
  /** In the order of their turns. */
  readonly #parties = new Map<string | undefined, Party>()
  #running = 0
  #waiting = 0

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
      collect: () => this.#waiting,
    })
  }

  get runningCount(): number {
    return this.#running
  }

  get waitingCount(): number {
    return this.#waiting
  }

  /** A place where one is free at once. */
  tryEnter(party?: string): Disposable | undefined {
    const own = this.#parties.get(party) ?? { running: 0, waiting: new Set() }
    if (!this.#hasRoom(party, own)) return undefined
    this.#parties.set(party, own)
    this.#admit(own)
    return this.#placeOf(party, own)
  }

  /** Waits for a place; dispose what it returns to give the place on. Leaves when aborted. */
  async enter(signal?: AbortSignal, party?: string): Promise<Disposable> {
    signal?.throwIfAborted()
    const place = this.tryEnter(party)
    if (place !== undefined) return place
    const own = this.#parties.get(party) ?? { running: 0, waiting: new Set() }
    this.#parties.set(party, own)
    // Those who wait although there is room have had their share of it.
    await this.#wait(party, own, signal)
    return this.#placeOf(party, own)
  }

  async run<T>(work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    using _place = await this.enter(signal)
    return await work()
  }

  #placeOf(party: string | undefined, own: Party): Disposable {
    return new Place(() => this.#leave(party, own))
  }

  #hasRoom(party: string | undefined, own: Party): boolean {
    const { concurrencyMax } = this.#options
    if (this.#running >= concurrencyMax) return false
    return party === undefined || own.running < Math.max(1, concurrencyMax - 1)
  }

  #admit(own: Party): void {
    this.#running += 1
    own.running += 1
  }

  #wait(party: string | undefined, own: Party, signal: AbortSignal | undefined): Promise<void> {
    const { name, concurrencyMax, queueMax } = this.#options
    const ownMax = party === undefined ? queueMax : Math.ceil(queueMax / 2)
    if (this.#waiting >= queueMax || own.waiting.size >= ownMax) {
      this.#forgetIdle(party, own)
      const message = `${concurrencyMax} ${name} run and ${Math.min(queueMax, ownMax)} wait; try again later`
      throw new HyperMeshError('unavailable', message, {
        details: { concurrencyMax, queueMax, retryAfterSeconds: 1 },
      })
    }
    return new Promise((resolve, reject) => {
      const stopWaiting = () => {
        signal?.removeEventListener('abort', onAbort)
        own.waiting.delete(proceed)
        this.#waiting -= 1
      }
      const onAbort = () => {
        stopWaiting()
        this.#forgetIdle(party, own)
        reject(signal?.reason)
      }
      const proceed = () => {
        stopWaiting()
        this.#admit(own)
        resolve()
      }
      own.waiting.add(proceed)
      this.#waiting += 1
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  // The place passes to the next in turn without being free in between.
  #leave(party: string | undefined, own: Party): void {
    this.#running -= 1
    own.running -= 1
    for (const [name, next] of this.#parties) {
      const [proceed] = next.waiting
      if (proceed === undefined || !this.#hasRoom(name, next)) continue
      // To the end of the line of parties.
      this.#parties.delete(name)
      this.#parties.set(name, next)
      proceed()
      break
    }
    this.#forgetIdle(party, own)
  }

  #forgetIdle(party: string | undefined, own: Party): void {
    if (own.running === 0 && own.waiting.size === 0) this.#parties.delete(party)
  }
}
