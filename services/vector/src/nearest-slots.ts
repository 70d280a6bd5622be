import type { SearchResult, SlotSet } from '@hypermesh/hnsw'
import { toVectorError } from './graph-failure.ts'
import type { IndexState } from './index-state.ts'

export interface NearestQuery {
  /** One behind the other. */
  readonly queries: Float32Array
  readonly k: number
  readonly ef: number
  /** Undefined: every point that lives. */
  readonly allowed?: SlotSet | undefined
  readonly threads?: number | undefined
  /** Whose signal is asked for where the search goes to other threads. */
  readonly ending: { readonly signal: AbortSignal }
}

export interface NearSlot {
  readonly slot: number
  readonly distance: number
}

/** Below this, a search of one query is done at once: it is over sooner than another thread has begun. */
const syncEffortMax = 128 * 1024
const syncFilteredEffortMax = 32 * 1024

/** For each query the nearest points that live, the nearest first; fewer than k only where there are. */
export async function nearestSlots(state: IndexState, query: NearestQuery): Promise<NearSlot[][]> {
  const { graph, table } = state
  const queryCount = query.queries.length / graph.options.dimension
  if (table.pointCount === 0) return Array.from({ length: queryCount }, () => [])
  let { allowed } = query
  for (let attempt = 1; ; attempt += 1) {
    const [rows, unknown] = knownRows(state, await search(state, query, allowed), query.k)
    if (unknown === 0 || attempt === attemptsMax) return rows
    // The graph had slots that the table had not, or no longer: asked again for what is in both.
    allowed = query.allowed?.and(table.aliveSlots) ?? table.aliveSlots
  }
}

/** Each but the first means that a write has ended meanwhile. */
const attemptsMax = 16

async function search(
  { graph }: IndexState,
  { queries, k, ef, threads, ending }: NearestQuery,
  allow: SlotSet | undefined,
): Promise<SearchResult> {
  const { dimension } = graph.options
  const effortMax = allow === undefined ? syncEffortMax : syncFilteredEffortMax
  const more = threads === undefined ? {} : { threads }
  try {
    if (queries.length === dimension && ef * dimension <= effortMax) {
      const found = graph.searchSync(queries, { k, ef, allow })
      if (found !== undefined) return found
    }
    return await graph.search(queries, { k, ef, signal: ending.signal, allow, ...more })
  } catch (error) {
    throw toVectorError(error, ending.signal)
  }
}

/** What is found, without slots that the table does not know; and how many those were. */
function knownRows(
  { table }: IndexState,
  { slots, distances, counts }: SearchResult,
  k: number,
): [NearSlot[][], number] {
  let unknown = 0
  const rows: NearSlot[][] = []
  for (let query = 0; query < counts.length; query += 1) {
    const row: NearSlot[] = []
    const end = query * k + (counts[query] as number)
    for (let at = query * k; at < end; at += 1) {
      const slot = slots[at] as number
      if (table.idAt(slot) === null) unknown += 1
      else row.push({ slot, distance: distances[at] as number })
    }
    rows.push(row)
  }
  return [rows, unknown]
}
