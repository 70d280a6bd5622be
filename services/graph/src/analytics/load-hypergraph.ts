import { HyperMeshError, type Limits } from '@hypermesh/contract'
import type { ColumnBatch, Hyperedge, Selection, TableReader } from '@hypermesh/engine'
import type { Progress } from './computation.ts'
import type { HypergraphArrays } from './hypergraph.ts'

/** What a measure needs of a hyperedge beside its members. */
export type Need = 'at' | 'weight'

export interface LoadTerms {
  readonly selection: Selection
  /** Hyperedges with more members are left out. */
  readonly sizeMax?: number | undefined
  readonly needs: readonly Need[]
  readonly limits: Limits
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** A window of a table as a hypergraph, and what its numbers stand for. */
export interface LoadedHypergraph {
  readonly arrays: HypergraphArrays
  /** The database's number of each node. */
  readonly nodeNumbers: Uint32Array
  /** The id of each hyperedge. */
  readonly edgeIds: Float64Array
  /** Hyperedges that `sizeMax` left out. */
  readonly leftOut: number
  /** The commit that was read. */
  readonly seq: number
}

/** So many rows at a time come from the engine, so that others have their turn. */
const pageRows = 16_384
const pageBytes = 16 << 20

/**
 * Fills arrays that threads share from the engine's columns, page by page. What they take is counted
 * before: `too_large` comes with nothing read.
 */
export async function loadHypergraph(
  table: TableReader,
  terms: LoadTerms,
): Promise<LoadedHypergraph> {
  const { selection, sizeMax, needs, signal, onProgress } = terms
  const where = toWhere(selection, sizeMax)
  const kept: Selection = where === undefined ? selection : { ...selection, where }
  const counted = await countOf(table, kept, signal)
  const all = sizeMax === undefined ? counted : await countOf(table, selection, signal)
  const filler = new HypergraphFiller(counted, terms)
  const columns = ['id', 'members', ...needs]
  let seq = 0
  for await (const page of table.pages({
    ...kept,
    columns,
    pageRows,
    pageBytes,
    ...(signal === undefined ? {} : { signal }),
  })) {
    signal?.throwIfAborted()
    seq = page.snapshotSeq
    filler.add(page)
    onProgress?.({ phase: 'reading', fraction: filler.edgeCount / Math.max(1, counted.edges) })
  }
  return { ...filler.finish(), leftOut: all.edges - counted.edges, seq }
}

function toWhere({ where }: Selection, sizeMax: number | undefined): Selection['where'] {
  if (sizeMax === undefined) return where
  const small = { column: 'arity', lte: sizeMax }
  return where === undefined ? small : { and: [where, small] }
}

interface Counted {
  readonly edges: number
  readonly incidences: number
}

async function countOf(
  table: TableReader,
  selection: Selection,
  signal: AbortSignal | undefined,
): Promise<Counted> {
  const measures = { edges: 'count', incidences: { sum: 'arity' } } as const
  const batch = await table.aggregate({
    ...selection,
    measures,
    ...(signal === undefined ? {} : { signal }),
  })
  if (batch.rowCount === 0) return { edges: 0, incidences: 0 }
  return {
    edges: Number(batch.values('edges')[0] ?? 0),
    incidences: Number(batch.values('incidences')[0] ?? 0),
  }
}

/** Nodes are numbered anew, in the order in which they first come. */
class HypergraphFiller {
  edgeCount = 0
  readonly #needs: readonly Need[]
  readonly #edgeOffsets: Uint32Array
  readonly #edgeNodes: Uint32Array
  readonly #edgeAt: Float64Array
  readonly #edgeWeight: Float64Array
  readonly #edgeIds: Float64Array
  #incidenceCount = 0
  #nodeCount = 0
  /** By the database's number, from 1; 0: not seen. */
  #numbers = new Uint32Array(1024)
  #nodeNumbers = new Uint32Array(1024)

