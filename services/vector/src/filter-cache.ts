import type { Limits, VectorFilter } from '@hypermesh/contract'
import { SlotSet } from '@hypermesh/hnsw'
import { parseFilter } from './filter.ts'
import { evaluateFilter } from './filter-evaluation.ts'
import type { PointTable } from './point-table.ts'

const entriesMax = 64
const bytesMax = 64 * 1024 * 1024

/**
 * What filters let through. Slots never change what they hold, so what was found stays true, and only
 * slots that came since are looked at.
 */
export class FilterCache {
  readonly #table: PointTable
  readonly #limits: Limits
  // In order of last use, the oldest first.
  readonly #known = new Map<string, SlotSet>()
  #bytes = 0

  constructor(table: PointTable, limits: Limits) {
    this.#table = table
    this.#limits = limits
  }

  /** The slots that match, dead ones too; the capacity is how many there were. Not to be written to. */
  evaluate(filter: VectorFilter): SlotSet {
    const key = JSON.stringify(filter)
    const { slotCount } = this.#table
    const known = this.#known.get(key)
    if (known?.capacity === slotCount) {
      this.#keep(key, known)
      return known
    }
    const parsed = parseFilter(filter, this.#table.fields, this.#limits)
    const from = (known?.capacity ?? 0) & ~31
    const words = evaluateFilter(parsed, from, slotCount)
    if (known !== undefined && from > 0) words.set(known.words.subarray(0, from >>> 5))
    const matched = new SlotSet(slotCount)
    matched.words.set(words)
    this.#keep(key, matched)
    return matched
  }

  #keep(key: string, matched: SlotSet): void {
    this.#forget(key)
    const bytes = bytesOf(key, matched)
    if (bytes > bytesMax / 4) return
    this.#known.set(key, matched)
    this.#bytes += bytes
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= entriesMax && this.#bytes <= bytesMax) return
      this.#forget(oldest)
    }
  }

  #forget(key: string): void {
    const known = this.#known.get(key)
    if (known === undefined) return
    this.#known.delete(key)
    this.#bytes -= bytesOf(key, known)
  }
}

function bytesOf(key: string, { words }: SlotSet): number {
  return key.length * 2 + words.byteLength
}
