/** What can go wrong, as a word that programs can branch on. */
export const errorCodes = [
  'invalid',
  'invalid_name',
  'type_mismatch',
  'not_found',
  'exists',
  'conflict',
  'gone',
  'too_large',
  'deadline',
  'cancelled',
  'closed',
  'read_only',
  'locked',
  'not_a_database',
  'newer_format',
  'corrupt',
  'damaged_log',
  'io',
  'storage_full',
  'poisoned',
  'unsupported',
  'internal',
] as const

/**
 * - `invalid`: an argument that can never succeed; `invalid_name`: a name that is no identifier;
 *   `type_mismatch`: a value that is not of its property's type.
 * - `not_found`, `exists`: a table, property, index or directory.
 * - `conflict`: a transaction lost the race to another write; run it again.
 * - `gone`: a cursor, snapshot or instant that history no longer reaches.
 * - `too_large`: a named limit was reached. `cancelled`: by an `AbortSignal`, its reason is `cause`.
 * - `closed`: use after close. `read_only`, `locked`: who may write; `locked` names the holder.
 * - `not_a_database`, `newer_format`, `corrupt`, `damaged_log`: what lies in the directory.
 * - `io`, `storage_full`: the machine. `poisoned`: an earlier fsync failed, so nothing can be written
 *   until the database is opened again.
 * - `deadline`, `unsupported`, `internal`: as they say.
 */
export type EngineErrorCode = (typeof errorCodes)[number]

const known: ReadonlySet<string> = new Set(errorCodes)

/**
 * The one error class of the engine.
 *
 * @example if (error instanceof EngineError && error.code === 'conflict') retry()
 */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode

  constructor(code: EngineErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
  }
}

/** An `invalid` argument. */
export function invalid(message: string): EngineError {
  return new EngineError('invalid', message)
}

/** What the addon threw, as an `EngineError` with the stack of the caller. */
export function toEngineError(thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown
  if (!(thrown instanceof Error)) return new EngineError('internal', String(thrown))
  const { code } = thrown as { readonly code?: unknown }
  if (typeof code === 'string' && known.has(code)) {
    // The set holds exactly the codes.
    return new EngineError(code as EngineErrorCode, thrown.message)
  }
  return new EngineError('internal', thrown.message, { cause: thrown })
}

/** The value as a message quotes it: short, and of any type. */
export function quote(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  }
  if (typeof value === 'bigint') return `${value}n`
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return `a ${value.constructor?.name ?? 'record'}`
  if (typeof value === 'function') return 'a function'
  return String(value)
}
