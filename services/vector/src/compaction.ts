import type { Limits } from '@hypermesh/contract'
import { type IndexState, lettersPerTurn, StateReaders } from './index-state.ts'
import type { DeclaredFields } from './metadata-fields.ts'
import { PointTable, parseStored } from './point-table.ts'
import { GrowableBits } from './slot-bits.ts'
import { EventLoopTurns } from './text/event-loop-turns.ts'

/** A state without the dead, which has yet to learn what was written since it was begun. */
export interface Compacted {
  readonly state: IndexState
  /** For each of its slots the one of before. */
  readonly origins: Uint32Array
}

const batchSlots = 1000
/** What a row costs beside its metadata. */
const rowLetters = 50

/** Builds the state anew without its dead slots, while others read it and write to it. */
export async function compactState(
  { graph, table }: IndexState,
  { fields, limits }: { fields: DeclaredFields; limits: Limits },
): Promise<Compacted> {
  const { index, slots: origins } = await graph.compact()
  const next: IndexState = {
    graph: index,
    table: new PointTable(fields, limits),
    readers: new StateReaders(),
  }
  try {
    await moveRows(table, origins, next.table)
    return { state: next, origins }
  } catch (error) {
    next.graph.close()
    throw error
  }
}

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
    const slots = Uint32Array.from(missing.slice(at, at + batchSlots))
    const first = await next.graph.add(graph.vectors(slots))
    if (first !== next.table.slotCount) throw new Error('a compacted graph has slots of its own')
    await moveRows(table, slots, next.table)
  }
}

/** One that has died meanwhile takes its slot too; whoever catches up removes it from the graph. */
async function moveRows(from: PointTable, slots: Uint32Array, to: PointTable): Promise<void> {
  const turns = new EventLoopTurns(lettersPerTurn)
  for (const slot of slots) {
    const id = from.idAt(slot)
    const ordinal = from.ordinalAt(slot)
    const text = from.metadataTextAt(slot)
    const metadata = text === undefined ? undefined : parseStored(text)
    if (id === null) to.appendDead(ordinal)
    else to.append({ id, ordinal, metadata })
    if (turns.isOver((text?.length ?? 0) + rowLetters)) await turns.next()
  }
}
