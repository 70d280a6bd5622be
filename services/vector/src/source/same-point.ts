import type { VectorIndex } from '../vector-index.ts'
import type { RowPoint } from './row-points.ts'

/** How far a vector may be from what was stored of it, as a share of its largest number: rounding. */
const roundings = { f32: 1e-6, f16: 5e-4, i8: 5e-4 } as const

/** True where the index has the point just so, as far as its storage can tell; of a text, by the text. */
export function isSamePoint(
  { state, definition }: VectorIndex,
  slot: number | undefined,
  { vector, metadata }: RowPoint,
): boolean {
  if (slot === undefined || (state.table.metadataTextAt(slot) ?? '{}') !== metadata) return false
  if (vector === undefined) return true
  const stored = state.graph.vectors([slot])
  const scale = definition.metric === 'cosine' ? 1 / lengthOf(vector) : 1
  let largest = 0
  for (const value of vector) largest = Math.max(largest, Math.abs(value * scale))
  const tolerance = roundings[definition.storage] * largest
  return vector.every((value, at) => Math.abs(value * scale - (stored[at] as number)) <= tolerance)
}

function lengthOf(vector: Float32Array): number {
  let square = 0
  for (const value of vector) square += value * value
  return Math.sqrt(square)
}
