/** Vectors one after the other, and held-out queries. */
export interface VectorData {
  readonly name: string
  readonly dimension: number
  readonly metric: 'l2' | 'cosine'
  readonly count: number
  readonly vectors: Float32Array
  readonly queryCount: number
  readonly queries: Float32Array
  /** Of each vector and of each query, where the data has classes. */
  readonly classes?: { readonly vectors: Uint8Array; readonly queries: Uint8Array }
}

export function vectorAt({ vectors, dimension }: VectorData, row: number): Float32Array {
  return vectors.subarray(row * dimension, (row + 1) * dimension)
}

export function queryAt({ queries, dimension }: VectorData, row: number): Float32Array {
  return queries.subarray(row * dimension, (row + 1) * dimension)
}

/** Each query as an array of its own. */
export function queriesOf(data: VectorData): Float32Array[] {
  return Array.from({ length: data.queryCount }, (_, row) => queryAt(data, row))
}
