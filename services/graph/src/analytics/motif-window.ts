/** A set of nodes while hyperedges with just these nodes lie in the window. */
interface LiveSet {
  readonly size: number
  /** The events of these nodes, by their rank in time; those before `head` have left. */
  readonly events: number[]
  head: number
  /** The live sets that share nodes with this one, and how many. */
  readonly overlaps: Map<number, number>
}

/** The nodes of a set, ascending. */
export type NodesOf = (set: number) => Uint32Array

/**
 * The events within a span of time as the distinct sets of their nodes, and which of these overlap:
 * what THyMe+ (Lee and Shin 2021) keeps, so that sets that come again and again are looked at once.
 */
export class MotifWindow {
  readonly #nodesOf: NodesOf
  readonly #live = new Map<number, LiveSet>()
  readonly #setsWith = new Map<number, Set<number>>()

  constructor(nodesOf: NodesOf) {
    this.#nodesOf = nodesOf
  }

  /** The live sets next to this one and what they share; also of a set that is not live. */
  neighbours(set: number): Map<number, number> {
    return this.#live.get(set)?.overlaps ?? this.#overlapsOf(set)
  }

  sizeOf(set: number): number {
    return this.#live.get(set)?.size ?? this.#nodesOf(set).length
  }

  /** How many events of the set are in the window. */
  countOf(set: number): number {
    const live = this.#live.get(set)
    return live === undefined ? 0 : live.events.length - live.head
  }

  /** How many pairs have an event of the one before an event of the other. */
  pairsInOrder(first: number, second: number): number {
    const left = this.#live.get(first)
    const right = this.#live.get(second)
    if (left === undefined || right === undefined) return 0
    let pairs = 0
    let at = left.head
    for (let place = right.head; place < right.events.length; place++) {
      const rank = right.events[place] as number
      while (at < left.events.length && (left.events[at] as number) < rank) at++
      pairs += at - left.head
    }
    return pairs
  }

  /** How many nodes three sets have in common. */
  sharedByAll(first: number, second: number, third: number): number {
    const [a, b, c] = [this.#nodesOf(first), this.#nodesOf(second), this.#nodesOf(third)]
    let count = 0
    let inB = 0
    let inC = 0
    for (const node of a) {
      while (inB < b.length && (b[inB] as number) < node) inB++
      while (inC < c.length && (c[inC] as number) < node) inC++
      if (b[inB] === node && c[inC] === node) count++
    }
    return count
  }

  add(set: number, rank: number): void {
    const live = this.#live.get(set)
    if (live !== undefined) {
      live.events.push(rank)
      return
    }
    const overlaps = this.#overlapsOf(set)
    const nodes = this.#nodesOf(set)
    this.#live.set(set, { size: nodes.length, events: [rank], head: 0, overlaps })
    for (const [other, shared] of overlaps) this.#live.get(other)?.overlaps.set(set, shared)
    for (const node of nodes) {
      const sets = this.#setsWith.get(node)
      if (sets === undefined) this.#setsWith.set(node, new Set([set]))
      else sets.add(set)
    }
  }

  /** The earliest event of the set has left the window. */
  removeEarliest(set: number): void {
    const live = this.#live.get(set)
    if (live === undefined) return
    live.head++
    if (live.head < live.events.length) {
      // What has left must not pile up where a set never leaves as a whole.
      if (live.head > 1024 && live.head * 2 > live.events.length) {
        live.events.splice(0, live.head)
        live.head = 0
      }
      return
    }
    this.#live.delete(set)
    for (const other of live.overlaps.keys()) this.#live.get(other)?.overlaps.delete(set)
    for (const node of this.#nodesOf(set)) {
      const sets = this.#setsWith.get(node)
      sets?.delete(set)
      if (sets?.size === 0) this.#setsWith.delete(node)
    }
  }

  #overlapsOf(set: number): Map<number, number> {
    const overlaps = new Map<number, number>()
    for (const node of this.#nodesOf(set)) {
      for (const other of this.#setsWith.get(node) ?? []) {
        if (other !== set) overlaps.set(other, (overlaps.get(other) ?? 0) + 1)
      }
    }
    return overlaps
  }
}
