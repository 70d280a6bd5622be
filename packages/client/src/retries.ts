import {
  type ErrorCode,
  HyperMeshError,
  type RouteContract,
  type RouteId,
  routes,
} from '@hypermesh/contract'
import type { Call } from './transport.ts'
import { isReplayable } from './upload-body.ts'

const retryDelayMs = 100
/** A server that asks for a longer pause is believed: the caller decides whether to wait. */
const retryDelayMsMax = 5000

/** What may pass by itself. A conflict does not: the caller has to look again first. */
const passing: ReadonlySet<ErrorCode> = new Set(['rate_limited', 'unavailable', 'upstream'])

/** Safe to send twice, whatever became of the first, though their method does not say so. */
const idempotentRoutes: ReadonlySet<RouteId> = new Set<RouteId>([
  'sql',
  'runSavedQuery',
  'inspect',
  'appendFiles',
  'settleCommit',
  'cancelJob',
  'createVectorIndex',
  'compactVectors',
  'getPoints',
  'scrollPoints',
  'countPoints',
  'facetPoints',
  'searchVectors',
  'recommendVectors',
  'createGraphDatabase',
  'findHyperedges',
  'aggregateHyperedges',
  'expandHyperedges',
  'findHyperedgePath',
  'joinHyperedges',
  'findGraphNodes',
  'checkGraphDatabase',
  'compactGraphDatabase',
  'syncGraphFeed',
  'takeGraphMeasure',
  'mergeVectors',
  'syncVectorSource',
])

/** Answered once for each `Idempotency-Key`, however often they come; so is all of `/iceberg`. */
const keyedRoutes: ReadonlySet<RouteId> = new Set<RouteId>([
  'ingest',
  'importHyperedges',
  'insertHyperedges',
])

/**
 * Whether the call may be sent again after this failure: it did nothing, or doing it twice is the same as
 * once. A body that is a stream has been read, so it is never sent again.
 */
export function mayRepeat(call: Call, error: HyperMeshError): boolean {
  if (!passing.has(error.code)) return false
  if (call.body !== undefined && !isReplayable(call.body)) return false
  return error.effect === 'none' || isIdempotent(call)
}

/** It changes nothing. A reader may also send what could: that is none. */
export function isRead({ id }: Call): boolean {
  const { method, access }: RouteContract = routes[id]
  if (method === 'GET' || method === 'HEAD') return true
  return access === 'reader' && idempotentRoutes.has(id)
}

function isIdempotent(call: Call): boolean {
  if (isRead(call) || idempotentRoutes.has(call.id)) return true
  if (call.id === 'insertHyperedges' && isKeyedInsert(call.json)) return true
  const { path }: RouteContract = routes[call.id]
  const isKeyed = path.startsWith('/iceberg/') || keyedRoutes.has(call.id)
  return isKeyed && call.options?.idempotencyKey !== undefined
}

/** Each hyperedge has a key, of which the table takes one. */
function isKeyedInsert(json: unknown): boolean {
  const { hyperedges } = (json ?? {}) as { hyperedges?: readonly { key?: unknown }[] }
  return hyperedges?.every(({ key }) => typeof key === 'string') ?? false
}

/** How long to wait before the next attempt; undefined when the server asks for longer than is waited. */
export function retryDelay(attempt: number, retryAfter: string | null): number | undefined {
  const seconds = Number(retryAfter ?? 0)
  const asked = Number.isFinite(seconds) ? seconds * 1000 : 0
  if (asked > retryDelayMsMax) return undefined
  const backoff = retryDelayMs * 2 ** attempt * (0.5 + jitter())
  return Math.min(Math.max(asked, backoff), retryDelayMsMax)
}

/** From 0 up to 1, so that clients that failed together do not return together. */
function jitter(): number {
  return (crypto.getRandomValues(new Uint16Array(1))[0] ?? 0) / 65_536
}

/** Waits; ends with `cancelled`, or as the signal's reason says, when the call is given up meanwhile. */
export function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      const { reason } = signal ?? {}
      const cancelled = new HyperMeshError('cancelled', 'cancelled before a retry', {
        cause: reason,
      })
      reject(reason instanceof HyperMeshError ? reason : cancelled)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}
