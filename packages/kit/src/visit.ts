import type { Limits, Principal } from '@hypermesh/contract'
import { tryDecodeURIComponent } from 'hono/utils/url'
import { jsonResponse } from './json-response.ts'
import type { Ending } from './request-ending.ts'
import type { RequestContext } from './service.ts'

/** A request as a route of its app sees it. */
export class VisitRequest {
  readonly raw: Request
  /** Decoded, but for slashes and percent signs. */
  readonly path: string
  readonly #parameterOf: (name: string) => string | undefined

  constructor(raw: Request, path: string, parameterOf: (name: string) => string | undefined) {
    this.raw = raw
    this.path = path
    this.#parameterOf = parameterOf
  }

  get method(): string {
    return this.raw.method
  }

  get url(): string {
    return this.raw.url
  }

  header(name: string): string | undefined {
    return this.raw.headers.get(name) ?? undefined
  }

  /** What stands for `:name` of the route's path, decoded. */
  param(name: string): string | undefined {
    const value = this.#parameterOf(name)
    return value?.includes('%') ? tryDecodeURIComponent(value) : value
  }
}

/** What stands beside the request. */
export class VisitVariables implements Ending {
  readonly principal: Principal
  readonly requestId: string
  readonly deadlineAtMs: number | undefined
  readonly limits: Limits
  readonly #context: RequestContext

  constructor(context: RequestContext, limits: Limits) {
    this.principal = context.principal
    this.requestId = context.requestId
    this.deadlineAtMs = context.deadlineAtMs
    this.limits = limits
    this.#context = context
  }

  get signal(): AbortSignal {
    return this.#context.signal
  }

  throwIfAborted(): void {
    const { ending } = this.#context
    if (ending === undefined) this.signal.throwIfAborted()
    else ending.throwIfAborted()
  }
}

/** One request at a route, and how it is answered. */
export class Visit {
  readonly req: VisitRequest
  readonly var: VisitVariables

  constructor(req: VisitRequest, variables: VisitVariables) {
    this.req = req
    this.var = variables
  }

  json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
    return jsonResponse(value, { status, headers })
  }

  body(
    body: ConstructorParameters<typeof Response>[0],
    status = 200,
    headers: Readonly<Record<string, string>> = {},
  ): Response {
    return new Response(body, { status, headers })
  }
}

/** What a route hands on with the requests that it makes itself. */
export function contextOf(c: Visit): RequestContext {
  const { principal, signal, requestId, deadlineAtMs } = c.var
  return { principal, signal, requestId, deadlineAtMs }
}

export type Handler = (c: Visit) => Response | Promise<Response>
