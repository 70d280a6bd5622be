import {
  HyperMeshError,
  type Limits,
  type VectorFilter,
  type VectorPointId,
} from '@hypermesh/contract'
import { HnswIndex } from '@hypermesh/hnsw'
import type { IndexDefinition } from './index-definition.ts'
import type { WriteBatch } from './point-codec.ts'
import { PointTable, parseStored } from './point-table.ts'
import { slotsOf } from './slot-bits.ts'
import { EventLoopTurns } from './text/event-loop-turns.ts'

/** What an index holds: the vectors in a graph, and which point each of its slots is. */
export interface IndexState {
  readonly graph: HnswIndex
  readonly table: PointTable
  readonly readers: StateReaders
}

/** Who reads a state that another may replace: its graph is closed when the last has left. */
export class StateReaders {
  #count = 0
  #isClosed = false
  #onLeft: (() => void) | undefined

  async during<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#isClosed) {
      throw new HyperMeshError('unavailable', 'the index is being closed', {
        details: { retryAfterSeconds: 1 },
      })
    }
    this.#count += 1
    try {
      return await work()
    } finally {
      this.#count -= 1
      if (this.#count === 0) this.#onLeft?.()
    }
  }

  /** Calls back once nobody reads any more; who comes after this is refused. */
  whenLeft(callback: () => void): void {
    this.#isClosed = true
    if (this.#count === 0) callback()
    else this.#onLeft = callback
  }
}

export function emptyState(definition: IndexDefinition, limits: Limits): IndexState {
  const { dimension, metric, storage, m, efConstruction } = definition
  return {
    graph: HnswIndex.create({ dimension, metric, storage, m, efConstruction }),
    table: new PointTable(definition.fields, limits),
    readers: new StateReaders(),
  }
}

/** Of metadata, which are parsed and whose words are indexed; some milliseconds. */
export const lettersPerTurn = 100_000

/**
 * Adds the points; those that are replaced die in the same instant, so that nobody sees two. Slots of
 * the graph that the table does not know yet are found by searches meanwhile, and left out by them.
 * Requires: one at a time for a state.
 */
export async function applyWrite(
  { graph, table }: IndexState,
  { ids, metadata, vectors }: WriteBatch,
): Promise<void> {
  const first = await graph.add(vectors)
  if (first !== table.slotCount) {
    throw new Error(`the graph gave slot ${first} where the table has ${table.slotCount}`)
  }
  const replaced: number[] = []
  let ordinal = table.slotCount === 0 ? 0 : table.ordinalAt(table.slotCount - 1)
  const turns = new EventLoopTurns(lettersPerTurn)
  for (const [index, id] of ids.entries()) {
    const old = table.slotOf(id)
    const text = metadata[index] ?? (old === undefined ? undefined : table.metadataTextAt(old))
    if (old !== undefined) {
      table.kill(old)
      replaced.push(old)
    }
    ordinal += 1
    const stored = text === undefined || text === '{}' ? undefined : parseStored(text)
    table.append({ id, ordinal, metadata: stored })
    if (turns.isOver(stored?.text.length ?? 0)) await turns.next()
  }
  if (replaced.length > 0) graph.remove(replaced)
}

export function applyRemove({ graph, table }: IndexState, ids: WriteBatch['ids']): void {
  const removed: number[] = []
  for (const id of ids) {
    const slot = table.slotOf(id)
    if (slot === undefined) continue
    table.kill(slot)
    removed.push(slot)
  }
  if (removed.length > 0) graph.remove(removed)
}

export function idsMatching({ table }: IndexState, filter: VectorFilter): VectorPointId[] {
  const found: VectorPointId[] = []
  for (const slot of slotsOf(table.filters.evaluate(filter).words)) {
    const id = table.idAt(slot)
    if (id !== null) found.push(id)
  }
  return found
}
