import { HyperMeshError } from '@hypermesh/contract'

/** Why a signal was aborted, as an error: the reason itself if typed, else deadline or cancelled. */
export function toAbortError(signal: AbortSignal): HyperMeshError {
  const { reason } = signal
  if (reason instanceof HyperMeshError) return reason
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new HyperMeshError('deadline', 'the deadline passed while the statement ran', {
      cause: reason,
      effect: 'none',
    })
  }
  return new HyperMeshError('cancelled', 'the statement was cancelled', {
    cause: reason,
    effect: 'none',
  })
}
