import {
  HyperMeshError,
  headers,
  type Limits,
  type Principal,
  printable,
  type ServiceName,
} from '@hypermesh/contract'
import {
  assertWellFormedPath,
  type Clock,
  type ConcurrencyGate,
  type Connection,
  type Fetch,
  type Logger,
  RequestDeadline,
  type RequestEnding,
  renderError,
  renderIcebergError,
  requireRole,
  toHyperMeshError,
} from '@hypermesh/kit'
import type { AddressList } from './address-list.ts'
import { clientAddress } from './client-address.ts'
import { Exchange } from './exchange.ts'
import type { OwnPages, Visit } from './own-pages.ts'
import type { RequestFigures } from './request-figures.ts'
import { type MatchedRoute, methodsOf, routeFor, routesAt } from './route-match.ts'
import { timeoutMsOf } from './timeout-of.ts'
import { upstreamAnswer } from './upstream-answer.ts'

export interface GatewayParts {
  readonly logger: Logger
  readonly clock: Clock
  readonly limits: Limits
  readonly figures: RequestFigures
  readonly gate: ConcurrencyGate
  readonly allowed: AddressList
  readonly trustedProxies: AddressList
  readonly metricsOpen: boolean
  readonly authenticate: (request: Request, address: string) => Promise<Principal>
  readonly pages: OwnPages
  readonly upstreams: Readonly<Record<ServiceName, Fetch>>
}

/** The one door: id → log → deadline → address → key → rate → route → role → gate → upstream. */
export async function serveRequest(
  request: Request,
  connection: Connection,
  parts: GatewayParts,
): Promise<Response> {
  const pathname = pathOf(request.url)
  const candidates = routesAt(pathname)
  const matched = routeFor(request.method, candidates)
  const exchange = new Exchange(request, matched, parts)
  let deadline: RequestDeadline | undefined
  let place: Disposable | undefined
  const onEnd = () => {
    place?.[Symbol.dispose]()
    deadline?.[Symbol.dispose]()
  }
  const isOpen = matched !== undefined && isOpenRoute(matched, parts)
  try {
    deadline = new RequestDeadline(
      timeoutMsOf(request, matched, parts.limits),
      connection.ending ?? connection.signal,
    )
    const { ending } = deadline
    const signal = () => ending.signal
    // Nobody outside may say who makes a request.
    if (request.headers.has(headers.principal)) request.headers.delete(headers.principal)
    const address = addressOf(request, connection, parts)
    if (!isProbe(matched)) assertAllowed(address, parts.allowed)
    const visit = (): Visit => {
      return { request, address, signal: ending.signal, requestId: exchange.requestId }
    }
    if (isOpen) return exchange.finish(await openPage(matched, parts, visit()), { signal, onEnd })
    exchange.principal = await parts.authenticate(request, address)
    const route = requireRoute(request.method, { pathname, matched, candidates })
    requireRole(exchange.principal, roleOf(route))
    assertWellFormedPath(pathname)
    if (route.id in parts.pages) {
      return exchange.finish(await openPage(route, parts, visit()), { signal, onEnd })
    }
    ending.throwIfAborted()
    place = parts.gate.tryEnter() ?? (await parts.gate.enter(ending.signal))
    const answer = await callUpstream(request, route, { exchange, deadline, parts })
    return exchange.finish(answer, { signal: () => bodySignal(ending), onEnd })
  } catch (thrown) {
    const error = toHyperMeshError(thrown, deadline?.signal)
    if (error.code === 'internal' || error.code === 'corrupt') {
      const { requestId } = exchange
      parts.logger.error({ err: error.cause ?? error, requestId }, error.message)
    }
    const render = pathname.startsWith('/iceberg/') ? renderIcebergError : renderError
    const unbounded = () => new AbortController().signal
    return exchange.finish(render(error, exchange.requestId), { signal: unbounded, onEnd })
  }
}

/** Of a URL that was parsed and written out before, as that of a request is: without parsing it again. */
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const end = url.slice(start).search(/[?#]/)
  return start < 0 ? '/' : url.slice(start, end < 0 ? undefined : start + end)
}

/** What an upstream tells after the deadline is short, and still worth telling. */
const lateBodyMs = 1000

function bodySignal(ending: RequestEnding): AbortSignal {
  return ending.aborted ? AbortSignal.timeout(lateBodyMs) : ending.signal
}

function isOpenRoute({ route }: MatchedRoute, parts: GatewayParts): boolean {
  return route.access === 'open' || (route.access === 'metrics' && parts.metricsOpen)
}

// Those who watch over the process come from addresses of their own.
function isProbe(matched: MatchedRoute | undefined): boolean {
  return matched?.id === 'health' || matched?.id === 'readiness'
}

function addressOf(request: Request, connection: Connection, parts: GatewayParts): string {
  const forwardedFor = request.headers.get('x-forwarded-for')
  return clientAddress(connection.remoteAddress, forwardedFor, parts.trustedProxies)
}

function assertAllowed(address: string, allowed: AddressList): void {
  if (allowed.isEmpty || allowed.has(address)) return
  throw new HyperMeshError('forbidden', `${printable(address)} is not among [gateway] cidrs`)
}

function requireRoute(
  method: string,
  found: {
    pathname: string
    matched: MatchedRoute | undefined
    candidates: readonly MatchedRoute[]
  },
): MatchedRoute {
  if (found.matched) return found.matched
  const what = `${printable(method)} ${printable(found.pathname)}`
  if (found.candidates.length === 0) throw new HyperMeshError('not_found', `no route ${what}`)
  const allow = methodsOf(found.candidates)
  throw new HyperMeshError('method_not_allowed', `no route ${what}; use ${allow.join(', ')}`, {
    details: { allow },
  })
}

function roleOf({ route }: MatchedRoute) {
  return route.access === 'open' || route.access === 'metrics' ? 'reader' : route.access
}

async function openPage(
  matched: MatchedRoute,
  parts: GatewayParts,
  visit: Visit,
): Promise<Response> {
  const page = parts.pages[matched.id]
  if (page === undefined) throw new Error(`the open route ${matched.id} has no page`)
  return page(visit)
}

function callUpstream(
  request: Request,
  matched: MatchedRoute,
  context: { exchange: Exchange; deadline: RequestDeadline; parts: GatewayParts },
): Response | Promise<Response> {
  const { exchange, deadline, parts } = context
  const { principal, requestId } = exchange
  if (principal === undefined) throw new HyperMeshError('unauthenticated', 'no principal')
  const upstream = parts.upstreams[matched.route.service]
  const answer = upstream(request, deadline.contextOf(principal, requestId))
  return answer instanceof Promise ? upstreamAnswer(answer, deadline.ending) : answer
}
