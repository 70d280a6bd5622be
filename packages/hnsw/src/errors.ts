/** What can go wrong, as a word that programs can branch on. */
export const errorCodes = [
  'invalid',
  'dimension',
  'not_finite',
  'zero_norm',
  'out_of_range',
  'k',
  'capacity',
  'memory',
  'aborted',
  'closed',
  'corrupt',
  'unsupported',
  'internal',
] as const

/**
 * - `invalid`: an argument that can never succeed; `k`: a k or ef beyond its limit.
 * - `dimension`: an array that is no whole number of vectors. `not_finite`: NaN or infinity in one.
 *   `zero_norm`: a zero vector under cosine. `out_of_range`: a value that the storage cannot hold.
 * - `capacity`: more slots than an index can have. `memory`: the machine has no more.
 * - `aborted`: by an `AbortSignal`, its reason is `cause`. `closed`: use after close, or a close during.
 * - `corrupt`: an image that is damaged. `unsupported`: of a later version, or no addon was built.
 */
export type HnswErrorCode = (typeof errorCodes)[number]

const known: ReadonlySet<string> = new Set(errorCodes)

/**
 * The one error class of this package.
 *
 * @example if (error instanceof HnswError && error.code === 'zero_norm') skip()
 */
export class HnswError extends Error {
  override readonly name = 'HnswError'
  readonly code: HnswErrorCode

  constructor(code: HnswErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
  }
}

/** What the addon threw, as an `HnswError` with the stack of the caller. */
export function toHnswError(thrown: unknown, signal?: AbortSignal): HnswError {
  if (thrown instanceof HnswError) return thrown
  if (!(thrown instanceof Error)) return new HnswError('internal', String(thrown))
  const { code } = thrown as { readonly code?: unknown }
  if (typeof code !== 'string' || !known.has(code)) {
    return new HnswError('internal', thrown.message, { cause: thrown })
  }
  const cause = code === 'aborted' ? { cause: signal?.reason } : {}
  // The set holds exactly the codes.
  return new HnswError(code as HnswErrorCode, thrown.message, cause)
}

export async function settle<T>(run: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await run()
  } catch (thrown) {
    throw toHnswError(thrown, signal)
  }
}
