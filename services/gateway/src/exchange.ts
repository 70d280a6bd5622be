import { randomUUID } from 'node:crypto'
import { type HyperMeshError, headers, type Principal } from '@hypermesh/contract'
import { type Clock, type Logger, meterBody, setHeader, wholeBodyOf } from '@hypermesh/kit'
import type { RequestFigures } from './request-figures.ts'
import type { MatchedRoute } from './route-match.ts'

export interface ExchangeParts {
  readonly logger: Logger
  readonly clock: Clock
  readonly figures: RequestFigures
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
const requestIdPattern = /^[A-Za-z0-9._:-]{1,64}$/

/** One request and its answer: an id, and at the end one log line and the figures. */
export class Exchange {
  readonly requestId: string
  /** Known after authentication. */
  principal: Principal | undefined
  readonly #parts: ExchangeParts
  readonly #method: string
  readonly #route: string
  readonly #startedAtMs: number
  #ended = false

  constructor(request: Request, matched: MatchedRoute | undefined, parts: ExchangeParts) {
    const given = request.headers.get(headers.requestId)
    this.requestId = given !== null && requestIdPattern.test(given) ? given : randomUUID()
    this.#parts = parts
    // Bounded, as labels of figures must be.
    this.#method = methods.has(request.method) ? request.method : 'other'
    this.#route = matched?.route.path ?? 'none'
    this.#startedAtMs = parts.clock.monotonicMs()
    parts.figures.opened()
  }

  /** The answer with its request id, whose end, however it comes, ends the exchange. */
  finish(answer: Response, options: { signal: () => AbortSignal; onEnd: () => void }): Response {
    const end = (bytes: number, failure?: unknown) => {
      if (this.#ended) return
      this.#ended = true
      options.onEnd()
      this.#record(answer.status, bytes, failure)
    }
    const whole = wholeBodyOf(answer)
    if (whole !== undefined && this.#method !== 'HEAD') {
      setHeader(answer, headers.requestId, this.requestId)
      end(Buffer.byteLength(whole))
      return answer
    }
    const headersOut = new Headers(answer.headers)
    headersOut.set(headers.requestId, this.requestId)
    const init = { status: answer.status, headers: headersOut }
    if (answer.body === null || this.#method === 'HEAD') {
      void answer.body?.cancel()
      end(0)
      return new Response(null, init)
    }
    return new Response(meterBody(answer.body, options.signal(), end), init)
  }

  #record(status: number, bytes: number, failure: unknown): void {
    const { logger, clock, figures } = this.#parts
    const ms = clock.monotonicMs() - this.#startedAtMs
    const method = this.#method
    const route = this.#route
    figures.ended({ method, route, status, ms, bytes })
    // The log leaves out what is undefined.
    const line = {
      method,
      route,
      status,
      ms: Math.round(ms * 10) / 10,
      bytes,
      principal: this.principal?.keyId,
      requestId: this.requestId,
      cut: failure === undefined ? undefined : describe(failure),
    }
    if (failure === undefined) logger.info(line, 'request')
    else logger.warn(line, 'request, its answer cut short')
  }
}

function describe(failure: unknown): string {
  const { code, message } = failure as Partial<HyperMeshError>
  return code === undefined ? (message ?? String(failure)) : `${code}: ${message}`
}
