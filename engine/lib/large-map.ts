/** What is used of a map whose keys are only ever added. */
export interface GrowingMap<Key, Value> {
  readonly size: number
  get(key: Key): Value | undefined
  has(key: Key): boolean
  set(key: Key, value: Value): unknown
  keys(): Iterable<Key>
}

/** A `Map` throws beyond 2^24 keys; half of that keeps the pauses in which it grows short. */
const keysMaxDefault = 2 ** 23

/** A map for so many keys at most. */
export function mapFor<Key, Value>(count: number): GrowingMap<Key, Value> {
  return count <= keysMaxDefault ? new Map() : new LargeMap()
}

/** A map for any number of keys: several maps, each filled before the next. */
export class LargeMap<Key, Value> implements GrowingMap<Key, Value> {
  readonly #keysMax: number
  readonly #full: Map<Key, Value>[] = []
  #last = new Map<Key, Value>()

  constructor(keysMax = keysMaxDefault) {
    this.#keysMax = keysMax
  }

  get size(): number {
    return this.#full.length * this.#keysMax + this.#last.size
  }

  get(key: Key): Value | undefined {
    return this.#holderOf(key)?.get(key)
  }

  has(key: Key): boolean {
    return this.#holderOf(key) !== undefined
  }

  set(key: Key, value: Value): this {
    const holder = this.#holderOf(key)
    if (holder === undefined && this.#last.size === this.#keysMax) {
      this.#full.push(this.#last)
      this.#last = new Map()
    }
    const target = holder ?? this.#last
    target.set(key, value)
    return this
  }

  /** In the order in which they were added. */
  *keys(): Generator<Key, void, undefined> {
    for (const map of this.#full) yield* map.keys()
    yield* this.#last.keys()
  }

  #holderOf(key: Key): Map<Key, Value> | undefined {
    if (this.#last.has(key)) return this.#last
    return this.#full.find((map) => map.has(key))
  }
}
