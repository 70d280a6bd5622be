import type { Answer, Window } from './workload.ts'

/** An edge that a frontier node is a member of. */
export interface Hop {
  readonly ts: number
  readonly members: Iterable<number>
}

/**
 * Earliest arrival within some strictly later hops, breadth first over lookups: how one asks a store
 * that has no traversal of its own. The start is not counted.
 */
export function earliestArrivals(
  edgesOf: (node: number, window: Window) => Iterable<Hop>,
  start: { readonly node: number; readonly window: Window; readonly hops: number },
): Answer {
  const walk = new Walk(start)
  for (const [node, arrived] of walk) {
    for (const hop of edgesOf(node, walk.after(node, arrived))) walk.reach(hop)
  }
  return walk.answer()
}

export async function earliestArrivalsAsync(
  edgesOf: (node: number, window: Window) => Promise<Iterable<Hop>>,
  start: { readonly node: number; readonly window: Window; readonly hops: number },
): Promise<Answer> {
  const walk = new Walk(start)
  for (const [node, arrived] of walk) {
    for (const hop of await edgesOf(node, walk.after(node, arrived))) walk.reach(hop)
  }
  return walk.answer()
}

class Walk implements Iterable<readonly [number, number]> {
  readonly #start: { readonly node: number; readonly window: Window; readonly hops: number }
  readonly #best = new Map<number, number>()
  #next = new Map<number, number>()

  constructor(start: { readonly node: number; readonly window: Window; readonly hops: number }) {
    this.#start = start
    this.#next.set(start.node, start.window.from - 1)
  }

  *[Symbol.iterator](): Generator<readonly [number, number]> {
    for (let hop = 0; hop < this.#start.hops; hop++) {
      const frontier = this.#next
      this.#next = new Map()
      yield* frontier
    }
  }

  /** Strictly later than the arrival. */
  after(_node: number, arrived: number): Window {
    return { from: arrived + 1, to: this.#start.window.to }
  }

  reach({ ts, members }: Hop): void {
    for (const member of members) {
      if (member === this.#start.node) continue
      if (ts < (this.#best.get(member) ?? Number.POSITIVE_INFINITY)) {
        this.#best.set(member, ts)
        this.#next.set(member, ts)
      }
    }
  }

  answer(): Answer {
    let sum = 0
    for (const arrival of this.#best.values()) sum += arrival - this.#start.window.from
    return { count: this.#best.size, sum }
  }
}
