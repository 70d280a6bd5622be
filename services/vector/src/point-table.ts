import type { Limits, VectorPointId } from '@hypermesh/contract'
import { SlotSet } from '@hypermesh/hnsw'
import { FilterCache } from './filter-cache.ts'
import { GrowableFloat64 } from './growable-array.ts'
import { type DeclaredFields, type Metadata, MetadataFields } from './metadata-fields.ts'
import { GrowableBits } from './slot-bits.ts'
import { Bm25Index } from './text/bm25-index.ts'
import { textFieldsOf, textsOf } from './text/text-fields.ts'

export interface TableRow {
  readonly id: VectorPointId
  /** Where it stands in the order of all writes; what pages go by. */
  readonly ordinal: number
  readonly metadata: StoredMetadata | undefined
}

/** Metadata as they are kept, sent and stored: their JSON. */
export interface StoredMetadata {
  readonly text: string
  readonly value: Metadata
}

/**
 * Which point each slot of a graph holds. A slot never changes what it holds: a point that is written
 * again gets a new one, and its old one dies.
 *
 * Invariant: ordinals ascend with slots, and each id has at most one slot that lives.
 */
export class PointTable {
  readonly fields: MetadataFields
  readonly filters: FilterCache
  /** Undefined where no field is text. */
  readonly texts: Bm25Index | undefined
  readonly #slotOf = new Map<VectorPointId, number>()
  /** Null for one that is dead. */
  readonly #ids: (VectorPointId | null)[] = []
  readonly #metadata: (string | undefined)[] = []
  readonly #ordinals = new GrowableFloat64()
  readonly #alive = new GrowableBits()
  #textIds = 0

  constructor(declared: DeclaredFields, limits: Limits) {
    this.fields = new MetadataFields(declared)
    this.filters = new FilterCache(this, limits)
    const textFields = textFieldsOf(declared)
    if (textFields.length > 0) this.texts = new Bm25Index(textFields)
  }

  /** Slots in use, dead ones too. */
  get slotCount(): number {
    return this.#ids.length
  }

  get pointCount(): number {
    return this.#slotOf.size
  }

  /** How many ids are of each kind. */
  get idCounts(): { readonly number: number; readonly text: number } {
    return { number: this.#slotOf.size - this.#textIds, text: this.#textIds }
  }

  /** Longer than needed; the bits beyond are 0. */
  get alive(): Uint32Array {
    return this.#alive.words
  }

  /** A copy, of all slots that there are. */
  get aliveSlots(): SlotSet {
    const set = new SlotSet(this.slotCount)
    set.words.set(this.#alive.words.subarray(0, set.words.length))
    return set
  }

  slotOf(id: VectorPointId): number | undefined {
    return this.#slotOf.get(id)
  }

  /** Null for a dead slot, and for one that the table has not taken over yet. */
  idAt(slot: number): VectorPointId | null {
    return this.#ids[slot] ?? null
  }

  metadataTextAt(slot: number): string | undefined {
    return this.#metadata[slot]
  }

  ordinalAt(slot: number): number {
    return this.#ordinals.at(slot)
  }

  /** Takes the next slot. Requires: the id has none that lives. */
  append({ id, ordinal, metadata }: TableRow): number {
    const slot = this.#ids.push(id) - 1
    this.#slotOf.set(id, slot)
    if (typeof id === 'string') this.#textIds += 1
    this.#metadata.push(metadata?.text)
    this.#ordinals.set(slot, ordinal)
    this.#alive.add(slot)
    if (metadata !== undefined) {
      this.fields.add(slot, metadata.value)
      this.texts?.add(slot, textsOf(metadata.value, this.texts.fields))
    }
    return slot
  }

  /** Takes the next slot for a point that is dead: a graph that was read has such ones. */
  appendDead(ordinal: number): void {
    const slot = this.#ids.push(null) - 1
    this.#metadata.push(undefined)
    this.#ordinals.set(slot, ordinal)
  }

  kill(slot: number): void {
    const id = this.#ids[slot]
    if (id === null || id === undefined) return
    if (this.#slotOf.get(id) === slot) this.#slotOf.delete(id)
    if (typeof id === 'string') this.#textIds -= 1
    this.#ids[slot] = null
    this.#metadata[slot] = undefined
    this.#alive.remove(slot)
    this.texts?.remove(slot)
  }

  /** The first slot whose ordinal is greater. */
  slotAfter(ordinal: number): number {
    let low = 0
    let high = this.slotCount
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ordinals.at(middle) <= ordinal) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Metadata that were stored: their text was JSON when it was. */
export function parseStored(text: string): StoredMetadata {
  return { text, value: JSON.parse(text) as Metadata }
}
