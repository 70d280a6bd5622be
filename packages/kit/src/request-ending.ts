import type { HyperMeshError } from '@hypermesh/contract'

/** What ends work early, as far as those see it who do the work. */
export interface Ending {
  /** Made where it is not there yet. */
  readonly signal: AbortSignal
  throwIfAborted(): void
}

/**
 * Whether a request was ended early, and why. It has a signal once somebody asks for one: most requests are
 * over before, and to make one takes longer than to find their route.
 */
export class RequestEnding implements Ending {
  #controller: AbortController | undefined
  #reason: HyperMeshError | undefined
  #onAbort: (() => void) | undefined

  get aborted(): boolean {
    return this.#reason !== undefined
  }

  get reason(): HyperMeshError | undefined {
    return this.#reason
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Called at the end, unless it has come; there is one such listener. Further ones take the signal. */
  set onAbort(listener: (() => void) | undefined) {
    this.#onAbort = listener
  }

  throwIfAborted(): void {
    if (this.#reason !== undefined) throw this.#reason
  }

  /** The first reason stays. */
  abort(reason: HyperMeshError): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#controller?.abort(reason)
    this.#onAbort?.()
  }
}
