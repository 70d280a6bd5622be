import { HyperMeshError, type Limits, type searchVectorsRequest } from '@hypermesh/contract'
import type { z } from 'zod'
import { assertAtMost, rank } from '../index-queries.ts'
import type { IndexState } from '../index-state.ts'
import type { NearSlot } from '../nearest-slots.ts'
import type { Bm25Index } from './bm25-index.ts'
import { compareIds } from './id-order.ts'
import { fuseRanks } from './rank-fusion.ts'

type SearchRequest = z.output<typeof searchVectorsRequest>

/** A hit by words, or by words and vector. */
export interface TextHit {
  readonly slot: number
  readonly score: number
  readonly ranks?: { readonly vector?: number; readonly text?: number }
}

export interface TextSearch extends Omit<SearchRequest, 'text' | 'texts' | 'mode'> {
  readonly text: string
  readonly mode: 'bm25' | 'hybrid'
  /** In mode hybrid. */
  readonly queries?: Float32Array | undefined
}

interface SearchTerms {
  readonly limits: Limits
  readonly signal: AbortSignal
}

/** The best k by words, or by both lists; what the filter refuses is in neither. */
export async function searchText(
  state: IndexState,
  search: TextSearch,
  terms: SearchTerms,
): Promise<TextHit[]> {
  const { k, mode } = search
  assertAtMost(k, terms.limits.vectorKMax, 'hits: vector_k_max')
  const hits =
    mode === 'bm25'
      ? await rankWords(state, search, { ...terms, limit: k })
      : await fuse(state, search, terms)
  // Some may have been deleted since the words were looked up.
  return hits.filter(({ slot }) => state.table.idAt(slot) !== null)
}

function rankWords(
  { table }: IndexState,
  { text, bm25, filter }: TextSearch,
  { limit, signal }: SearchTerms & { readonly limit: number },
): Promise<TextHit[]> {
  const texts = requireTexts(table.texts, bm25?.fields)
  return texts.search({
    ...{ text, limit, signal },
    fields: bm25?.fields,
    operator: bm25?.operator,
    expansion: bm25 && { prefix: bm25.prefix, fuzzy: bm25.fuzzy },
    allow: filter === undefined ? undefined : table.filters.evaluate(filter),
    compareSlots: (a, b) => compareIds(table.idAt(a), table.idAt(b)),
  })
}

function requireTexts(
  texts: Bm25Index | undefined,
  fields: readonly string[] | undefined,
): Bm25Index {
  if (texts === undefined) {
    throw new HyperMeshError(
      'invalid',
      'the index has no text field, so there are no words to search; declare one when it is created',
    )
  }
  const unknown = fields?.find((field) => !texts.fields.includes(field))
  if (unknown === undefined) return texts
  const known = texts.fields.join(', ')
  throw new HyperMeshError('invalid', `no text field ${unknown}; there are ${known}`, {
    details: { field: unknown, known: texts.fields },
  })
}

async function fuse(state: IndexState, search: TextSearch, terms: SearchTerms): Promise<TextHit[]> {
  const { k, ef, filter, hybrid, queries } = search
  const { limits, signal } = terms
  const { table } = state
  const { rankConstant, vectorWeight = 1, textWeight = 1 } = hybrid ?? {}
  const usual = Math.min(Math.max(4 * k, candidatesMin), limits.vectorKMax)
  const limit = Math.max(hybrid?.candidates ?? usual, k)
  assertAtMost(limit, limits.vectorKMax, 'candidates: vector_k_max')
  const byWords = await rankWords(state, search, { ...terms, limit })
  const [near = []] =
    queries === undefined
      ? []
      : await rank(state, { queries, k: limit, ef, filter, ending: { signal } }, limits)
  const compareSlots = (a: number, b: number) => compareIds(table.idAt(a), table.idAt(b))
  const byDistance = (a: NearSlot, b: NearSlot) =>
    a.distance - b.distance || compareSlots(a.slot, b.slot)
  const vector = near.toSorted(byDistance).map(({ slot }) => slot)
  const text = byWords.map(({ slot }) => slot)
  const arms = [
    { slots: vector, weight: vectorWeight },
    { slots: text, weight: textWeight },
  ]
  const ranks = { vector: ranksOf(vector), text: ranksOf(text) }
  return fuseRanks(arms, { limit: k, rankConstant, compareSlots }).map(({ slot, score }) => {
    const [ofVector, ofText] = [ranks.vector.get(slot), ranks.text.get(slot)]
    const own = { ...(ofVector && { vector: ofVector }), ...(ofText && { text: ofText }) }
    return { slot, score, ranks: own }
  })
}

const candidatesMin = 100

function ranksOf(slots: readonly number[]): Map<number, number> {
  return new Map(slots.map((slot, index) => [slot, index + 1]))
}
