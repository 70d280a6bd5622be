/** By their places in the addon: in the order of what they cost. */
const strategies = ['plain', 'bitset', 'two-hop', 'exact'] as const

/** How a search went; of a batch, the dearest way that a query took. */
export type SearchStrategy = (typeof strategies)[number]

/** Of q queries, the nearest first. */
export interface SearchResult {
  /** q × k; 0xffffffff where there were fewer. */
  readonly slots: Uint32Array
  /** q × k; infinity where there were fewer. */
  readonly distances: Float32Array
  /** Of each query. */
  readonly counts: Uint32Array
  readonly strategy: SearchStrategy
}

/** From q × k slots, q × k distances, q counts and the strategy, 32 bits each. */
export function toSearchResult(buffer: ArrayBuffer, queries: number, k: number): SearchResult {
  const room = queries * k
  const counts = new Uint32Array(buffer, 8 * room, queries)
  const strategy = new Uint32Array(buffer, 8 * room + 4 * queries, 1)[0] as number
  return {
    slots: new Uint32Array(buffer, 0, room),
    distances: new Float32Array(buffer, 4 * room, room),
    counts,
    strategy: strategies[strategy] as SearchStrategy,
  }
}

/** From k slots, k distances and the count. */
export function toSingleResult(values: Uint32Array, k: number, strategy: number): SearchResult {
  return {
    slots: values.subarray(0, k),
    distances: new Float32Array(values.buffer as ArrayBuffer, 4 * k, k),
    counts: values.subarray(2 * k),
    strategy: strategies[strategy] as SearchStrategy,
  }
}
