import { randomUUID } from 'node:crypto'
import { type HyperMeshError, headers, type Principal } from '@hypermesh/contract'
import { type Clock, type Logger, type Metrics, meterBody, wholeBodyOf } from '@hypermesh/kit'
import type { MatchedRoute } from './route-match.ts'

export interface ExchangeParts {
  readonly logger: Logger
  readonly clock: Clock
  readonly figures: RequestFigures
}

/** The figures of all requests. */
export type RequestFigures = ReturnType<typeof requestFigures>

export function requestFigures(metrics: Metrics) {
  return {
    requests: metrics.counter({
      name: 'hypermesh_http_requests_total',
      help: 'Requests answered, by route and status.',
      labelNames: ['method', 'route', 'status'],
    }),
    seconds: metrics.histogram({
      name: 'hypermesh_http_request_seconds',
      help: 'From the request to the last byte of its answer.',
      labelNames: ['method', 'route'],
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000],
    }),
    bytes: metrics.counter({
      name: 'hypermesh_http_response_bytes_total',
      help: 'Bytes of answers.',
      labelNames: ['route'],
    }),
    open: metrics.gauge({
      name: 'hypermesh_http_requests_open',
      help: 'Requests whose answer has not ended.',
    }),
  }
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
    parts.figures.open.inc()
  }

  /** The answer with its request id, whose end, however it comes, ends the exchange. */
  finish(answer: Response, options: { signal: AbortSignal; onEnd: () => void }): Response {
    const end = (bytes: number, failure?: unknown) => {
      if (this.#ended) return
      this.#ended = true
      options.onEnd()
      this.#record(answer.status, bytes, failure)
    }
    const whole = wholeBodyOf(answer)
    if (whole !== undefined && this.#method !== 'HEAD') {
      answer.headers.set(headers.requestId, this.requestId)
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
    return new Response(meterBody(answer.body, options.signal, end), init)
  }

  #record(status: number, bytes: number, failure: unknown): void {
    const { logger, clock, figures } = this.#parts
    const ms = clock.monotonicMs() - this.#startedAtMs
    const labels = { method: this.#method, route: this.#route }
    figures.open.dec()
    figures.requests.inc({ ...labels, status: String(status) })
    figures.seconds.observe(labels, ms / 1000)
    figures.bytes.inc({ route: this.#route }, bytes)
    const line = {
      ...labels,
      status,
      ms: Math.round(ms * 10) / 10,
      bytes,
      ...(this.principal === undefined ? {} : { principal: this.principal.keyId }),
      requestId: this.requestId,
      ...(failure === undefined ? {} : { cut: describe(failure) }),
    }
    if (failure === undefined) logger.info(line, 'request')
    else logger.warn(line, 'request, its answer cut short')
  }
}

function describe(failure: unknown): string {
  const { code, message } = failure as Partial<HyperMeshError>
  return code === undefined ? (message ?? String(failure)) : `${code}: ${message}`
}
