import { HyperMeshError, headers, type ServiceName } from '@hypermesh/contract'
import type { Clock } from './clock.ts'
import { createHttpFetch } from './http-fetch.ts'
import { signPrincipal } from './principal-token.ts'
import type { Secret } from './secret.ts'
import type { Fetch, RequestContext } from './service.ts'

export interface RemoteUpstreamOptions {
  readonly service: ServiceName
  readonly url: URL
  readonly secret: Secret
  readonly clock: Clock
}

/** Of one connection, or between the client and the gateway: not the next process's business. */
const notForwarded = [
  'authorization',
  'connection',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  headers.apiKey,
  headers.principal,
  headers.timeoutMs,
]
const notReturned = ['connection', 'keep-alive', 'transfer-encoding', 'date']

/** After the deadline the peer, which has it too, may still tell what has become of the request. */
const lateAnswerMs = 500

/** A service in another process. A caller cannot tell it from one in its own. */
export function remoteUpstream(options: RemoteUpstreamOptions): Fetch {
  const send = createHttpFetch()
  return async (request, context) => {
    if (context === undefined) throw new TypeError('a request to a peer needs its context')
    const ending = new AbortController()
    const stopWatching = watch(context.signal, ending)
    try {
      const response = await send(toPeer(request, context, { ...options, signal: ending.signal }))
      for (const name of notReturned) response.headers.delete(name)
      return response
    } catch (cause) {
      stopWatching()
      if (ending.signal.aborted && context.signal.aborted) throw context.signal.reason
      throw unreachable(request.method, cause, options)
    }
  }
}

function toPeer(
  request: Request,
  context: RequestContext,
  { service, url, secret, clock, signal }: RemoteUpstreamOptions & { readonly signal: AbortSignal },
): Request {
  const { pathname, search } = new URL(request.url)
  const line = `${request.method} ${pathname}${search}`
  const { principal, requestId, deadlineAtMs } = context
  const sent = new Headers(request.headers)
  for (const name of notForwarded) sent.delete(name)
  sent.set(headers.requestId, requestId)
  sent.set(
    headers.principal,
    signPrincipal({ service, line, principal, requestId, atMs: clock.nowMs() }, secret),
  )
  if (deadlineAtMs !== undefined) {
    const leftMs = Math.max(1, Math.ceil(deadlineAtMs - clock.monotonicMs()))
    sent.set(headers.timeoutMs, String(leftMs))
  }
  return new Request(new URL(`${pathname}${search}`, url), {
    method: request.method,
    headers: sent,
    body: request.body,
    signal,
    ...(request.body === null ? {} : { duplex: 'half' }),
  })
}

/** Aborts at once when nobody waits any more, and a little late at the deadline. */
function watch(signal: AbortSignal, ending: AbortController): () => void {
  const end = () => {
    const isDeadline = signal.reason instanceof HyperMeshError && signal.reason.code === 'deadline'
    if (isDeadline) setTimeout(() => ending.abort(signal.reason), lateAnswerMs).unref()
    else ending.abort(signal.reason)
  }
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  return () => signal.removeEventListener('abort', end)
}

const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])

function unreachable(
  method: string,
  cause: unknown,
  { service }: RemoteUpstreamOptions,
): HyperMeshError {
  if (cause instanceof HyperMeshError) return cause
  const code = String((cause as { code?: unknown }).code ?? '')
  const hasNoEffect = method === 'GET' || method === 'HEAD' || neverConnected.has(code)
  return new HyperMeshError('unavailable', `${service} cannot be reached now; try again`, {
    details: { service, retryAfterSeconds: 1 },
    effect: hasNoEffect ? 'none' : 'unknown',
    cause,
  })
}
