import { HyperMeshError } from '@hypermesh/contract'
import { systemClock } from './clock.ts'

/** Timers take no more, and fire at once where asked to. */
const timerMsMax = 2 ** 31 - 1

/** A signal that aborts at the deadline or when the client goes away, whichever is first. */
export class RequestDeadline implements Disposable {
  readonly #controller: AbortController
  readonly #timer: NodeJS.Timeout
  /** Undefined: it is the signal itself. */
  readonly #client: AbortSignal | undefined
  /** On the monotonic clock of this process, see `Clock`. */
  readonly atMs: number
  readonly #onClientGone = () => this.#abort(clientReason(this.#client))

  /** A controller instead of a signal is aborted at the deadline too: it has the one signal of both. */
  constructor(timeoutMs: number, client: AbortSignal | AbortController) {
    const isController = client instanceof AbortController
    this.#controller = isController ? client : new AbortController()
    this.#client = isController ? undefined : client
    this.atMs = systemClock.monotonicMs() + timeoutMs
    this.#timer = setTimeout(
      () => {
        this.#abort(new HyperMeshError('deadline', `the deadline of ${timeoutMs} ms has passed`))
      },
      Math.min(timeoutMs, timerMsMax),
    )
    this.#timer.unref()
    if (this.#client?.aborted === true) this.#onClientGone()
    else this.#client?.addEventListener('abort', this.#onClientGone, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#client?.removeEventListener('abort', this.#onClientGone)
  }

  #abort(reason: HyperMeshError): void {
    this[Symbol.dispose]()
    this.#controller.abort(reason)
  }
}

function clientReason(client: AbortSignal | undefined): HyperMeshError {
  return client?.reason instanceof HyperMeshError
    ? client.reason
    : new HyperMeshError('cancelled', 'the client went away', { cause: client?.reason })
}
