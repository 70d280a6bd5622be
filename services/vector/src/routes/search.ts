import {
  HyperMeshError,
  recommendVectorsRequest,
  searchVectorsQuery,
  searchVectorsRequest,
} from '@hypermesh/contract'
import {
  type App,
  eventLoopTurn,
  mountRoute,
  readJson,
  readQuery,
  type Visit,
  wholeResponse,
} from '@hypermesh/kit'
import type { z } from 'zod'
import { searchGroups } from '../grouped-search.ts'
import { hitBytes } from '../hit-bytes.ts'
import { hitsText, scoreOf } from '../hit-text.ts'
import { assertAtMost, rank, recommend } from '../index-queries.ts'
import type { IndexState } from '../index-state.ts'
import type { NearSlot } from '../nearest-slots.ts'
import { toFloats } from '../point-batch.ts'
import type { EmbeddingProviders } from '../text/embedding-providers.ts'
import { embedQueries } from '../text/index-embedding.ts'
import type { VectorIndex } from '../vector-index.ts'
import type { VectorIndexes } from '../vector-indexes.ts'
import { assertVector, copyVector } from '../vector-values.ts'
import {
  hasBytes,
  jsonText,
  nameOf,
  parseFilterText,
  readBytes,
  wantedOf,
  wantsBytes,
} from './requests.ts'
import { parseSearch } from './search-text.ts'
import { assertTexts, modeOf, searchOfTexts } from './text-search.ts'

type SearchRequest = z.output<typeof searchVectorsRequest>

export function mountSearch(app: App, indexes: VectorIndexes, providers: EmbeddingProviders): void {
  mountRoute(app, 'searchVectors', async (c) => {
    await eventLoopTurn()
    const index = await indexes.get(nameOf(c))
    return hasBytes(c) ? searchOfBytes(c, index) : searchOfJson(c, index, providers)
  })
  mountRoute(app, 'recommendVectors', async (c) => {
    await eventLoopTurn()
    const index = await indexes.get(nameOf(c))
    const request = await readJson(c, recommendVectorsRequest)
    return index.read(async (state) => {
      const { limits, signal } = c.var
      const hits = await recommend(state, request, { limits, signal })
      const kept = withinThreshold(state, hits, request.scoreThreshold)
      return jsonText(c, state, `{"hits":${hitsText(state, kept, wantedOf(request))}}`)
    })
  })
}

async function searchOfJson(
  c: Visit,
  index: VectorIndex,
  providers: EmbeddingProviders,
): Promise<Response> {
  const request = await readJson(c, searchVectorsRequest, { parse: parseSearch })
  const { text, groupBy, vectors } = request
  const mode = modeOf(request)
  const texts = text === undefined ? request.texts : [text]
  const isMany = vectors !== undefined || request.texts !== undefined
  if (isMany && groupBy !== undefined) {
    throw new HyperMeshError('invalid', 'groupBy takes one query')
  }
  if (texts !== undefined) {
    assertTexts(c, texts, request.k)
    if (mode !== 'vector') {
      return searchOfTexts(c, index, { ...request, texts, mode, isMany }, providers)
    }
  }
  const queries = await queriesOf(c, index, { ...request, texts }, providers)
  if (groupBy !== undefined) return searchInGroups(c, index, { ...request, groupBy, queries })
  return search(c, index, { ...request, queries, isMany })
}

/** Of the one of vector, vectors and texts that is given. */
async function queriesOf(
  c: Visit,
  index: VectorIndex,
  { vector, vectors, texts }: Pick<SearchRequest, 'vector' | 'vectors' | 'texts'>,
  providers: EmbeddingProviders,
): Promise<Float32Array> {
  if ([vector, vectors, texts].filter((given) => given !== undefined).length !== 1) {
    throw new HyperMeshError('invalid', 'say vector, vectors, text or texts, one of them')
  }
  const { definition } = index
  if (texts !== undefined) {
    return embedQueries(texts, { definition, providers, signal: c.var.signal })
  }
  const rows = vectors ?? [vector ?? []]
  // Before there is a place for each.
  assertAtMost(rows.length, c.var.limits.vectorQueriesMax, 'queries: vector_queries_max')
  return copyQueries(index, rows)
}

