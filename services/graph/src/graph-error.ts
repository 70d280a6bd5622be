import { type ErrorCode, HyperMeshError } from '@hypermesh/contract'
import { EngineError, type EngineErrorCode } from '@hypermesh/engine'

interface Row {
  readonly code: ErrorCode
  /** In place of the engine's own, which may name files of the server. */
  readonly message?: string
}

/** What the platform calls what the engine found. */
const rows: Readonly<Record<EngineErrorCode, Row>> = {
  invalid: { code: 'invalid' },
  invalid_name: { code: 'invalid_name' },
  type_mismatch: { code: 'type_mismatch' },
  not_found: { code: 'not_found' },
  exists: { code: 'exists' },
  conflict: { code: 'conflict' },
  gone: { code: 'gone' },
  too_large: { code: 'too_large' },
  deadline: { code: 'deadline' },
  cancelled: { code: 'cancelled' },
  unsupported: { code: 'unsupported' },
  internal: { code: 'internal' },
  corrupt: { code: 'corrupt' },
  storage_full: { code: 'storage_full', message: 'the device is full; free space and try again' },
  closed: { code: 'unavailable', message: 'the database is being closed' },
  read_only: {
    code: 'damaged',
    message: 'the database takes no writes: its log is damaged; restore a backup, or repair it',
  },
  damaged_log: { code: 'damaged', message: 'the log of the database is damaged' },
  locked: { code: 'unavailable', message: 'another process has the database open' },
  not_a_database: { code: 'damaged', message: 'its directory is not that of a database' },
  newer_format: { code: 'unsupported', message: 'a newer version of the program wrote it' },
  io: { code: 'unavailable', message: 'its files could not be read or written' },
  poisoned: {
    code: 'unavailable',
    message: 'a sync failed earlier: it takes no writes until the server starts anew',
  },
}

/** Translates what the engine threw; everything else is left as it is. */
export function toGraphError(thrown: unknown): unknown {
  if (!(thrown instanceof EngineError)) return thrown
  // The reason of the request's signal says whether it was a deadline.
  if (thrown.cause instanceof HyperMeshError) return thrown.cause
  const { code, message = thrown.message } = rows[thrown.code]
  const effect = thrown.code === 'io' ? ({ effect: 'unknown' } as const) : {}
  return new HyperMeshError(code, message, { cause: thrown, ...effect })
}

/** Runs the work, whose failures come out as the platform's. */
export async function asGraphErrors<Result>(work: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await work()
  } catch (thrown) {
    throw toGraphError(thrown)
  }
}
