import { randomUUID } from 'node:crypto'
import type { Limits, Principal } from '@hypermesh/contract'
import type { Clock } from './clock.ts'
import type { Fetch } from './service.ts'

/** Asks a peer in nobody's request: as the service itself, with the role that it needs for that. */
export function ownFetch(
  upstream: Fetch,
  as: { readonly principal: Principal; readonly limits: Limits; readonly clock: Clock },
): (request: Request) => Response | Promise<Response> {
  const { principal, limits, clock } = as
  return (request) =>
    upstream(request, {
      principal,
      signal: request.signal,
      requestId: randomUUID(),
      deadlineAtMs: clock.monotonicMs() + limits.requestTimeoutMsMax,
    })
}
