import { HyperMeshError, type Limits, type vectorGroupBy } from '@hypermesh/contract'
import type { SlotSet } from '@hypermesh/hnsw'
import type { z } from 'zod'
import { evaluateFilter } from './filter-evaluation.ts'
import { assertAtMost, type RankedQuery } from './index-queries.ts'
import type { IndexState } from './index-state.ts'
import type { MetadataField, Scalar } from './metadata-field.ts'
import { type NearSlot, nearestSlots } from './nearest-slots.ts'

export interface HitGroup {
  readonly value: Scalar
  readonly hits: NearSlot[]
}

type Groups = Map<Scalar, NearSlot[]>
type GroupLimits = Pick<z.output<typeof vectorGroupBy>, 'groups' | 'groupSize'>

const roundsMax = 64

/**
 * The best of each value of a field. Rounds of search go on without what is in a full group, until
 * there are enough groups and all are full, or nothing is left.
 */
export async function searchGroups(
  state: IndexState,
  query: Omit<RankedQuery, 'k'>,
  { groupBy, limits }: { groupBy: z.output<typeof vectorGroupBy>; limits: Limits },
): Promise<HitGroup[]> {
  const { table } = state
  const { groups: groupsMax, groupSize } = groupBy
  const field = groupingField(state, { groupBy, limits })
  const alive = table.aliveSlots
  const left = query.filter ? alive.and(table.filters.evaluate(query.filter)) : alive
  const present = field.present.words
  for (const [index, word] of left.words.entries()) left.words[index] = word & (present[index] ?? 0)
  const groups: Groups = new Map()
  const isFull = (value: Scalar) => {
    const hits = groups.get(value)
    return hits === undefined ? groups.size >= groupsMax : hits.length >= groupSize
  }
  const k = Math.min(limits.vectorKMax, Math.max(64, groupsMax * groupSize * 2))
  for (let round = 0; round < roundsMax; round += 1) {
    const ef = Math.max(query.ef ?? 0, k)
    const [hits = []] = await nearestSlots(state, { ...query, k, ef, allowed: left })
    for (const hit of hits) {
      left.delete(hit.slot)
      for (const value of field.valuesOf(hit.slot)) {
        if (!isFull(value)) groups.set(value, [...(groups.get(value) ?? []), hit])
      }
    }
    const isDone = groups.size >= groupsMax && [...groups.keys()].every(isFull)
    if (hits.length < k || isDone) break
    dropFull(left, { field, groups, limits: groupBy })
  }
  return Array.from(groups, ([value, hits]) => ({ value, hits }))
}

/** The groups of hits that are ranked already. */
export function groupHits<Hit extends { readonly slot: number }>(
  state: IndexState,
  hits: readonly Hit[],
  terms: { groupBy: z.output<typeof vectorGroupBy>; limits: Limits },
): { readonly value: Scalar; readonly hits: Hit[] }[] {
  const field = groupingField(state, terms)
  const { groups: groupsMax, groupSize } = terms.groupBy
  const groups = new Map<Scalar, Hit[]>()
  for (const hit of hits) {
    for (const value of field.valuesOf(hit.slot)) {
      const group = groups.get(value)
      if (group === undefined && groups.size < groupsMax) groups.set(value, [hit])
      else if (group !== undefined && group.length < groupSize) group.push(hit)
    }
  }
  return Array.from(groups, ([value, own]) => ({ value, hits: own }))
}

function groupingField(
  { table }: IndexState,
  { groupBy, limits }: { groupBy: z.output<typeof vectorGroupBy>; limits: Limits },
): MetadataField {
  const { groups, groupSize } = groupBy
  assertAtMost(groups * groupSize, limits.vectorHitsMax, 'hits of all groups: vector_hits_max')
  const field = table.fields.get(groupBy.field)
  if (field.declared !== 'text') return field
  throw new HyperMeshError('invalid', `${field.name} is text, which makes no groups`)
}

/** Leaves out what no group takes any more. */
function dropFull(
  left: SlotSet,
  { field, groups, limits }: { field: MetadataField; groups: Groups; limits: GroupLimits },
): void {
  const openValues = [...groups].filter(([, hits]) => hits.length < limits.groupSize)
  const fullValues = [...groups].filter(([, hits]) => hits.length >= limits.groupSize)
  const isComplete = groups.size >= limits.groups
  // With lists a point of a full group may have another value too: left in until groups are complete.
  if (!isComplete && field.hasLists) return
  const values = (isComplete ? openValues : fullValues).map(([value]) => field.toColumn(value))
  const matched = evaluateFilter({ kind: 'any', field, values }, 0, left.capacity)
  for (const [index, word] of left.words.entries()) {
    const bits = matched[index] as number
    left.words[index] = word & (isComplete ? bits : ~bits)
  }
}
