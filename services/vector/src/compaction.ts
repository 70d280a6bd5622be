import { setImmediate } from 'node:timers/promises'
import type { Limits } from '@hypermesh/contract'
import { type IndexState, StateReaders } from './index-state.ts'
import type { DeclaredFields } from './metadata-fields.ts'
import { PointTable, parseStored } from './point-table.ts'
import { GrowableBits } from './slot-bits.ts'

/** A state without the dead, which has yet to learn what was written since it was begun. */
export interface Compacted {
  readonly state: IndexState
  /** For each of its slots the one of before. */
  readonly origins: Uint32Array
}

/** Builds the state anew without its dead slots, while others read it and write to it. */
export async function compactState(
  { graph, table }: IndexState,
  { fields, limits }: { fields: DeclaredFields; limits: Limits },
): Promise<Compacted> {
  const { index: nextGraph, slots: origins } = await graph.compact()
  const nextTable = new PointTable(fields, limits)
  const next: IndexState = { graph: nextGraph, table: nextTable, readers: new StateReaders() }
  try {
    for (const [slot, origin] of origins.entries()) {
      if (slot % 1000 === 999) await setImmediate()
      if (slot > 0 && origin <= (origins[slot - 1] as number)) {
        throw new Error('a compacted graph has its slots in another order')
      }
      moveRow(table, origin, next.table)
    }
    return { state: next, origins }
  } catch (error) {
    nextGraph.close()
    throw error
  }
}

const batchSlots = 1000

/** Makes up for what was written since. Requires: nobody writes meanwhile. */
export async function catchUp({ graph, table }: IndexState, compacted: Compacted): Promise<void> {
  const { state: next, origins } = compacted
  const moved = new GrowableBits()
  const dead: number[] = []
  for (const [slot, origin] of origins.entries()) {
    moved.add(origin)
    if (table.idAt(origin) !== null) continue
    next.table.kill(slot)
    dead.push(slot)
  }
  next.graph.remove(dead)
  const missing: number[] = []
  for (let slot = 0; slot < table.slotCount; slot += 1) {
    if (table.idAt(slot) !== null && !moved.has(slot)) missing.push(slot)
  }
  for (let at = 0; at < missing.length; at += batchSlots) {
    const batch = missing.slice(at, at + batchSlots)
    const first = await next.graph.add(graph.vectors(batch))
    if (first !== next.table.slotCount) throw new Error('a compacted graph has slots of its own')
    for (const slot of batch) moveRow(table, slot, next.table)
  }
}

/** One that has died meanwhile takes its slot too; whoever catches up removes it from the graph. */
function moveRow(from: PointTable, slot: number, to: PointTable): void {
  const id = from.idAt(slot)
  const ordinal = from.ordinalAt(slot)
  const text = from.metadataTextAt(slot)
  if (id === null) to.appendDead(ordinal)
  else to.append({ id, ordinal, metadata: text === undefined ? undefined : parseStored(text) })
}
