import { HyperMeshError, type Principal } from '@hypermesh/contract'
import { systemClock } from './clock.ts'
import { RequestEnding } from './request-ending.ts'
import type { RequestContext } from './service.ts'

/** Timers take no more, and fire at once where asked to. */
const timerMsMax = 2 ** 31 - 1

/** Ends a request at the deadline or when the client goes away, whichever is first. */
export class RequestDeadline implements Disposable {
  readonly ending: RequestEnding
  /** On the monotonic clock of this process, see `Clock`. */
  readonly atMs: number
  readonly #timer: NodeJS.Timeout
  #stopFollowing: (() => void) | undefined

  /** An ending instead of a signal is aborted at the deadline too: it is the one of both. */
  constructor(timeoutMs: number, client: AbortSignal | RequestEnding) {
    this.ending = client instanceof RequestEnding ? client : new RequestEnding()
    this.atMs = systemClock.monotonicMs() + timeoutMs
    this.#timer = setTimeout(
      () => {
        this.#abort(new HyperMeshError('deadline', `the deadline of ${timeoutMs} ms has passed`))
      },
      Math.min(timeoutMs, timerMsMax),
    )
    this.#timer.unref()
    if (!(client instanceof RequestEnding)) this.#follow(client)
  }

  get signal(): AbortSignal {
    return this.ending.signal
  }

  /** What goes beside the request to its service. */
  contextOf(principal: Principal, requestId: string): RequestContext {
    return new DeadlineContext(principal, requestId, this)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#stopFollowing?.()
  }

  #follow(client: AbortSignal): void {
    const onClientGone = () => this.#abort(clientReason(client))
    if (client.aborted) {
      onClientGone()
      return
    }
    client.addEventListener('abort', onClientGone, { once: true })
    this.#stopFollowing = () => client.removeEventListener('abort', onClientGone)
  }

  #abort(reason: HyperMeshError): void {
    this[Symbol.dispose]()
    this.ending.abort(reason)
  }
}

class DeadlineContext implements RequestContext {
  readonly principal: Principal
  readonly requestId: string
  readonly deadlineAtMs: number
  readonly ending: RequestEnding

  constructor(principal: Principal, requestId: string, { atMs, ending }: RequestDeadline) {
    this.principal = principal
    this.requestId = requestId
    this.deadlineAtMs = atMs
    this.ending = ending
  }

  get signal(): AbortSignal {
    return this.ending.signal
  }
}

function clientReason(client: AbortSignal): HyperMeshError {
  return client.reason instanceof HyperMeshError
    ? client.reason
    : new HyperMeshError('cancelled', 'the client went away', { cause: client.reason })
}
