import type { Logger } from '@hypermesh/kit'

/** How often and for how long a load is tried again; the defaults give up after some 20 minutes. */
export interface Backoff {
  readonly firstMs: number
  readonly longestMs: number
  readonly attemptsMax: number
}

export interface UnsettledLoadsOptions {
  /** Settles what the directory of a load holds and removes it, or throws. */
  readonly settle: (directory: string, signal: AbortSignal) => Promise<void>
  readonly logger: Logger
  readonly backoff?: Backoff
}

const defaultBackoff: Backoff = { firstMs: 1000, longestMs: 300_000, attemptsMax: 12 }
const attemptMs = 60_000
const disposalMs = 5000
const loadsMax = 1000

/**
 * Loads whose outcome could not be learned, tried again until the log answers. What is given up or
 * left at disposal stays on disk, where the next start settles it.
 */
export class UnsettledLoads {
  readonly #options: UnsettledLoadsOptions
  readonly #backoff: Backoff
  readonly #stop = new AbortController()
  /** By directory; without a timer while one is tried, or when it has been given up. */
  readonly #loads = new Map<string, NodeJS.Timeout | undefined>()
  readonly #attempts = new Set<Promise<void>>()

  constructor(options: UnsettledLoadsOptions) {
    this.#options = options
    this.#backoff = options.backoff ?? defaultBackoff
  }

  get count(): number {
    return this.#loads.size
  }

  add(directory: string): void {
    if (this.#stop.signal.aborted || this.#loads.size >= loadsMax) {
      this.#options.logger.error({ directory }, 'a load stays unsettled until the next start')
      return
    }
    this.#schedule(directory, 1)
  }

  #schedule(directory: string, attempt: number): void {
    const { firstMs, longestMs } = this.#backoff
    const retry = () => {
      this.#loads.set(directory, undefined)
      const work = this.#retry(directory, attempt).finally(() => this.#attempts.delete(work))
      this.#attempts.add(work)
    }
    const timer = setTimeout(retry, Math.min(longestMs, firstMs * 2 ** (attempt - 1)))
    timer.unref()
    this.#loads.set(directory, timer)
  }

  async #retry(directory: string, attempt: number): Promise<void> {
    const timeout = AbortSignal.timeout(attemptMs)
    if (await this.#settle(directory, AbortSignal.any([this.#stop.signal, timeout]))) return
    if (!this.#stop.signal.aborted && attempt < this.#backoff.attemptsMax) {
      this.#schedule(directory, attempt + 1)
    }
  }

  async #settle(directory: string, signal: AbortSignal): Promise<boolean> {
    const { settle, logger } = this.#options
    try {
      await settle(directory, signal)
      this.#loads.delete(directory)
      return true
    } catch (error) {
      logger.warn({ err: error, directory }, 'a load could not be settled yet')
      return false
    }
  }

  /** Tries each once more, those given up too. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    for (const timer of this.#loads.values()) clearTimeout(timer)
    await Promise.all(this.#attempts)
    const signal = AbortSignal.timeout(disposalMs)
    for (const directory of [...this.#loads.keys()]) await this.#settle(directory, signal)
  }
}
