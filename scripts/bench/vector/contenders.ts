import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HnswIndex, type Storage } from '@hypermesh/hnsw'
import { cpuSeconds, efConstruction, k, m, type VectorContender } from './contender.ts'
import { queriesOf, type VectorData, vectorAt } from './dataset.ts'

const kept = fileURLToPath(new URL('../../../.bench/vector', import.meta.url))
const require = createRequire(new URL('./peers/', import.meta.url))

/** Of the peers, what is used here; they have no types that can be imported before they are installed. */
interface Peers {
  readonly hnswlib: {
    readonly HierarchicalNSW: new (metric: string, dimension: number) => HnswlibIndex
  }
  readonly usearch: {
    readonly Index: new (options: object) => UsearchIndex
    exactSearch(
      vectors: Float32Array,
      queries: Float32Array,
      dimension: number,
      count: number,
      metric: string,
      threads: number,
    ): { readonly keys: BigUint64Array }
  }
}

export interface HnswlibIndex {
  initIndex(count: number, m: number, efConstruction: number, seed: number): void
  addPoint(vector: number[], label: number): void
  setEf(ef: number): void
  writeIndexSync(path: string): void
  readIndexSync(path: string): void
  searchKnn(
    query: number[],
    k: number,
    filter?: (label: number) => boolean,
  ): { readonly neighbors: number[] }
}

interface UsearchIndex {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void
  search(query: Float32Array, k: number, threads: number): { readonly keys: BigUint64Array }
  save(path: string): void
  load(path: string): void
}

function peers(): Peers {
  const [hnswlib, usearch] = ['hnswlib-node', 'usearch'].map((name) => require(name))
  return { hnswlib, usearch }
}

export interface Ours extends VectorContender {
  readonly index: HnswIndex
}

export async function hypermesh(data: VectorData, storage: Storage): Promise<Ours> {
  const { index, buildSeconds } = await buildOurs(data, storage)
  const queries = queriesOf(data)
  const options = { k, ef: 0 }
  return {
    name: `HyperMesh ${storage}`,
    index,
    buildSeconds,
    setEf: (ef) => {
      options.ef = ef
    },
    search: (query) => index.searchSync(queries[query] as Float32Array, options)?.slots ?? [],
    close: () => index.close(),
  }
}

export async function buildOurs(data: VectorData, storage: Storage, threads = 1) {
  const { dimension, metric, vectors } = data
  const index = HnswIndex.create({ dimension, metric, storage, m, efConstruction })
  const from = cpuSeconds()
  await index.add(vectors, { threads })
  return { index, buildSeconds: cpuSeconds() - from }
}

export interface Hnswlib extends VectorContender {
  readonly index: HnswlibIndex
}

/** One that `isKept` is built once and then read from a file: where its building is not measured. */
export async function hnswlibNode(
  data: VectorData,
  { isKept = false }: { readonly isKept?: boolean } = {},
): Promise<Hnswlib> {
  const index = new (peers().hnswlib.HierarchicalNSW)(data.metric, data.dimension)
  const path = join(kept, `${data.name}-${data.count}.hnswlib`)
  const isThere = isKept && existsSync(path)
  const from = cpuSeconds()
  if (isThere) index.readIndexSync(path)
  else buildHnswlib(index, data)
  const buildSeconds = cpuSeconds() - from
  if (!isThere) keep(index, path)
  // It takes arrays of numbers only; making them is not what is measured.
  const queries = queriesOf(data).map((query) => Array.from(query))
  return {
    name: 'hnswlib-node',
    index,
    buildSeconds,
    setEf: (ef) => index.setEf(ef),
    search: (query) => index.searchKnn(queries[query] as number[], k).neighbors,
    close: () => undefined,
  }
}

function buildHnswlib(index: HnswlibIndex, data: VectorData): void {
  index.initIndex(data.count, m, efConstruction, 100)
  for (let row = 0; row < data.count; row++) index.addPoint(Array.from(vectorAt(data, row)), row)
}

function keep(index: HnswlibIndex, path: string): void {
  mkdirSync(kept, { recursive: true })
  index.writeIndexSync(`${path}.${process.pid}`)
  renameSync(`${path}.${process.pid}`, path)
}

export async function usearchF16(data: VectorData): Promise<VectorContender> {
  const directory = mkdtempSync(join(tmpdir(), 'hypermesh-bench-'))
  const path = join(directory, 'index')
  const make = (ef: number) =>
    new (peers().usearch.Index)({
      dimensions: data.dimension,
      metric: data.metric === 'l2' ? 'l2sq' : 'cos',
      quantization: 'f16',
      connectivity: m,
      expansion_add: efConstruction,
      expansion_search: ef,
      multi: false,
    })
  let index = make(64)
  const from = cpuSeconds()
  index.add(
    BigUint64Array.from({ length: data.count }, (_, row) => BigInt(row)),
    data.vectors,
    1,
  )
  const buildSeconds = cpuSeconds() - from
  index.save(path)
  const queries = queriesOf(data)
  let known = 64
  return {
    name: 'usearch f16',
    buildSeconds,
    // It knows its candidates from when it is made.
    setEf: (ef) => {
      if (ef === known) return
      index = make(ef)
      index.load(path)
      known = ef
    },
    search: (query) => index.search(queries[query] as Float32Array, k, 1).keys,
    close: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** The true neighbors among some of the rows, by usearch's scan of them all. */
export function truthOf(data: VectorData, rows?: Uint32Array, queries = data.queries): number[][] {
  const { dimension } = data
  let { vectors } = data
  if (rows !== undefined) {
    vectors = new Float32Array(rows.length * dimension)
    rows.forEach((row, at) => {
      vectors.set(vectorAt(data, row), at * dimension)
    })
  }
  const metric = data.metric === 'l2' ? 'l2sq' : 'cos'
  const { keys } = peers().usearch.exactSearch(vectors, queries, dimension, k, metric, 1)
  return Array.from({ length: queries.length / dimension }, (_, query) =>
    Array.from(keys.subarray(query * k, (query + 1) * k), (key) =>
      rows === undefined ? Number(key) : (rows[Number(key)] as number),
    ),
  )
}
