import { HyperMeshError, headers, type Limits } from '@hypermesh/contract'
import type { MatchedRoute } from './route-match.ts'

/** The milliseconds that a request has: as it asks, within the limit; else as its route has. */
export function timeoutMsOf(
  request: Request,
  matched: MatchedRoute | undefined,
  limits: Limits,
): number {
  const usual = limits[matched?.route.timeout ?? 'requestTimeoutMs']
  const asked = request.headers.get(headers.timeoutMs)
  if (asked === null) return usual
  if (!/^[1-9]\d{0,11}$/.test(asked)) {
    throw new HyperMeshError('invalid', `${headers.timeoutMs} must be a number of milliseconds`)
  }
  return Math.min(Number(asked), Math.max(limits.requestTimeoutMsMax, usual))
}
