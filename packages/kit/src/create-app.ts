import { HyperMeshError, type Limits, type Principal, printable } from '@hypermesh/contract'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { jsonResponse } from './json-response.ts'
import type { Logger } from './logger.ts'
import { type RenderError, renderError } from './render-error.ts'
import type { RequestContext } from './service.ts'
import { toHyperMeshError } from './to-hypermesh-error.ts'

export interface AppEnv {
  Bindings: Partial<RequestContext>
  Variables: {
    principal: Principal
    signal: AbortSignal
    requestId: string
    deadlineAtMs: number | undefined
    limits: Limits
  }
}

export type App = Hono<AppEnv>

export interface AppOptions {
  readonly logger: Logger
  readonly limits: Limits
  /** For protocols with their own form of errors. */
  readonly renderError?: RenderError
}

/**
 * The HTTP face of a service. The gateway has done request id, log line, deadline, key, rate and
 * concurrency before; here: context → path → role (`mountRoute`) → body limits (`readJson`,
 * `streamBody`) → route, and every error leaves by the one funnel.
 */
export function createApp(options: AppOptions): App {
  const app: App = new Hono<AppEnv>()
  const render = options.renderError ?? renderError
  app.onError((thrown, c) => {
    const error = toHyperMeshError(thrown, c.var.signal)
    const { requestId } = c.var
    logFault(requestId ? options.logger.child({ requestId }) : options.logger, error)
    return render(error, requestId)
  })
  app.notFound((c) => {
    const what = `${printable(c.req.method)} ${printable(c.req.path)}`
    return render(new HyperMeshError('not_found', `no route ${what}`), c.var.requestId)
  })
  app.use(requestContext(options))
  return app
}

// In process is not a bypass: without a principal from the gateway nothing is served.
function requestContext(options: AppOptions): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    const { principal, signal, requestId, deadlineAtMs } = c.env ?? {}
    c.json = wholeJson
    c.set('limits', options.limits)
    if (principal === undefined || signal === undefined || requestId === undefined) {
      throw new HyperMeshError('unauthenticated', 'the request came without a principal')
    }
    c.set('principal', principal)
    c.set('signal', signal)
    c.set('requestId', requestId)
    c.set('deadlineAtMs', deadlineAtMs)
    if (c.req.url.includes('%')) assertWellFormedPath(new URL(c.req.url).pathname)
    return next()
  }
}

// Without the objects of the web that hono makes of an answer. What `c.header` sets is not looked at.
const wholeJson = ((value: unknown, status?: number, headers?: Record<string, string>) =>
  jsonResponse(value, {
    ...(status === undefined ? {} : { status }),
    ...(headers === undefined ? {} : { headers }),
  })) as Context['json']

/** What a route hands on with the requests that it makes itself. */
export function contextOf(c: Context<AppEnv>): RequestContext {
  const { principal, signal, requestId, deadlineAtMs } = c.var
  return { principal, signal, requestId, deadlineAtMs }
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
