// Leaves while vectors are added and searched.
import { HnswIndex } from '../src/index.ts'

const index = HnswIndex.create({ dimension: 64, metric: 'l2', storage: 'f32' })
const vectors = Float32Array.from({ length: 64 * 20_000 }, (_, at) => Math.sin(at * at))
void index.add(vectors)
await index.search(vectors.subarray(0, 6400), { k: 10 })
void index.search(vectors, { k: 10 })
process.exit(7)
