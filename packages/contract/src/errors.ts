/** What a failed write may have done to data. */
export type Effect = 'none' | 'committed' | 'unknown'

interface ErrorRow {
  readonly status: number
  readonly retryable: boolean
  readonly effect: Effect
  /** Sent in place of the real message where that could reveal internals. */
  readonly fixedMessage?: string
}

/** Every error that may cross a wire. A new code is a change of the contract. */
export const errorTable = {
  invalid: { status: 400, retryable: false, effect: 'none' },
  unauthenticated: { status: 401, retryable: false, effect: 'none' },
  forbidden: { status: 403, retryable: false, effect: 'none' },
  not_found: { status: 404, retryable: false, effect: 'none' },
  method_not_allowed: { status: 405, retryable: false, effect: 'none' },
  exists: { status: 409, retryable: false, effect: 'none' },
  conflict: { status: 409, retryable: true, effect: 'none' },
  gone: { status: 410, retryable: false, effect: 'none' },
  precondition: { status: 412, retryable: false, effect: 'none' },
  too_large: { status: 413, retryable: false, effect: 'none' },
  unsupported_media: { status: 415, retryable: false, effect: 'none' },
  range: { status: 416, retryable: false, effect: 'none' },
  invalid_name: { status: 422, retryable: false, effect: 'none' },
  key_reused: { status: 422, retryable: false, effect: 'none' },
  type_mismatch: { status: 422, retryable: false, effect: 'none' },
  rate_limited: { status: 429, retryable: true, effect: 'none' },
  cancelled: { status: 499, retryable: false, effect: 'unknown' },
  internal: {
    status: 500,
    retryable: false,
    effect: 'unknown',
    fixedMessage: 'internal error; the server log has the cause under this request id',
  },
  corrupt: {
    status: 500,
    retryable: false,
    effect: 'none',
    fixedMessage: 'stored data failed its check; the server log names it under this request id',
  },
  damaged: { status: 500, retryable: false, effect: 'none' },
  unsupported: { status: 501, retryable: false, effect: 'none' },
  upstream: { status: 502, retryable: true, effect: 'unknown' },
  unavailable: { status: 503, retryable: true, effect: 'none' },
  storage_full: { status: 507, retryable: true, effect: 'none' },
  deadline: { status: 504, retryable: true, effect: 'unknown' },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable

export interface ErrorOptions {
  /** Machine-readable facts: names, positions, both types of a mismatch. Sent to the client. */
  readonly details?: Readonly<Record<string, unknown>>
  /** Logged, never sent. */
  readonly cause?: unknown
  /** What this failure did to data, where it is known better than the table's default. */
  readonly effect?: Effect
}

/**
 * The one error class. Thrown in services, decoded again by clients.
 *
 * @example throw new HyperMeshError('not_found', 'no table named demo.cars')
 */
export class HyperMeshError extends Error {
  override readonly name = 'HyperMeshError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>> | undefined
  readonly effect: Effect
  readonly requestId: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: ErrorOptions & { readonly requestId?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details
    this.effect = options.effect ?? errorTable[code].effect
    this.requestId = options.requestId
  }

  get status(): number {
    return errorTable[this.code].status
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable
  }
}

export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode
    readonly message: string
    readonly details?: Readonly<Record<string, unknown>>
    readonly effect: Effect
    readonly retryable: boolean
    readonly requestId?: string
  }
}

/** The body that a client sees. Internal failures keep their message on the server. */
export function toErrorBody(error: HyperMeshError, requestId: string | undefined): ErrorBody {
  const row: ErrorRow = errorTable[error.code]
  const hidden = row.fixedMessage !== undefined
  return {
    error: {
      code: error.code,
      message: row.fixedMessage ?? error.message,
      ...(error.details === undefined || hidden ? {} : { details: error.details }),
      effect: error.effect,
      retryable: row.retryable,
      ...(requestId === undefined ? {} : { requestId }),
    },
  }
}

/** Decodes an error body; anything that is not one becomes `upstream` with the status named. */
export function fromErrorBody(status: number, body: unknown): HyperMeshError {
  const error = (body as { error?: Partial<ErrorBody['error']> } | null)?.error
  const code = error?.code
  if (typeof code === 'string' && Object.hasOwn(errorTable, code)) {
    return new HyperMeshError(code, String(error?.message ?? code), {
      ...(error?.details ? { details: error.details } : {}),
      ...(error?.effect ? { effect: error.effect } : {}),
      ...(error?.requestId ? { requestId: error.requestId } : {}),
    })
  }
  return new HyperMeshError('upstream', `the server answered ${status} without an error body`, {
    details: { status },
  })
}