async function searchOfBytes(c: Visit, index: VectorIndex): Promise<Response> {
  const { filter, k = 10, ...query } = readQuery(c, searchVectorsQuery)
  const body = await readBytes(c)
  const { dimension } = index.definition
  if (body.length === 0 || body.length % (dimension * 4) !== 0) {
    throw new HyperMeshError(
      'invalid',
      `the body has ${body.length} bytes; a query of dimension ${dimension} takes ${dimension * 4}`,
      { details: { bytes: body.length, dimension } },
    )
  }
  const { vectorQueriesMax } = c.var.limits
  assertAtMost(body.length / (dimension * 4), vectorQueriesMax, 'queries: vector_queries_max')
  const queries = toFloats(body)
  const count = queries.length / dimension
  for (let row = 0; row < count; row += 1) {
    assertVector(queries, index.definition, { at: row * dimension, what: queryName(row, count) })
  }
  const isMany = count > 1
  return search(c, index, { ...query, k, filter: parseFilterText(filter), queries, isMany })
}

function copyQueries(
  { definition }: VectorIndex,
  rows: readonly (readonly unknown[])[],
): Float32Array {
  const { dimension } = definition
  const target = new Float32Array(rows.length * dimension)
  for (const [row, values] of rows.entries()) {
    const what = queryName(row, rows.length)
    copyVector(values, definition, { target, at: row * dimension, what })
  }
  return target
}

function queryName(row: number, count: number): () => string {
  return () => (count === 1 ? 'the query' : `query ${row}`)
}

type Search = Pick<SearchRequest, 'k' | 'ef' | 'filter' | 'scoreThreshold'> &
  Pick<SearchRequest, 'withVector' | 'withMetadata'> & { readonly queries: Float32Array }

function search(
  c: Visit,
  index: VectorIndex,
  request: Search & { readonly isMany: boolean },
): Promise<Response> {
  const { queries, k, ef, filter, scoreThreshold, isMany } = request
  return index.read(async (state) => {
    const found = await rank(state, { queries, k, ef, filter, ending: c.var }, c.var.limits)
    const rows = found.map((hits) => withinThreshold(state, hits, scoreThreshold))
    if (wantsBytes(c)) {
      const headers = { 'content-type': 'application/octet-stream' }
      return wholeResponse(hitBytes(state, rows, k), { status: 200, headers })
    }
    const wanted = wantedOf(request)
    const texts = rows.map((hits) => `{"hits":${hitsText(state, hits, wanted)}}`)
    return jsonText(
      c,
      state,
      isMany ? `{"results":[${texts.join(',')}]}` : (texts[0] ?? '{"hits":[]}'),
    )
  })
}

function searchInGroups(
  c: Visit,
  index: VectorIndex,
  request: Search & { readonly groupBy: NonNullable<SearchRequest['groupBy']> },
): Promise<Response> {
  const { limits } = c.var
  const { queries, ef, filter, groupBy, scoreThreshold } = request
  return index.read(async (state) => {
    const query = { queries, ef, filter, ending: c.var }
    const groups = await searchGroups(state, query, { groupBy, limits })
    const texts = groups.flatMap(({ value, hits }) => {
      const kept = withinThreshold(state, hits, scoreThreshold)
      if (kept.length === 0) return []
      return [
        `{"value":${JSON.stringify(value)},"hits":${hitsText(state, kept, wantedOf(request))}}`,
      ]
    })
    return jsonText(c, state, `{"groups":[${texts.join(',')}]}`)
  })
}

function withinThreshold(
  { graph }: IndexState,
  hits: readonly NearSlot[],
  threshold: number | undefined,
): readonly NearSlot[] {
  if (threshold === undefined) return hits
  const { metric } = graph.options
  return hits.filter(({ distance }) => scoreOf(metric, distance) >= threshold)
}
