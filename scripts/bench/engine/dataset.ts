import { createHash } from 'node:crypto'

/** Hyperedges as columns, in commit order: the id of a hyperedge is its place from 0. */
export interface Dataset {
  readonly name: string
  readonly edgeCount: number
  readonly nodeCount: number
  /** Microseconds, as float64: exact below 2^53. */
  readonly ts: Float64Array
  /** Members of edge i are [offsets[i], offsets[i + 1]). Distinct within an edge. */
  readonly offsets: Uint32Array
  readonly members: Uint32Array
  readonly weight: Float64Array
  readonly label: Uint16Array
  readonly kind: Int32Array
  readonly qty: Int32Array
  readonly amt: Float64Array
}

/** What the queries are drawn from: the edges by time, and each node's edges by time. */
export interface Order {
  /** Edge ids, ascending in (ts, id). */
  readonly byTime: Uint32Array
  /** Timestamps in that order. */
  readonly sortedTs: Float64Array
  readonly degree: Uint32Array
  /** Edges of node n, by time: postings[starts[n] … starts[n + 1]) are places in byTime. */
  readonly starts: Uint32Array
  readonly postings: Uint32Array
}

export function orderOf(data: Dataset): Order {
  const byTime = Uint32Array.from({ length: data.edgeCount }, (_, i) => i)
  byTime.sort((a, b) => at(data.ts, a) - at(data.ts, b) || a - b)
  const sortedTs = Float64Array.from(byTime, (edge) => at(data.ts, edge))
  const degree = new Uint32Array(data.nodeCount)
  for (const node of data.members) degree[node] = at(degree, node) + 1
  const starts = new Uint32Array(data.nodeCount + 1)
  for (let n = 0; n < data.nodeCount; n++) starts[n + 1] = at(starts, n) + at(degree, n)
  const next = starts.slice()
  const postings = new Uint32Array(data.members.length)
  byTime.forEach((edge, rank) => {
    for (let m = at(data.offsets, edge); m < at(data.offsets, edge + 1); m++) {
      const node = at(data.members, m)
      const place = at(next, node)
      postings[place] = rank
      next[node] = place + 1
    }
  })
  return { byTime, sortedTs, degree, starts, postings }
}

export function hashOf(data: Dataset): string {
  const hash = createHash('sha256')
  for (const column of [data.ts, data.offsets, data.members, data.weight, data.label]) {
    hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength))
  }
  return hash.digest('hex').slice(0, 16)
}

/** An element that is there by construction. */
export function at(
  values: Float64Array | Uint32Array | Uint16Array | Int32Array,
  index: number,
): number {
  return values[index] as number
}
