import { HyperMeshError, type searchVectorsRequest } from '@hypermesh/contract'
import type { AppEnv } from '@hypermesh/kit'
import type { Context } from 'hono'
import type { z } from 'zod'
import { groupHits } from '../grouped-search.ts'
import { hitsText } from '../hit-text.ts'
import type { EmbeddingProviders } from '../text/embedding-providers.ts'
import { embedQuery } from '../text/index-embedding.ts'
import { searchText, type TextHit, type TextSearch } from '../text/text-search.ts'
import type { VectorIndex } from '../vector-index.ts'
import { copyVector } from '../vector-values.ts'
import { jsonText, wantedOf } from './requests.ts'

type Visit = Context<AppEnv>
type SearchRequest = z.output<typeof searchVectorsRequest>

/** What a text is searched by; `vector` also where there is no text at all. */
export function modeOf({ text, mode, hybrid, bm25, vectors }: SearchRequest) {
  const told = mode ?? (hybrid === undefined ? 'vector' : 'hybrid')
  if (text === undefined && (mode !== undefined || hybrid !== undefined || bm25 !== undefined)) {
    throw new HyperMeshError('invalid', 'mode, hybrid and bm25 are for a text, which is missing')
  }
  if (hybrid !== undefined && told !== 'hybrid') {
    throw new HyperMeshError('invalid', `hybrid is of mode hybrid, and the mode is ${told}`)
  }
  if (bm25 !== undefined && told === 'vector') {
    throw new HyperMeshError('invalid', 'bm25 is of the modes bm25 and hybrid; say which')
  }
  if (text !== undefined && vectors !== undefined) {
    throw new HyperMeshError('invalid', 'say vectors or a text, one of them')
  }
  return told
}

export function assertTextBytes(c: Visit, text: string): void {
  const { vectorTextBytesMax: bytesMax } = c.var.limits
  if (Buffer.byteLength(text) <= bytesMax) return
  throw new HyperMeshError('too_large', `a text to search for has at most ${bytesMax} bytes`, {
    details: { limit: 'vector_text_bytes_max', bytesMax },
  })
}

/** In the modes bm25 and hybrid. */
export async function searchOfText(
  c: Visit,
  index: VectorIndex,
  search: TextSearch,
  providers: EmbeddingProviders,
): Promise<Response> {
  const { limits, signal } = c.var
  const { groupBy, scoreThreshold = Number.NEGATIVE_INFINITY } = search
  const queries = await hybridQuery(c, index, search, providers)
  const k = groupBy === undefined ? search.k : limits.vectorKMax
  return index.read(async (state) => {
    const found = await searchText(state, { ...search, k, queries }, { limits, signal })
    const hits = found.filter(({ score }) => score >= scoreThreshold)
    const textOf = (kept: readonly TextHit[]) => hitsText(state, kept, wantedOf(search))
    if (groupBy === undefined) return jsonText(c, state, `{"hits":${textOf(hits)}}`)
    const groups = groupHits(state, hits, { groupBy, limits })
    const texts = groups.map(
      ({ value, hits: own }) => `{"value":${JSON.stringify(value)},"hits":${textOf(own)}}`,
    )
    return jsonText(c, state, `{"groups":[${texts.join(',')}]}`)
  })
}

/** The vector of the text, unless one is given beside it. */
async function hybridQuery(
  c: Visit,
  { definition }: VectorIndex,
  { mode, text, vector }: TextSearch,
  providers: EmbeddingProviders,
): Promise<Float32Array | undefined> {
  if (mode !== 'hybrid') {
    if (vector === undefined) return undefined
    throw new HyperMeshError('invalid', 'mode bm25 takes no vector')
  }
  if (vector === undefined) {
    return embedQuery(text, { definition, providers, signal: c.var.signal })
  }
  const target = new Float32Array(definition.dimension)
  copyVector(vector, definition, { target, at: 0, what: () => 'the query' })
  return target
}
