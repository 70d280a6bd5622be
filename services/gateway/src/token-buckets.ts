import type { Clock } from '@hypermesh/kit'

export interface TokenBucketsOptions {
  readonly perSecond: number
  readonly burst: number
  /** Buckets kept; the one unused longest goes first, and would start full again. */
  readonly bucketsMax: number
  readonly clock: Clock
}

interface Bucket {
  tokens: number
  filledAtMs: number
}

/** A rate for each of many: so many in a burst, then so many a second. */
export class TokenBuckets {
  readonly #options: TokenBucketsOptions
  // Invariant: in order of last use, the oldest first.
  readonly #buckets = new Map<string, Bucket>()

  constructor(options: TokenBucketsOptions) {
    this.#options = options
  }

  get bucketCount(): number {
    return this.#buckets.size
  }

  /** Takes a token. Where there is none: the whole seconds until there is one. */
  take(name: string): { readonly retryAfterSeconds: number } | undefined {
    const { perSecond, burst, clock } = this.#options
    const nowMs = clock.monotonicMs()
    const known = this.#buckets.get(name)
    const bucket = known ?? { tokens: burst, filledAtMs: nowMs }
    const gained = ((nowMs - bucket.filledAtMs) / 1000) * perSecond
    bucket.tokens = Math.min(burst, bucket.tokens + gained)
    bucket.filledAtMs = nowMs
    this.#touch(name, bucket)
    if (bucket.tokens < 1) {
      return { retryAfterSeconds: Math.ceil((1 - bucket.tokens) / perSecond) }
    }
    bucket.tokens -= 1
    return undefined
  }

  #touch(name: string, bucket: Bucket): void {
    this.#buckets.delete(name)
    this.#buckets.set(name, bucket)
    if (this.#buckets.size <= this.#options.bucketsMax) return
    const [oldest] = this.#buckets.keys()
    if (oldest !== undefined) this.#buckets.delete(oldest)
  }
}
