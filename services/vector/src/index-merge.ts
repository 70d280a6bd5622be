import { setImmediate } from 'node:timers/promises'
import { HyperMeshError, type VectorPointId, type VectorStorage } from '@hypermesh/contract'
import type { IndexState } from './index-state.ts'
import { checkMetadata } from './metadata-fields.ts'
import { shownId } from './point-batch.ts'
import { parseStored } from './point-table.ts'
import { slotsOf } from './slot-bits.ts'
import type { VectorIndex } from './vector-index.ts'
import { copyVector } from './vector-values.ts'

export interface MergeFigures {
  added: number
  updated: number
  unchanged: number
}

const batchPoints = 1000

/**
 * Writes the points of one index into another, as they are when the merge begins. A point that the
 * other has just so is left alone, so that the same merge again writes nothing.
 */
export async function mergeIndex(
  from: VectorIndex,
  into: VectorIndex,
  signal: AbortSignal,
): Promise<MergeFigures> {
  assertMergeable(from, into)
  const figures: MergeFigures = { added: 0, updated: 0, unchanged: 0 }
  const ids = idsOf(from.state)
  for (const batch of batches(ids)) {
    await from.read(async (source) => assertFit(source, batch, into))
    await setImmediate()
  }
  for (const batch of batches(ids)) {
    signal.throwIfAborted()
    await from.read((source) => mergeBatch({ source, into, ids: batch, signal }, figures))
    await setImmediate()
  }
  return figures
}

function idsOf({ table }: IndexState): VectorPointId[] {
  return Array.from(slotsOf(table.alive), (slot) => table.idAt(slot)).filter((id) => id !== null)
}

function* batches(ids: readonly VectorPointId[]): Generator<readonly VectorPointId[], void, void> {
  for (let at = 0; at < ids.length; at += batchPoints) yield ids.slice(at, at + batchPoints)
}

/** Before anything is written: a field may be of another type there, a number too large. */
function assertFit(
  { graph, table }: IndexState,
  ids: readonly VectorPointId[],
  { definition }: VectorIndex,
): void {
  const { dimension, fields } = definition
  const target = new Float32Array(dimension)
  const hasTypes = Object.keys(fields).length > 0
  const hasLess = graph.options.storage !== definition.storage
  for (const id of ids) {
    const slot = table.slotOf(id)
    if (slot === undefined) continue
    const text = hasTypes ? table.metadataTextAt(slot) : undefined
    if (text !== undefined) checkMetadata(parseStored(text).value, fields)
    const what = () => `the vector of point ${shownId(id)}`
    if (hasLess) copyVector(graph.vectors([slot]), definition, { target, at: 0, what })
  }
}

function assertMergeable(from: VectorIndex, into: VectorIndex): void {
  if (from === into) throw new HyperMeshError('invalid', 'an index is not merged into itself')
  const [one, other] = [from.definition.embedding, into.definition.embedding]
  if (one !== undefined && other !== undefined && one.model !== other.model) {
    const message = `the vectors of ${from.definition.index} are of ${one.model}, of ${into.definition.index} of ${other.model}`
    throw new HyperMeshError('type_mismatch', message, {
      details: { model: [one.model, other.model] },
    })
  }
  for (const name of ['dimension', 'metric'] as const) {
    const [one, other] = [from.definition[name], into.definition[name]]
    if (one === other) continue
    const message = `the ${name} of ${from.definition.index} is ${one}, of ${into.definition.index} ${other}`
    throw new HyperMeshError('type_mismatch', message, { details: { [name]: [one, other] } })
  }
}

interface Batch {
  readonly source: IndexState
  readonly into: VectorIndex
  readonly ids: readonly VectorPointId[]
  readonly signal: AbortSignal
}

async function mergeBatch(batch: Batch, figures: MergeFigures): Promise<void> {
  const { source, into, signal } = batch
  // Deleted since: no point any more.
  const slots = batch.ids.flatMap((id) => source.table.slotOf(id) ?? [])
  if (slots.length === 0) return
  const { dimension } = into.definition
  const { storage } = source.graph.options
  const all = source.graph.vectors(slots)
  const ids: VectorPointId[] = []
  const metadata: string[] = []
  const vectors = new Float32Array(all.length)
  for (const [index, slot] of slots.entries()) {
    const vector = all.subarray(index * dimension, (index + 1) * dimension)
    const text = source.table.metadataTextAt(slot) ?? '{}'
    if (isSame(into, source.table.idAt(slot) ?? '', { vector, text, storage })) {
      figures.unchanged += 1
      continue
    }
    const id = source.table.idAt(slot) ?? ''
    // What one storage has, another may not be able to hold.
    const what = () => `the vector of point ${shownId(id)}`
    copyVector(vector, into.definition, { target: vectors, at: ids.length * dimension, what })
    ids.push(id)
    metadata.push(text)
  }
  if (ids.length === 0) return
  const points = {
    ids,
    metadata,
    vectors: vectors.slice(0, ids.length * dimension),
    withoutVector: [],
    fieldNames: new Set(Array.from(source.table.fields, (field) => field.name)),
  }
  const { added, updated } = await into.write(points, { mode: 'upsert', signal })
  figures.added += added
  figures.updated += updated
}

/** Storage keeps a vector only as far as it can; of two, the coarser one says what is the same. */
const tolerances = { f32: 1e-6, f16: 2e-3, i8: 3e-2 } as const

function isSame(
  into: VectorIndex,
  id: VectorPointId,
  { vector, text, storage }: { vector: Float32Array; text: string; storage: VectorStorage },
): boolean {
  const { graph, table } = into.state
  const slot = table.slotOf(id)
  if (slot === undefined || (table.metadataTextAt(slot) ?? '{}') !== text) return false
  const own = graph.vectors([slot])
  const tolerance = Math.max(tolerances[into.definition.storage], tolerances[storage])
  let largest = 0
  for (const value of vector) largest = Math.max(largest, Math.abs(value))
  return vector.every((value, index) => {
    return Math.abs(value - (own[index] as number)) <= tolerance * largest
  })
}
