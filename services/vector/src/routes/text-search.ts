import { HyperMeshError, type searchVectorsRequest } from '@hypermesh/contract'
import type { Visit } from '@hypermesh/kit'
import type { z } from 'zod'
import { groupHits } from '../grouped-search.ts'
import { hitsText } from '../hit-text.ts'
import { assertAtMost } from '../index-queries.ts'
import type { EmbeddingProviders } from '../text/embedding-providers.ts'
import { embedQueries } from '../text/index-embedding.ts'
import { searchText, type TextHit, type TextSearch } from '../text/text-search.ts'
import type { VectorIndex } from '../vector-index.ts'
import { copyVector } from '../vector-values.ts'
import { jsonText, wantedOf } from './requests.ts'

type SearchRequest = z.output<typeof searchVectorsRequest>

/** What texts are searched by; `vector` also where there is no text at all. */
export function modeOf({ text, texts, mode, hybrid, bm25, vectors }: SearchRequest) {
  const told = mode ?? (hybrid === undefined ? 'vector' : 'hybrid')
  const hasText = text !== undefined || texts !== undefined
  if (!hasText && (mode !== undefined || hybrid !== undefined || bm25 !== undefined)) {
    throw new HyperMeshError('invalid', 'mode, hybrid and bm25 are for a text, which is missing')
  }
  if (hybrid !== undefined && told !== 'hybrid') {
    throw new HyperMeshError('invalid', `hybrid is of mode hybrid, and the mode is ${told}`)
  }
  if (bm25 !== undefined && told === 'vector') {
    throw new HyperMeshError('invalid', 'bm25 is of the modes bm25 and hybrid; say which')
  }
  if (text !== undefined && texts !== undefined) {
    throw new HyperMeshError('invalid', 'say text or texts, one of them')
  }
  if (hasText && vectors !== undefined) {
    throw new HyperMeshError('invalid', 'say vectors or a text, one of them')
  }
  return told
}

/** How many there are, how long each is and how many hits are asked for. */
export function assertTexts(c: Visit, texts: readonly string[], k: number): void {
  const { vectorTextBytesMax: bytesMax, vectorQueriesMax, vectorHitsMax } = c.var.limits
  assertAtMost(texts.length, vectorQueriesMax, 'queries: vector_queries_max')
  assertAtMost(texts.length * k, vectorHitsMax, 'hits of all queries: vector_hits_max')
  if (texts.every((text) => Buffer.byteLength(text) <= bytesMax)) return
  throw new HyperMeshError('too_large', `a text to search for has at most ${bytesMax} bytes`, {
    details: { limit: 'vector_text_bytes_max', bytesMax },
  })
}

interface TextsSearch extends Omit<TextSearch, 'text' | 'queries'> {
  readonly texts: readonly string[]
  /** The answer is a list of results, even of one text. */
  readonly isMany: boolean
}

/** In the modes bm25 and hybrid. */
export async function searchOfTexts(
  c: Visit,
  index: VectorIndex,
  search: TextsSearch,
  providers: EmbeddingProviders,
): Promise<Response> {
  const { limits, signal } = c.var
  const { texts, groupBy, isMany, scoreThreshold = Number.NEGATIVE_INFINITY } = search
  const rows = await hybridQueries(c, index, search, providers)
  const k = groupBy === undefined ? search.k : limits.vectorKMax
  const { dimension } = index.definition
  return index.read(async (state) => {
    const textOf = (hits: readonly TextHit[]) => `"hits":${hitsText(state, hits, wantedOf(search))}`
    // Each is written as it is found: while the next is looked for, a point may be deleted.
    const told: string[] = []
    for (const [row, text] of texts.entries()) {
      const queries = rows?.subarray(row * dimension, (row + 1) * dimension)
      const found = await searchText(state, { ...search, text, k, queries }, { limits, signal })
      const hits = found.filter(({ score }) => score >= scoreThreshold)
      if (groupBy === undefined) told.push(textOf(hits))
      else {
        const groups = groupHits(state, hits, { groupBy, limits }).map(
          ({ value, hits: own }) => `{"value":${JSON.stringify(value)},${textOf(own)}}`,
        )
        told.push(`"groups":[${groups.join(',')}]`)
      }
    }
    const results = `"results":[${told.map((hits) => `{${hits}}`).join(',')}]`
    return jsonText(c, state, `{${isMany ? results : told.join()}}`)
  })
}

/** The vectors of the texts, unless one is given beside the only one. */
async function hybridQueries(
  c: Visit,
  { definition }: VectorIndex,
  { mode, texts, vector, isMany }: TextsSearch,
  providers: EmbeddingProviders,
): Promise<Float32Array | undefined> {
  if (mode !== 'hybrid') {
    if (vector === undefined) return undefined
    throw new HyperMeshError('invalid', 'mode bm25 takes no vector')
  }
  if (vector === undefined) {
    return embedQueries(texts, { definition, providers, signal: c.var.signal })
  }
  if (isMany) throw new HyperMeshError('invalid', 'beside texts there is no vector')
  const target = new Float32Array(definition.dimension)
  copyVector(vector, definition, { target, at: 0, what: () => 'the query' })
  return target
}
