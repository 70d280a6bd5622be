import { type ErrorCode, HyperMeshError } from '@hypermesh/contract'
import { oneLine } from './cell-text.ts'
import type { Terminal } from './terminal.ts'

/** What the command's exit code says; documented in `hypermesh --help`. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  notAuthorised: 4,
  interrupted: 130,
} as const

/** The command line itself is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A failure that was already told, in a way that suits the command. */
export class ReportedFailure extends Error {
  override readonly name = 'ReportedFailure'
  readonly exitCode: number

  constructor(exitCode: number = exitCodes.failed) {
    super('already reported')
    this.exitCode = exitCode
  }
}

const hints: Partial<Record<ErrorCode, string>> = {
  unauthenticated:
    'pass --key, or set [client] key; on the server’s own machine --data DIR finds the admin key',
  forbidden: 'this key’s role may not do that; an admin can mint another: hypermesh keys create',
  unavailable: 'try again shortly; hypermesh doctor tells what is wrong',
  rate_limited: 'wait a moment and try again',
  deadline: 'ask for less, or give it longer with --timeout SECONDS',
  conflict: 'someone else changed the table at the same time; run the command again',
  storage_full: 'free space where the server keeps its data, then run the command again',
  internal: 'the server’s log has the cause under this request id',
  corrupt: 'the server’s log names what is damaged under this request id',
}

/** Tells a person what went wrong and what to do next; returns the exit code. */
export function reportFailure(terminal: Terminal, error: unknown, json: boolean): number {
  if (error instanceof ReportedFailure) return error.exitCode
  const { message, hint } = describeFailure(error)
  if (json) {
    terminal.note(JSON.stringify({ error: { ...failureFacts(error), message, hint } }))
  } else {
    terminal.note(`${terminal.styleNote('red', 'error:')} ${message}`)
    if (error instanceof HyperMeshError && error.requestId !== undefined && isInternal(error)) {
      terminal.note(`${terminal.styleNote('dim', 'request id:')} ${error.requestId}`)
    }
    if (hint !== undefined) terminal.note(`${terminal.styleNote('yellow', 'hint:')} ${hint}`)
  }
  return exitCodeOf(error)
}

/** The message on one line, without what would move the cursor, and what to do next. */
export function describeFailure(error: unknown): { message: string; hint: string | undefined } {
  if (isUnreachable(error)) {
    const { url, code } = error.details ?? {}
    return {
      message: `cannot reach ${url}${code === undefined ? '' : ` (${code})`}`,
      hint: 'start the platform with: hypermesh serve; or name another one with --url',
    }
  }
  const message = error instanceof Error ? error.message : String(error)
  const hint =
    error instanceof HyperMeshError
      ? // A port that cannot be had says itself what to set.
        error.details?.port === undefined
        ? hints[error.code]
        : undefined
      : error instanceof UsageError
        ? 'see hypermesh --help'
        : undefined
  return { message: message.split('\n').map(oneLine).join('\n'), hint }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage
  if (isUnreachable(error)) return exitCodes.unreachable
  if (!(error instanceof HyperMeshError)) return exitCodes.failed
  if (error.code === 'unauthenticated' || error.code === 'forbidden') return exitCodes.notAuthorised
  return error.code === 'cancelled' ? exitCodes.interrupted : exitCodes.failed
}

/** Narrower than the class, so that the other branch keeps the class. */
type UnreachableError = HyperMeshError & { readonly code: 'unavailable' }

/** The connection failed; a server that answers 503 is there. */
function isUnreachable(error: unknown): error is UnreachableError {
  return (
    error instanceof HyperMeshError &&
    error.code === 'unavailable' &&
    typeof error.details?.url === 'string'
  )
}

function isInternal(error: HyperMeshError): boolean {
  return error.code === 'internal' || error.code === 'corrupt'
}

function failureFacts(error: unknown): Record<string, unknown> {
  if (!(error instanceof HyperMeshError)) {
    return { code: error instanceof UsageError ? 'usage' : 'failed' }
  }
  const { code, details, effect, requestId } = error
  return { code, details, effect, requestId }
}
