import { HyperMeshError, headers, type Limits, type ServiceName } from '@hypermesh/contract'
import type { Clock } from './clock.ts'
import { jsonResponse } from './json-response.ts'
import type { Logger } from './logger.ts'
import { meterBody } from './meter-body.ts'
import { verifyPrincipal } from './principal-token.ts'
import { renderError } from './render-error.ts'
import { RequestDeadline } from './request-deadline.ts'
import type { Secret } from './secret.ts'
import type { Connection } from './server.ts'
import type { Service } from './service.ts'
import { toHyperMeshError } from './to-hypermesh-error.ts'

export interface PeerServerOptions {
  /** Those that this process runs; filled while it starts. */
  readonly services: ReadonlyMap<ServiceName, Service>
  readonly isReady: () => boolean
  readonly secret: Secret
  readonly clock: Clock
  readonly limits: Limits
  readonly logger: Logger
}

/**
 * The door for other processes of the platform. Only two pages are open: whether it lives and whether
 * it can serve. For the rest the principal must be signed; then the request goes to its service with
 * the deadline that its sender has left.
 */
export function servePeers(
  options: PeerServerOptions,
): (request: Request, connection: Connection) => Promise<Response> {
  return async (request, connection) => {
    const { pathname, search } = new URL(request.url)
    if (pathname === '/healthz') return jsonResponse({ status: 'ok' })
    if (pathname === '/readyz') return readiness(options.isReady())
    let deadline: RequestDeadline | undefined
    try {
      const { service, principal, requestId } = verifyPrincipal(
        request.headers.get(headers.principal),
        { ...options, line: `${request.method} ${pathname}${search}` },
      )
      deadline = new RequestDeadline(
        timeoutMsOf(request, options.limits),
        connection.ending ?? connection.signal,
      )
      const context = deadline.contextOf(principal, requestId)
      request.headers.delete(headers.principal)
      const answer = await serviceOf(service, options).fetch(request, context)
      return endWith(answer, deadline)
    } catch (thrown) {
      const error = toHyperMeshError(thrown, deadline?.signal)
      deadline?.[Symbol.dispose]()
      if (error.code === 'internal')
        options.logger.error({ err: error.cause ?? error }, error.message)
      return renderError(error, request.headers.get(headers.requestId) ?? undefined)
    }
  }
}

function readiness(isReady: boolean): Response {
  return jsonResponse({ status: isReady ? 'ready' : 'starting' }, { status: isReady ? 200 : 503 })
}

function serviceOf(name: ServiceName, { services }: PeerServerOptions): Service {
  const service = services.get(name)
  if (service !== undefined) return service
  throw new HyperMeshError('unavailable', `${name} does not run here, or not yet; try again`, {
    details: { service: name, retryAfterSeconds: 1 },
  })
}

function timeoutMsOf(request: Request, limits: Limits): number {
  const given = request.headers.get(headers.timeoutMs)
  if (given === null) return limits.requestTimeoutMs
  if (/^[1-9]\d{0,11}$/.test(given)) return Number(given)
  throw new HyperMeshError('invalid', `${headers.timeoutMs} must be a number of milliseconds`)
}

/** After the deadline an answer that tells the outcome is still passed on; it is short. */
const lateBodyMs = 1000

function endWith(answer: Response, deadline: RequestDeadline): Response {
  const { status, headers: sent, body } = answer
  if (body === null) {
    deadline[Symbol.dispose]()
    return new Response(null, { status, headers: sent })
  }
  const signal = deadline.ending.aborted ? AbortSignal.timeout(lateBodyMs) : deadline.signal
  const metered = meterBody(body, signal, () => deadline[Symbol.dispose]())
  return new Response(metered, { status, headers: sent })
}
