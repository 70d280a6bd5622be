import { Random } from '../../../services/graph/src/analytics/random.ts'
import type { VectorData } from './dataset.ts'

/** Directions in which a cluster spreads; the rest of the space has a little noise. */
const rank = 24
const noise = 0.02

interface Shape {
  readonly name: string
  readonly dimension: number
  readonly count: number
  readonly clusters: number
  readonly queryCount?: number
  readonly seed?: number
}

/**
 * Clusters of unequal weight, each with a covariance of low rank and decaying spectrum of its own, as
 * embeddings have. Queries are drawn as the vectors are, and are none of them.
 */
export function clustered(shape: Shape): VectorData {
  const { name, dimension, count, clusters, queryCount = 1000, seed = 1 } = shape
  const random = new Random(seed)
  const normal = normals(random)
  const centers = Float32Array.from({ length: clusters * dimension }, normal)
  const bases = new Float32Array(clusters * rank * dimension)
  for (let at = 0; at < bases.length; at++) {
    const direction = Math.floor(at / dimension) % rank
    bases[at] = (1.6 * normal()) / Math.sqrt(1 + direction)
  }
  const draw = (into: Float32Array, row: number) => {
    // The square makes the first clusters larger.
    const cluster = Math.floor(random.unit() ** 2 * clusters)
    const vector = into.subarray(row * dimension, (row + 1) * dimension)
    vector.set(centers.subarray(cluster * dimension, (cluster + 1) * dimension))
    for (let direction = 0; direction < rank; direction++) {
      const weight = normal()
      const from = (cluster * rank + direction) * dimension
      for (let i = 0; i < dimension; i++) {
        vector[i] = (vector[i] as number) + weight * (bases[from + i] as number)
      }
    }
    for (let i = 0; i < dimension; i++) vector[i] = (vector[i] as number) + noise * normal()
  }
  const vectors = new Float32Array(count * dimension)
  for (let row = 0; row < count; row++) draw(vectors, row)
  const queries = new Float32Array(queryCount * dimension)
  for (let row = 0; row < queryCount; row++) draw(queries, row)
  return { name, dimension, metric: 'cosine', count, vectors, queryCount, queries }
}

/** Box and Muller's, both of each pair. */
function normals(random: Random): () => number {
  let spare: number | undefined
  return () => {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random.unit()))
    const angle = 2 * Math.PI * random.unit()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}

export const clu128: Shape = { name: 'clu128', dimension: 128, count: 100_000, clusters: 200 }
export const clu768: Shape = { name: 'clu768', dimension: 768, count: 50_000, clusters: 150 }
