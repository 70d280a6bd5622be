import { type ErrorCode, HyperMeshError } from '@hypermesh/contract'
import { HnswError, type HnswErrorCode } from '@hypermesh/hnsw'

const codes: Partial<Readonly<Record<HnswErrorCode, ErrorCode>>> = {
  memory: 'storage_full',
  capacity: 'too_large',
  closed: 'unavailable',
  corrupt: 'damaged',
}

/** What a graph threw as an error of the contract; what was aborted has the reason of the signal. */
export function toVectorError(error: unknown, signal?: AbortSignal): unknown {
  if (!(error instanceof HnswError)) return error
  if (error.code === 'aborted' && signal?.aborted === true) return signal.reason
  const code = codes[error.code] ?? 'internal'
  return new HyperMeshError(code, `the vectors: ${error.message}`, { cause: error })
}
