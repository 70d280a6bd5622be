import {
  type FacetPointsRequest,
  HyperMeshError,
  type Limits,
  printable,
  type recommendVectorsRequest,
  type ScrollPointsRequest,
  type VectorFilter,
  type VectorPointId,
} from '@hypermesh/contract'
import type { z } from 'zod'
import type { IndexState } from './index-state.ts'
import type { Scalar } from './metadata-field.ts'
import { type NearSlot, nearestSlots } from './nearest-slots.ts'
import { shownId } from './point-batch.ts'
import { slotsOf } from './slot-bits.ts'

export interface RankedQuery {
  readonly queries: Float32Array
  readonly k: number
  readonly ef: number | undefined
  readonly filter: VectorFilter | undefined
  /** Whose signal is asked for by a search that goes to other threads. */
  readonly ending: { readonly signal: AbortSignal }
}

/** For each query its hits. Throws where more is asked for than the limits allow. */
export async function rank(
  state: IndexState,
  query: RankedQuery,
  limits: Limits,
): Promise<NearSlot[][]> {
  const { queries, k, filter, ending } = query
  const ef = effortOf(query, limits)
  const count = queries.length / state.graph.options.dimension
  assertAtMost(count, limits.vectorQueriesMax, 'queries: vector_queries_max')
  assertAtMost(count * k, limits.vectorHitsMax, 'hits of all queries: vector_hits_max')
  const allowed = filter === undefined ? undefined : state.table.filters.evaluate(filter)
  return nearestSlots(state, { queries, k, ef, allowed, ending })
}

/** More than the hits that are asked for, as the nearest are found among those looked at. */
function effortOf({ k, ef }: RankedQuery, limits: Limits): number {
  assertAtMost(k, limits.vectorKMax, 'hits: vector_k_max')
  if (ef === undefined) return Math.min(Math.max(usualEffort, k * 2), limits.vectorEfMax)
  assertAtMost(ef, limits.vectorEfMax, 'ef: vector_ef_max')
  return Math.max(ef, k)
}

const usualEffort = 64

type Recommendation = z.output<typeof recommendVectorsRequest>

/**
 * The nearest to the mean of the positive examples, moved away from that of the negative ones. The
 * examples themselves are left out.
 */
export async function recommend(
  state: IndexState,
  request: Pick<Recommendation, 'positive' | 'negative' | 'k' | 'ef' | 'filter'>,
  { limits, signal }: { limits: Limits; signal: AbortSignal },
): Promise<NearSlot[]> {
  const { positive, negative, k, ef, filter } = request
  const examples = new Set([...positive, ...negative].map((id) => requireSlot(state, id)))
  assertAtMost(examples.size, limits.vectorExamplesMax, 'examples: vector_examples_max')
  assertAtMost(k, limits.vectorKMax, 'hits: vector_k_max')
  const queries = meanOf(state, positive)
  if (negative.length > 0) {
    const away = meanOf(state, negative)
    for (const [index, value] of queries.entries()) {
      queries[index] = 2 * value - (away[index] as number)
    }
  }
  if (queries.every((value) => value === 0)) {
    throw new HyperMeshError('invalid', 'the examples cancel each other out: nothing is like them')
  }
  // The examples are likely among the hits.
  const more = { ...limits, vectorKMax: limits.vectorKMax + examples.size }
  const query = { queries, k: k + examples.size, ef, filter, ending: { signal } }
  const [hits = []] = await rank(state, query, more)
  return hits.filter(({ slot }) => !examples.has(slot)).slice(0, k)
}

function meanOf({ graph, table }: IndexState, ids: readonly VectorPointId[]): Float32Array {
  const { dimension } = graph.options
  const mean = new Float32Array(dimension)
  for (const id of ids) {
    const vector = graph.vectors([table.slotOf(id) ?? 0])
    for (let index = 0; index < dimension; index += 1) {
      mean[index] = (mean[index] as number) + (vector[index] as number) / ids.length
    }
  }
  return mean
}

/** The slot of a point; `not_found` names one that is missing. */
export function requireSlot({ table }: IndexState, id: VectorPointId): number {
  const slot = table.slotOf(id)
  if (slot !== undefined) return slot
  throw new HyperMeshError('not_found', `no point ${shownId(id)}`, { details: { id } })
}

export interface SlotPage {
  readonly slots: readonly number[]
  readonly next: string | null
}

/** A page in the order in which points were last written. */
export function scroll(
  { table }: IndexState,
  { filter, after, limit }: ScrollPointsRequest,
  limits: Limits,
): SlotPage {
  const pageMax = limit ?? Math.min(100, limits.vectorScrollMax)
  assertAtMost(pageMax, limits.vectorScrollMax, 'points of a page: vector_scroll_max')
  if (after !== undefined && !/^\d{1,16}$/.test(after)) {
    throw new HyperMeshError(
      'invalid',
      `"${printable(after)}" is no page; take \`next\` of the one before`,
    )
  }
  const from = after === undefined ? 0 : table.slotAfter(Number(after))
  const words = filter === undefined ? table.alive : table.filters.evaluate(filter).words
  const slots: number[] = []
  for (const slot of slotsOf(words, from)) {
    if (table.idAt(slot) === null) continue
    if (slots.length === pageMax) {
      return { slots, next: String(table.ordinalAt(slots.at(-1) ?? 0)) }
    }
    slots.push(slot)
  }
  return { slots, next: null }
}

export function count({ table }: IndexState, filter: VectorFilter | undefined): number {
  if (filter === undefined) return table.pointCount
  return table.filters.evaluate(filter).and(table.aliveSlots).count
}

/** How many points have each value of a field, the most frequent first, equals in order of value. */
export function facet(
  { table }: IndexState,
  { field, filter, limit = 10 }: FacetPointsRequest,
): { value: Scalar; count: number }[] {
  const counted = table.fields.get(field)
  const alive = table.aliveSlots
  const { words } = filter === undefined ? alive : alive.and(table.filters.evaluate(filter))
  return Array.from(counted.count(words), ([value, amount]) => ({ value, count: amount }))
    .sort((one, other) => other.count - one.count || compareScalars(one.value, other.value))
    .slice(0, limit)
}

function compareScalars(one: Scalar, other: Scalar): number {
  if (typeof one !== typeof other) return typeof one < typeof other ? -1 : 1
  return one < other ? -1 : one > other ? 1 : 0
}

export function assertAtMost(given: number, most: number, what: string): void {
  if (given <= most) return
  throw new HyperMeshError('invalid', `${given} are too many ${what} is ${most}`, {
    details: { given, most },
  })
}
