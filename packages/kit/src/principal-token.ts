import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { HyperMeshError, role, serviceNames } from '@hypermesh/contract'
import { z } from 'zod'
import type { Clock } from './clock.ts'
import type { Secret } from './secret.ts'

/**
 * What one process of the platform tells another: who makes this very request. Signed, so that nobody
 * without the secret can say it; for one service, one request line and a short time, so that one that
 * was overheard is of little use.
 */
const claims = z.strictObject({
  service: z.enum(serviceNames),
  /** Method and path with query, as sent; in the token their digest, as a line may be long. */
  line: z.string(),
  principal: z.strictObject({ keyId: z.string(), name: z.string(), role }),
  requestId: z.string(),
  atMs: z.number().int(),
})
export type PrincipalClaims = z.infer<typeof claims>

const version = 'v1'
/** Covers what the clocks of two machines differ by. */
const validMs = 60_000

export function signPrincipal(content: PrincipalClaims, secret: Secret): string {
  const told = { ...content, line: digest(content.line) }
  const body = Buffer.from(JSON.stringify(told)).toString('base64url')
  return `${version}.${body}.${mac(body, secret).toString('base64url')}`
}

/** Throws `unauthenticated` unless the token is of a process with the secret, and of just now. */
export function verifyPrincipal(
  token: string | null,
  expected: { readonly line: string; readonly secret: Secret; readonly clock: Clock },
): PrincipalClaims {
  const [, body = '', signature = ''] = /^v1\.([\w-]{1,8192})\.([\w-]{43})$/.exec(token ?? '') ?? []
  const given = Buffer.from(signature, 'base64url')
  const right = mac(body, expected.secret)
  if (given.length !== right.length || !timingSafeEqual(given, right)) throw refused()
  const content = claims.parse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')))
  const isFresh = Math.abs(expected.clock.nowMs() - content.atMs) <= validMs
  if (!isFresh || content.line !== digest(expected.line)) throw refused()
  return content
}

function digest(line: string): string {
  return createHash('sha256').update(line).digest('base64url')
}

function mac(body: string, secret: Secret): Buffer {
  return createHmac('sha256', secret.reveal()).update(`${version}.${body}`).digest()
}

// One answer for every fault: which part was wrong helps only those who guess.
function refused(): HyperMeshError {
  return new HyperMeshError(
    'unauthenticated',
    'the request carries no principal signed by this platform; ask the gateway',
  )
}
