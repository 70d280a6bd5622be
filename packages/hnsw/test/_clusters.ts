// Seeded vectors in clusters, and the truth about them by looking at all.
import { SlotSet } from '../src/index.ts'

/** xorshift128: the same numbers everywhere. */
export function randomOf(seed: number): () => number {
  const state = Uint32Array.of(seed, 0x9e3779b9, 0x243f6a88, 0xb7e15162)
  const next = () => {
    let t = state[3] as number
    const s = state[0] as number
    state.copyWithin(1, 0, 3)
    t ^= t << 11
    t ^= t >>> 8
    state[0] = t ^ s ^ (s >>> 19)
    return (state[0] as number) / 2 ** 32
  }
  for (let i = 0; i < 20; i++) next()
  return next
}

export interface Clustered {
  readonly dimension: number
  readonly vectors: Float32Array
  readonly queries: Float32Array
  /** Of each vector. */
  readonly clusters: Uint32Array
}

export function clustered(options: {
  readonly count: number
  readonly queries: number
  readonly dimension: number
  readonly clusters: number
  readonly seed: number
}): Clustered {
  const { count, dimension } = options
  const random = randomOf(options.seed)
  const normal = () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()))
    return radius * Math.cos(2 * Math.PI * random())
  }
  const centers = Float32Array.from({ length: options.clusters * dimension }, normal)
  const clusters = Uint32Array.from({ length: count }, () =>
    Math.floor(random() * options.clusters),
  )
  const draw = (cluster: number, into: Float32Array, at: number) => {
    for (let i = 0; i < dimension; i++) {
      into[at + i] = (centers[cluster * dimension + i] as number) + (0.6 * normal()) / (1 + i / 8)
    }
  }
  const vectors = new Float32Array(count * dimension)
  for (let row = 0; row < count; row++) draw(clusters[row] as number, vectors, row * dimension)
  const queries = new Float32Array(options.queries * dimension)
  for (let row = 0; row < options.queries; row++) {
    draw(Math.floor(random() * options.clusters), queries, row * dimension)
  }
  return { dimension, vectors, queries, clusters }
}

/** The k nearest slots of each query among those allowed, by squared distance or by 1 − cos. */
export function truth(
  data: Pick<Clustered, 'dimension' | 'vectors' | 'queries'>,
  k: number,
  options: { readonly cosine?: boolean; readonly allow?: SlotSet } = {},
): number[][] {
  const { dimension, vectors, queries } = data
  const slots =
    options.allow === undefined ? SlotSet.full(vectors.length / dimension) : options.allow
  const rows = [...slots]
  const norms = new Map<number, number>()
  const normOf = (row: number) => {
    let norm = norms.get(row)
    if (norm === undefined) {
      const vector = vectors.subarray(row * dimension, (row + 1) * dimension)
      norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
      norms.set(row, norm)
    }
    return norm
  }
  return Array.from({ length: queries.length / dimension }, (_, query) => {
    const distances = rows.map((row) => {
      let sum = 0
      for (let i = 0; i < dimension; i++) {
        const a = queries[query * dimension + i] as number
        const b = vectors[row * dimension + i] as number
        sum += options.cosine ? -a * b : (a - b) * (a - b)
      }
      return { row, distance: options.cosine ? sum / normOf(row) : sum }
    })
    return distances
      .sort((a, b) => a.distance - b.distance)
      .slice(0, k)
      .map(({ row }) => row)
  })
}

/** Of the true neighbors, the share that was found. */
export function recall(found: Uint32Array, expected: readonly (readonly number[])[]): number {
  const k = found.length / expected.length
  let hits = 0
  let wanted = 0
  for (const [query, slots] of expected.entries()) {
    const have = new Set(found.subarray(query * k, (query + 1) * k))
    hits += slots.filter((slot) => have.has(slot)).length
    wanted += slots.length
  }
  return wanted === 0 ? 1 : hits / wanted
}

/** So many queries near vectors of one cluster. */
export function queriesIn(data: Clustered, cluster: number, count: number): Float32Array {
  const random = randomOf(cluster + 1)
  const members = [...data.clusters.keys()].filter((row) => data.clusters[row] === cluster)
  const queries = new Float32Array(count * data.dimension)
  for (let query = 0; query < count; query++) {
    const row = members[Math.floor(random() * members.length)] as number
    for (let i = 0; i < data.dimension; i++) {
      const value = data.vectors[row * data.dimension + i] as number
      queries[query * data.dimension + i] = value + 0.1 * (random() - 0.5)
    }
  }
  return queries
}