  constructor({ edges, incidences }: Counted, { needs, limits }: LoadTerms) {
    assertRoom({ edges, incidences }, limits)
    this.#needs = needs
    this.#edgeOffsets = new Uint32Array(new SharedArrayBuffer((edges + 1) * 4))
    this.#edgeNodes = new Uint32Array(new SharedArrayBuffer(incidences * 4))
    this.#edgeAt = sharedFloats(needs.includes('at') ? edges : 0)
    this.#edgeWeight = sharedFloats(needs.includes('weight') ? edges : 0)
    this.#edgeIds = new Float64Array(edges)
  }

  add(page: ColumnBatch<Hyperedge>): void {
    const { ids, memberOffsets, memberNumbers } = page
    const at = this.#needs.includes('at') ? page.eventTsMs : undefined
    const weights = this.#needs.includes('weight') ? page.weights : undefined
    for (let row = 0; row < page.rowCount; row++) {
      const edge = this.edgeCount++
      this.#edgeIds[edge] = ids[row] as number
      if (at !== undefined) this.#edgeAt[edge] = Math.round((at[row] as number) * 1000)
      if (weights !== undefined) this.#edgeWeight[edge] = weights[row] as number
      this.#addMembers(memberNumbers.subarray(memberOffsets[row], memberOffsets[row + 1]))
      this.#edgeOffsets[edge + 1] = this.#incidenceCount
    }
  }

  finish(): Omit<LoadedHypergraph, 'leftOut' | 'seq'> {
    const arrays: HypergraphArrays = {
      nodeCount: this.#nodeCount,
      edgeOffsets: this.#edgeOffsets.subarray(0, this.edgeCount + 1),
      edgeNodes: this.#edgeNodes.subarray(0, this.#incidenceCount),
      edgeAt: this.#edgeAt,
      edgeWeight: this.#edgeWeight,
    }
    const nodeNumbers = this.#nodeNumbers.subarray(0, this.#nodeCount)
    return { arrays, nodeNumbers, edgeIds: this.#edgeIds }
  }

  /** In ascending order, each once: a node may be a member in several roles. */
  #addMembers(members: Uint32Array): void {
    const from = this.#incidenceCount
    for (let place = 0; place < members.length; place++) {
      this.#edgeNodes[from + place] = this.#numberOf(members[place] as number)
    }
    const nodes = this.#edgeNodes.subarray(from, from + members.length)
    if (nodes.length > 1) sortFew(nodes)
    let end = from
    for (let place = 0; place < nodes.length; place++) {
      const node = nodes[place] as number
      if (end === from || this.#edgeNodes[end - 1] !== node) this.#edgeNodes[end++] = node
    }
    this.#incidenceCount = end
  }

  #numberOf(databaseNumber: number): number {
    if (databaseNumber >= this.#numbers.length) {
      this.#numbers = grown(this.#numbers, databaseNumber + 1)
    }
    const known = this.#numbers[databaseNumber] as number
    if (known !== 0) return known - 1
    const node = this.#nodeCount++
    if (node >= this.#nodeNumbers.length) this.#nodeNumbers = grown(this.#nodeNumbers, node + 1)
    this.#nodeNumbers[node] = databaseNumber
    this.#numbers[databaseNumber] = node + 1
    return node
  }
}

/** Most hyperedges have few members, where the sort of typed arrays is slow. */
function sortFew(nodes: Uint32Array): void {
  if (nodes.length > 32) {
    nodes.sort()
    return
  }
  for (let at = 1; at < nodes.length; at++) {
    const node = nodes[at] as number
    let place = at
    while (place > 0 && (nodes[place - 1] as number) > node) {
      nodes[place] = nodes[place - 1] as number
      place--
    }
    nodes[place] = node
  }
}

function sharedFloats(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(length * 8))
}

function grown(values: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(length, values.length * 2))
  larger.set(values)
  return larger
}

/** Bytes of the arrays, and of the other direction, which each measure may make of them. */
function assertRoom({ edges, incidences }: Counted, limits: Limits): void {
  const bytes = edges * 32 + incidences * 8
  const bytesMax = limits.graphAnalyticsBytesMax
  if (bytes <= bytesMax) return
  throw new HyperMeshError(
    'too_large',
    `${edges} hyperedges with ${incidences} members take ${bytes} bytes, more than the ${bytesMax} of a run; narrow the window`,
    { details: { limit: 'graph_analytics_bytes_max', bytes, bytesMax } },
  )
}
