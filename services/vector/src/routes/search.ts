import {
  HyperMeshError,
  recommendVectorsRequest,
  searchVectorsQuery,
  searchVectorsRequest,
} from '@hypermesh/contract'
import {
  type App,
  type AppEnv,
  mountRoute,
  readJson,
  readQuery,
  wholeResponse,
} from '@hypermesh/kit'
import type { Context } from 'hono'
import type { z } from 'zod'
import { searchGroups } from '../grouped-search.ts'
import { hitBytes } from '../hit-bytes.ts'
import { hitsText, scoreOf } from '../hit-text.ts'
import { assertAtMost, rank, recommend } from '../index-queries.ts'
import type { IndexState } from '../index-state.ts'
import type { NearSlot } from '../nearest-slots.ts'
import { toFloats } from '../point-batch.ts'
import type { EmbeddingProviders } from '../text/embedding-providers.ts'
import { embedQuery } from '../text/index-embedding.ts'
import type { VectorIndex } from '../vector-index.ts'
import type { VectorIndexes } from '../vector-indexes.ts'
import { copyVector } from '../vector-values.ts'
import {
  hasBytes,
  jsonText,
  nameOf,
  parseFilterText,
  readBytes,
  wantedOf,
  wantsBytes,
} from './requests.ts'
import { assertTextBytes, modeOf, searchOfText } from './text-search.ts'

type Visit = Context<AppEnv>
type SearchRequest = z.output<typeof searchVectorsRequest>

export function mountSearch(app: App, indexes: VectorIndexes, providers: EmbeddingProviders): void {
  mountRoute(app, 'searchVectors', async (c) => {
    const index = await indexes.get(nameOf(c))
    return hasBytes(c) ? searchOfBytes(c, index) : searchOfJson(c, index, providers)
  })
  mountRoute(app, 'recommendVectors', async (c) => {
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
  const request = await readJson(c, searchVectorsRequest)
  const { text, groupBy, vectors } = request
  const mode = modeOf(request)
  if (text !== undefined) assertTextBytes(c, text)
  if (text !== undefined && mode !== 'vector') {
    return searchOfText(c, index, { ...request, text, mode }, providers)
  }
  const queries = await queriesOf(c, index, request, providers)
  if (groupBy !== undefined) {
    if (vectors !== undefined) throw new HyperMeshError('invalid', 'groupBy takes one query')
    return searchInGroups(c, index, { ...request, groupBy, queries })
  }
  return search(c, index, { ...request, queries, isMany: vectors !== undefined })
}

/** Of the one of vector, vectors and text that is given. */
async function queriesOf(
  c: Visit,
  index: VectorIndex,
  { vector, vectors, text }: SearchRequest,
  providers: EmbeddingProviders,
): Promise<Float32Array> {
  if ([vector, vectors, text].filter((given) => given !== undefined).length !== 1) {
    throw new HyperMeshError('invalid', 'say vector, vectors or text, one of them')
  }
  const { definition } = index
  const rows =
    text === undefined
      ? (vectors ?? [vector ?? []])
      : [await embedQuery(text, { definition, providers, signal: c.var.signal })]
  // Before there is a place for each.
  assertAtMost(rows.length, c.get('limits').vectorQueriesMax, 'queries: vector_queries_max')
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
  const { vectorQueriesMax } = c.get('limits')
  assertAtMost(body.length / (dimension * 4), vectorQueriesMax, 'queries: vector_queries_max')
  const given = toFloats(body)
  const rows = Array.from({ length: given.length / dimension }, (_, row) =>
    given.subarray(row * dimension, (row + 1) * dimension),
  )
  const queries = copyQueries(index, rows)
  const isMany = rows.length > 1
  return search(c, index, { ...query, k, filter: parseFilterText(filter), queries, isMany })
}

function copyQueries(
  { definition }: VectorIndex,
  rows: readonly (readonly unknown[] | Float32Array)[],
): Float32Array {
  const { dimension } = definition
  const target = new Float32Array(rows.length * dimension)
  for (const [row, values] of rows.entries()) {
    const what = () => (rows.length === 1 ? 'the query' : `query ${row}`)
    copyVector(values, definition, { target, at: row * dimension, what })
  }
  return target
}

type Search = Pick<SearchRequest, 'k' | 'ef' | 'filter' | 'scoreThreshold'> &
  Pick<SearchRequest, 'withVector' | 'withMetadata'> & { readonly queries: Float32Array }

function search(
  c: Visit,
  index: VectorIndex,
  request: Search & { readonly isMany: boolean },
): Promise<Response> {
  const limits = c.get('limits')
  const signal = c.get('signal')
  const { queries, k, ef, filter, scoreThreshold, isMany } = request
  return index.read(async (state) => {
    const found = await rank(state, { queries, k, ef, filter, signal }, limits)
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
  const { limits, signal } = c.var
  const { queries, ef, filter, groupBy, scoreThreshold } = request
  return index.read(async (state) => {
    const query = { queries, ef, filter, signal }
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
