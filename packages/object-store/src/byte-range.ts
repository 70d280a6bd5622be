import { HyperMeshError } from '@hypermesh/contract'

/** Bytes `[start, end)`, from `start` to the end of the object, or the last `suffix` bytes. */
export type ByteRange =
  | { readonly start: number; readonly end?: number }
  | { readonly suffix: number }

/** The part of an object of that length; throws `range` where nothing of it exists. */
export function resolveRange(
  range: ByteRange | undefined,
  bytes: number,
): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: bytes }
  const asked =
    'suffix' in range
      ? { start: range.suffix > 0 ? Math.max(0, bytes - range.suffix) : bytes, end: bytes }
      : { start: range.start, end: Math.min(range.end ?? bytes, bytes) }
  if (asked.start < 0 || asked.start >= bytes || asked.end <= asked.start) {
    throw new HyperMeshError('range', `the object has ${bytes} bytes, none of them in the range`, {
      details: { bytes },
    })
  }
  return asked
}
