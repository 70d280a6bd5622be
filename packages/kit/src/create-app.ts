import { HyperMeshError, type Limits, printable } from '@hypermesh/contract'
import { RegExpRouter } from 'hono/router/reg-exp-router'
import { SmartRouter } from 'hono/router/smart-router'
import { TrieRouter } from 'hono/router/trie-router'
import { getPath } from 'hono/utils/url'
import type { Logger } from './logger.ts'
import { type RenderError, renderError } from './render-error.ts'
import type { RequestContext } from './service.ts'
import { toHyperMeshError } from './to-hypermesh-error.ts'
import { type Handler, Visit, VisitRequest, VisitVariables } from './visit.ts'

export interface AppOptions {
  readonly logger: Logger
  readonly limits: Limits
  /** For protocols with their own form of errors. */
  readonly renderError?: RenderError
}

/**
 * The HTTP face of a service. The gateway has done request id, log line, deadline, key, rate and
 * concurrency before; here: context → path → role (`mountRoute`) → body limits (`readJson`,
 * `streamBody`) → route, and every error leaves by the one funnel. The router is hono's, the rest of
 * it is not: its context and its chain of middleware took longer than all of this.
 */
export class App {
  readonly #options: AppOptions
  readonly #router = new SmartRouter<Handler>({ routers: [new RegExpRouter(), new TrieRouter()] })

  constructor(options: AppOptions) {
    this.#options = options
  }

  /** Requires: no request has come yet. */
  on(method: string, path: string, handler: Handler): void {
    this.#router.add(method, path, handler)
  }

  fetch(request: Request, context?: RequestContext): Response | Promise<Response> {
    try {
      const answer = this.#answer(request, context)
      if (answer instanceof Promise) return answer.catch((error) => this.#render(error, context))
      return answer
    } catch (thrown) {
      return this.#render(thrown, context)
    }
  }

  #answer(request: Request, context: RequestContext | undefined): Response | Promise<Response> {
    assertContext(context)
    const { url, method } = request
    if (url.includes('%')) assertWellFormedPath(new URL(url).pathname)
    const path = getPath(request)
    const visit = (found: Found) => {
      const req = new VisitRequest(request, path, found.parameterOf)
      return found.handler(new Visit(req, new VisitVariables(context, this.#options.limits)))
    }
    const found = this.#find(method, path)
    if (found !== undefined) return visit(found)
    // Where a path has no answer of its own to HEAD it is that to GET, without its body.
    const whole = method === 'HEAD' ? this.#find('GET', path) : undefined
    if (whole !== undefined) return withoutBody(visit(whole))
    throw new HyperMeshError('not_found', `no route ${printable(method)} ${printable(path)}`)
  }

  #find(method: string, path: string): Found | undefined {
    const [matches, stash] = this.#router.match(method, path)
    const [first] = matches
    if (first === undefined) return undefined
    const [handler, parameters] = first
    return {
      handler,
      parameterOf: (name) => {
        const given = parameters[name]
        return typeof given === 'number' ? stash?.[given] : given
      },
    }
  }

  #render(thrown: unknown, context: RequestContext | undefined): Response {
    const { logger, renderError: render = renderError } = this.#options
    const error = toHyperMeshError(thrown, context?.signal)
    const requestId = context?.requestId
    logFault(requestId ? logger.child({ requestId }) : logger, error)
    return render(error, requestId)
  }
}

interface Found {
  readonly handler: Handler
  readonly parameterOf: (name: string) => string | undefined
}

export function createApp(options: AppOptions): App {
  return new App(options)
}

// In process is not a bypass: without a principal from the gateway nothing is served.
function assertContext(context: RequestContext | undefined): asserts context is RequestContext {
  if (context?.principal !== undefined && context.requestId !== undefined) return
  throw new HyperMeshError('unauthenticated', 'the request came without a principal')
}

async function withoutBody(whole: Response | Promise<Response>): Promise<Response> {
  const { status, headers, body } = await whole
  await body?.cancel()
  return new Response(null, { status, headers })
}

/** Throws `invalid` for a path whose percent-encoding is no UTF-8. */
export function assertWellFormedPath(path: string): void {
  if (!path.includes('%')) return
  try {
    decodeURIComponent(path)
  } catch (error) {
    throw new HyperMeshError(
      'invalid',
      `the path "${printable(path)}" is no UTF-8 in percent form`,
      {
        cause: error,
      },
    )
  }
}

// Logged once, here: what the client sees of these is a fixed message.
function logFault(logger: Logger, error: HyperMeshError): void {
  if (error.code === 'internal' || error.code === 'corrupt') {
    logger.error({ err: error.cause ?? error, code: error.code }, error.message)
  } else {
    logger.debug({ err: error, code: error.code }, error.message)
  }
}
