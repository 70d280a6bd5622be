import type { VectorPointId } from '@hypermesh/contract'

/** Numbers before texts; a point that is gone comes last. */
export function compareIds(a: VectorPointId | null, b: VectorPointId | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
