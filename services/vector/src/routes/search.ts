import {
  HyperMeshError,
  recommendVectorsRequest,
  searchVectorsQuery,
  searchVectorsRequest,
} from '@hypermesh/contract'
import { type App, type AppEnv, mountRoute, readJson, readQuery } from '@hypermesh/kit'
import type { Context } from 'hono'
import type { z } from 'zod'
import { searchGroups } from '../grouped-search.ts'
import { hitBytes } from '../hit-bytes.ts'
import { hitsText, scoreOf } from '../hit-text.ts'
import { rank, recommend } from '../index-queries.ts'
import type { IndexState } from '../index-state.ts'
import type { NearSlot } from '../nearest-slots.ts'
import { toFloats } from '../point-batch.ts'
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

type Visit = Context<AppEnv>
type SearchRequest = z.output<typeof searchVectorsRequest>

export function mountSearch(app: App, indexes: VectorIndexes): void {
  mountRoute(app, 'searchVectors', async (c) => {
    const index = await indexes.get(nameOf(c))
    return hasBytes(c) ? searchOfBytes(c, index) : searchOfJson(c, index)
  })
  mountRoute(app, 'recommendVectors', async (c) => {
    const index = await indexes.get(nameOf(c))
    const request = await readJson(c, recommendVectorsRequest)
    return index.read(async (state) => {
      const { limits, signal } = c.var
      const hits = await recommend(state, request, { limits, signal })
      const kept = withinThreshold(state, hits, request.scoreThreshold)
      return jsonText(c, `{"hits":${hitsText(state, kept, wantedOf(request))}}`)
    })
  })
}

async function searchOfJson(c: Visit, index: VectorIndex): Promise<Response> {
  const request = await readJson(c, searchVectorsRequest)
  const { vector, vectors, groupBy } = request
  if ((vector === undefined) === (vectors === undefined)) {
    throw new HyperMeshError('invalid', 'say vector or vectors, one of them')
  }
  const queries = copyQueries(index, vectors ?? (vector === undefined ? [] : [vector]))
  if (groupBy !== undefined) {
    if (vector === undefined) throw new HyperMeshError('invalid', 'groupBy takes one vector')
    return searchInGroups(c, index, { ...request, groupBy, queries })
  }
  return search(c, index, { ...request, queries, isMany: vectors !== undefined })
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
  const { limits, signal } = c.var
  const { queries, k, ef, filter, scoreThreshold, isMany } = request
  return index.read(async (state) => {
    const found = await rank(state, { queries, k, ef, filter, signal }, limits)
    const rows = found.map((hits) => withinThreshold(state, hits, scoreThreshold))
    if (wantsBytes(c)) {
      return c.body(hitBytes(state, rows, k), 200, { 'content-type': 'application/octet-stream' })
    }
    const wanted = wantedOf(request)
    const texts = rows.map((hits) => `{"hits":${hitsText(state, hits, wanted)}}`)
    return jsonText(c, isMany ? `{"results":[${texts.join(',')}]}` : (texts[0] ?? '{"hits":[]}'))
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
    return jsonText(c, `{"groups":[${texts.join(',')}]}`)
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
