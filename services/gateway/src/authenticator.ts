import { HyperMeshError, headers, type Limits, type Principal } from '@hypermesh/contract'
import type { Clock } from '@hypermesh/kit'
import { AddressList } from './address-list.ts'
import type { KeyStore } from './key-store.ts'
import { parseKey } from './key-text.ts'
import { TokenBuckets } from './token-buckets.ts'

/** Tells who makes a request by its key, and limits how often each key, and each wrong one, comes. */
export class Authenticator {
  readonly #keys: KeyStore
  readonly #rates: TokenBuckets
  readonly #failures: TokenBuckets

  constructor(keys: KeyStore, limits: Limits, clock: Clock) {
    this.#keys = keys
    this.#rates = new TokenBuckets({
      perSecond: limits.ratePerSecond,
      burst: limits.rateBurst,
      bucketsMax: limits.keysMax,
      clock,
    })
    this.#failures = new TokenBuckets({
      perSecond: limits.authFailuresPerSecond,
      burst: limits.authFailuresBurst,
      bucketsMax: limits.addressesTrackedMax,
      clock,
    })
  }

  async authenticate(request: Request, address: string): Promise<Principal> {
    const presented = keyOf(request)
    const text = parseKey(presented)
    const key = text && (await this.#keys.find(text))
    if (key === undefined) throw this.#refuse(address, 'the API key is not known')
    if (key.revokedAt !== null) throw this.#refuse(address, 'the API key has been revoked')
    if (key.cidrs.length > 0 && !new AddressList(key.cidrs).has(address)) {
      throw new HyperMeshError('forbidden', `the key "${key.name}" may not be used from ${address}`)
    }
    const wait = this.#rates.take(key.id)
    if (wait !== undefined) {
      throw rateLimited(`the key "${key.name}" makes too many requests`, wait.retryAfterSeconds)
    }
    return { keyId: key.id, name: key.name, role: key.role }
  }

  // A right key is served however many wrong ones its address has sent: behind a proxy that is not
  // declared everybody shares one address.
  #refuse(address: string, message: string): HyperMeshError {
    const wait = this.#failures.take(address)
    return wait === undefined
      ? new HyperMeshError('unauthenticated', message)
      : rateLimited(`too many wrong keys from ${address}`, wait.retryAfterSeconds)
  }
}

function keyOf(request: Request): string {
  const authorization = request.headers.get('authorization')
  const bearer = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (authorization !== null && bearer === undefined) {
    throw new HyperMeshError('unauthenticated', 'the authorization header is not "Bearer <key>"')
  }
  const apiKey = request.headers.get(headers.apiKey)?.trim()
  if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) {
    throw new HyperMeshError(
      'unauthenticated',
      `authorization and ${headers.apiKey} hold different keys; send one`,
    )
  }
  const key = bearer ?? apiKey
  if (key !== undefined && key !== '') return key
  throw new HyperMeshError(
    'unauthenticated',
    `no API key; send "authorization: Bearer <key>" or "${headers.apiKey}: <key>"`,
  )
}

function rateLimited(message: string, retryAfterSeconds: number): HyperMeshError {
  const text = `${message}; try again in ${retryAfterSeconds} s`
  return new HyperMeshError('rate_limited', text, { details: { retryAfterSeconds } })
}
