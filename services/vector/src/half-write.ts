import { HyperMeshError } from '@hypermesh/contract'

/** What is durable of a write, and is not in memory: until a restart that says less than the files. */
export function halfWritten(index: string, cause: unknown): HyperMeshError {
  const message = `a write of the index ${index} failed half-way; restart the server`
  return new HyperMeshError('unavailable', message, { cause, effect: 'committed' })
}

/** The same to whoever comes later, of whom nothing is done. */
export function afterHalfWrite(failure: HyperMeshError): HyperMeshError {
  return new HyperMeshError('unavailable', failure.message, { cause: failure })
}
