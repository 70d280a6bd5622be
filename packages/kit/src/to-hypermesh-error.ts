import { HyperMeshError, identifierPattern, printable } from '@hypermesh/contract'
import { z } from 'zod'

const issuesMax = 20
const issuesInMessage = 3

/**
 * The one funnel: whatever was thrown becomes an error of the contract. An abort takes the reason
 * of the request's signal where that is known, so a deadline is not told as a cancel.
 */
export function toHyperMeshError(error: unknown, signal?: AbortSignal): HyperMeshError {
  if (error instanceof HyperMeshError) return error
  if (error instanceof z.ZodError) return toInvalid(error, 'the request')
  if (isAbort(error)) return toAbortError(error, signal)
  const message = error instanceof Error ? error.message : String(error)
  return new HyperMeshError('internal', message, { cause: error })
}

/** Names each fault of a value by its path. `subject` says which value, e.g. "the body". */
export function toInvalid(error: z.ZodError, subject: string): HyperMeshError {
  const issues = error.issues.slice(0, issuesMax).map((issue) => ({
    path: issue.path.map((part) => printable(String(part))).join('.'),
    message: withoutControls(issue.message),
  }))
  const text = issues
    .slice(0, issuesInMessage)
    .map((issue) => (issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`))
    .join('; ')
  const more = error.issues.length - issuesInMessage
  return new HyperMeshError(
    error.issues.every(isNameIssue) ? 'invalid_name' : 'invalid',
    `${subject} is not valid: ${text}${more > 0 ? `; and ${more} more` : ''}`,
    { details: { issues }, cause: error },
  )
}

function isNameIssue(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_format' && issue.pattern === String(identifierPattern)
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
}

function toAbortError(error: unknown, signal: AbortSignal | undefined): HyperMeshError {
  for (const reason of [signal?.reason, (error as Error).cause]) {
    if (reason instanceof HyperMeshError) return reason
  }
  return (error as Error).name === 'TimeoutError'
    ? new HyperMeshError('deadline', 'the request ran into its deadline', { cause: error })
    : new HyperMeshError('cancelled', 'the request was cancelled', { cause: error })
}

function withoutControls(text: string): string {
  const clean = text.replace(/\p{C}/gu, '\uFFFD')
  return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean
}
