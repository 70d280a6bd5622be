import type { HyperMeshClient } from '@hypermesh/client'
import {
  type GraphSimilarReply,
  type graphSimilarRequest,
  HyperMeshError,
  type Limits,
  type VectorHit,
  type VectorPointId,
} from '@hypermesh/contract'
import type { NodeId } from '@hypermesh/engine'
import type { z } from 'zod'
import type { GraphDatabase } from '../graph-database.ts'
import { toNode } from '../json-nodes.ts'
import { toExpand } from '../walks.ts'

type SimilarRequest = z.output<typeof graphSimilarRequest>

export interface SimilarTerms {
  /** As the caller may use it. */
  readonly vector: HyperMeshClient
  readonly limits: Limits
  readonly signal: AbortSignal
}

/** Nodes near a vector, a text or a node, and the nodes that are reached from them. */
export async function findSimilar(
  database: GraphDatabase,
  request: SimilarRequest,
  terms: SimilarTerms,
): Promise<GraphSimilarReply> {
  const { expand, k } = request
  assertQuery(request)
  const { graphSimilarMax } = terms.limits
  if (k > graphSimilarMax) {
    throw new HyperMeshError('too_large', `at most ${graphSimilarMax} similar nodes, not ${k}`, {
      details: { limit: 'graph_similar_max', similarMax: graphSimilarMax },
    })
  }
  // Before vectors are looked at.
  const table = expand && database.table(expand.table)
  const hits = await nearest(request, terms)
  const similar = hits.map(({ id, score, distance }) => ({ node: id, score, distance }))
  if (expand === undefined || table === undefined) return { similar, truncated: null }
  if (similar.length === 0) return { similar, reached: [], truncated: null }
  const { table: _, time_unit: unit, ...walk } = expand
  const { limits, signal } = terms
  const options = toExpand(
    { ...walk, time_unit: unit, seeds: similar.map(({ node }) => node) },
    { unit, schema: table.schema, limits, signal },
  )
  const batch = await table.expand(options)
  const rows = batch.rows()
  const parents = new Map(rows.map(({ node, parent }) => [node, parent]))
  const reached = rows
    .filter(({ hop }) => hop > 0)
    .map(({ node, hop, at, via, parent }) => ({
      node: shown(node),
      hop,
      event_ts: new Date(at).toISOString(),
      hyperedge: via,
      from: parent === null ? null : shown(parent),
      seed: shown(seedOf(node, parents)),
    }))
  return { similar, reached, truncated: batch.truncated }
}

function assertQuery({ vector, text, node }: SimilarRequest): void {
  const given = [vector, text, node].filter((each) => each !== undefined)
  if (given.length === 1) return
  throw new HyperMeshError('invalid', 'say a vector, a text or a node, one of them')
}

async function nearest(
  request: SimilarRequest,
  terms: SimilarTerms,
): Promise<readonly VectorHit[]> {
  const { index, vector: numbers, text, node, k, filter } = request
  const { vector, signal } = terms
  const common = { k, withMetadata: false, ...(filter === undefined ? {} : { filter }) }
  const search = async (query: { vector: readonly number[] } | { text: string }) => {
    const { hits = [] } = await vector.searchVectors(index, { ...common, ...query }, { signal })
    return hits
  }
  if (numbers !== undefined) return search({ vector: numbers })
  if (text !== undefined) return search({ text })
  const id = pointOf(toNode(node))
  const { points } = await vector.getPoints(index, { ids: [id], withVector: true }, { signal })
  const [found] = points
  if (found?.vector === undefined) {
    throw new HyperMeshError('not_found', `the index ${index} has no point for the node ${id}`)
  }
  const query = { ...common, k: k + 1, vector: found.vector }
  const { hits = [] } = await vector.searchVectors(index, query, { signal })
  return hits.filter((hit) => hit.id !== id).slice(0, k)
}

/** Points and nodes are the same by their ids: numbers and texts apart. */
function pointOf(node: NodeId): VectorPointId {
  if (typeof node !== 'bigint') return node
  throw new HyperMeshError('invalid', 'a node beyond 2^53 has no point: ids of points end there')
}

/** Where the way to a node begins. */
function seedOf(node: NodeId, parents: ReadonlyMap<NodeId, NodeId | null>): NodeId {
  let [seed, steps] = [node, parents.size]
  for (let parent = parents.get(seed); parent != null && steps > 0; parent = parents.get(seed)) {
    seed = parent
    steps -= 1
  }
  return seed
}

function shown(node: NodeId): string | number | { int: string } {
  return typeof node === 'bigint' ? { int: String(node) } : node
}
