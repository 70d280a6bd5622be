import { HyperMeshError } from '@hypermesh/contract'

export function invalidQuery(message: string, details?: Readonly<Record<string, unknown>>) {
  return new HyperMeshError('invalid', message, details === undefined ? {} : { details })
}

export function mismatch(message: string): HyperMeshError {
  return new HyperMeshError('type_mismatch', message)
}

export function tooLarge(limit: string, most: number, message: string): HyperMeshError {
  return new HyperMeshError('too_large', `${message}: ${limit} is ${most}`, {
    details: { limit, most },
  })
}
