import { createHash } from 'node:crypto'
import { HyperMeshError, headers, type RouteId } from '@hypermesh/contract'
import { type App, mountRoute, readBody } from '@hypermesh/kit'
import type { Caller, ReplayKey } from '../caller.ts'
import type { CatalogParts } from '../catalog-parts.ts'

type RouteContext = Parameters<Parameters<typeof mountRoute>[2]>[0]
type Handler = (c: RouteContext, caller: Caller) => Promise<Response>

/** Mounts a route that changes the catalog, honouring the Idempotency-Key header. */
export function mountReplayable(
  app: App,
  id: RouteId,
  { answers }: CatalogParts,
  handler: Handler,
): void {
  mountRoute(app, id, async (c) => {
    const { principal } = c.var
    const key = parseKey(c.req.header(headers.idempotencyKey))
    if (key === undefined) return handler(c, { principal })
    const replay: ReplayKey = { key, fingerprint: await fingerprintOf(c) }
    const caller = { principal, replay }
    return answers.answer(caller, () => handler(c, caller))
  })
}

/** UUIDs of version 7 (RFC 9562), as the specification asks for. */
const keyPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

function parseKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const key = header.trim().toLowerCase()
  if (keyPattern.test(key)) return key
  throw new HyperMeshError('invalid', 'an idempotency key is a UUID of version 7')
}

/** Whoever sends the same key must be the same and ask the same. */
async function fingerprintOf(c: RouteContext): Promise<string> {
  const { method, url } = c.req.raw
  const { pathname, search } = new URL(url)
  const body = await readBody(c.req.raw.clone(), {
    bytesMax: c.var.limits.jsonBodyBytesMax,
    limit: 'json_body_bytes_max',
    signal: c.var.signal,
  })
  return createHash('sha256')
    .update(JSON.stringify([c.var.principal.keyId, method, pathname, search]))
    .update(body)
    .digest('base64url')
}
