import type { NodeId } from './node-ids.ts'

/** The keys of nodes in bulk: integers as numbers where all are exact, else as bigints. */
export type NodeKeyColumn = Uint32Array | Float64Array | BigUint64Array | readonly NodeId[]

/** How the core gives keys. */
export interface KeySource {
  /** The keys of these numbers. */
  keysOf(numbers: Uint32Array): ArrayBuffer
}

/** Turns node numbers into keys. */
export class NodeKeys {
  readonly #source: KeySource
  /** Texts are decoded once for each distinct node; integers are not worth that. */
  #hasTexts = false
  /** Of the nodes below `#lookedEnd`, which keep their keys for good. */
  readonly #texts: string[] = []
  #lookedEnd = 0

  constructor(source: KeySource) {
    this.#source = source
  }

  keysOf(numbers: Uint32Array): NodeKeyColumn {
    if (numbers.length === 0) return new Uint32Array(0)
    if (!this.#hasTexts) {
      const reply = this.#source.keysOf(numbers)
      const integers = decodeIntegers(reply, numbers.length)
      if (integers !== undefined) return integers
      this.#hasTexts = true
    }
    const { distinct, places } = distinctOf(numbers)
    const reply = this.#source.keysOf(distinct)
    const integers = decodeIntegers(reply, distinct.length)
    if (integers !== undefined) return spread(integers, places)
    const keys = decodeMixed(reply, distinct.length)
    const result = new Array<NodeId>(numbers.length)
    for (let row = 0; row < places.length; row++) {
      // Within the bounds.
      result[row] = keys[places[row] ?? 0] as NodeId
    }
    return result
  }

  /**
   * The texts among the first `count` nodes; undefined where there are more than a few. Looks at those
   * only that it has not seen yet.
   */
  async textsAmong(count: number): Promise<readonly string[] | undefined> {
    while (this.#texts.length <= textsMax && this.#lookedEnd < count) {
      const from = this.#lookedEnd
      const numbers = new Uint32Array(Math.min(lookedAtOnce, count - from))
      for (let at = 0; at < numbers.length; at++) numbers[at] = from + at
      const keys = this.keysOf(numbers)
      for (const key of Array.isArray(keys) ? keys : []) {
        if (typeof key === 'string' && this.#texts.length <= textsMax) this.#texts.push(key)
      }
      this.#lookedEnd = from + numbers.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    return this.#texts.length <= textsMax ? this.#texts : undefined
  }
}

/** What is looked at before others have their turn. */
const lookedAtOnce = 65_536
const textsMax = 1000

/** What a reply of the core begins with. */
const forms = { integers: 1, smallIntegers: 2 } as const

/** Undefined where some are texts. */
function decodeIntegers(
  reply: ArrayBuffer,
  count: number,
): Uint32Array | Float64Array | BigUint64Array | undefined {
  const form = new Uint8Array(reply, 0, 1)[0]
  if (form === forms.smallIntegers) return new Uint32Array(reply, 8, count)
  return form === forms.integers ? decodeWideIntegers(reply, count) : undefined
}

function decodeWideIntegers(
  reply: ArrayBuffer,
  count: number,
): Uint32Array | Float64Array | BigUint64Array {
  const halves = new Uint32Array(reply, 8, count * 2)
  let highest = 0
  for (let at = 1; at < halves.length; at += 2) {
    const high = halves[at] ?? 0
    if (high > highest) highest = high
  }
  if (highest >= 1 << 21) return new BigUint64Array(reply, 8, count)
  if (highest === 0) {
    const keys = new Uint32Array(count)
    for (let row = 0; row < count; row++) keys[row] = halves[row * 2] ?? 0
    return keys
  }
  const keys = new Float64Array(count)
  for (let row = 0; row < count; row++) {
    keys[row] = (halves[row * 2 + 1] ?? 0) * 4_294_967_296 + (halves[row * 2] ?? 0)
  }
  return keys
}

function decodeMixed(reply: ArrayBuffer, count: number): NodeId[] {
  const isText = new Uint8Array(reply, 8, count)
  const valuesAt = 8 + ((count + 7) & ~7)
  const values = new Uint32Array(reply, valuesAt, count * 2)
  const heap = Buffer.from(reply, valuesAt + count * 8)
  const all = heap.toString('utf8')
  // One decoding of all the texts, cut by bytes, is right where bytes and characters are the same.
  const isAscii = all.length === heap.length
  const keys = new Array<NodeId>(count)
  let at = 0
  for (let row = 0; row < count; row++) {
    const low = values[row * 2] ?? 0
    const high = values[row * 2 + 1] ?? 0
    if (isText[row] === 1) {
      keys[row] = isAscii ? all.slice(at, at + low) : heap.toString('utf8', at, at + low)
      at += low
    } else if (high < 1 << 21) {
      keys[row] = high * 4_294_967_296 + low
    } else {
      keys[row] = (BigInt(high) << 32n) | BigInt(low)
    }
  }
  return keys
}

/** The distinct numbers, and for each number its place among them. */
function distinctOf(numbers: Uint32Array): { distinct: Uint32Array; places: Uint32Array } {
  let most = 0
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row] ?? 0
    if (number > most) most = number
  }
  const places = new Uint32Array(numbers.length)
  const distinct = new Uint32Array(numbers.length)
  let count = 0
  if (most < numbers.length * 8 + 1024) {
    const known = new Uint32Array(most + 1)
    for (let row = 0; row < numbers.length; row++) {
      const number = numbers[row] ?? 0
      let place = known[number] ?? 0
      if (place === 0) {
        distinct[count++] = number
        place = count
        known[number] = place
      }
      places[row] = place - 1
    }
  } else {
    const known = new Map<number, number>()
    for (let row = 0; row < numbers.length; row++) {
      const number = numbers[row] ?? 0
      let place = known.get(number)
      if (place === undefined) {
        place = count
        known.set(number, place)
        distinct[count++] = number
      }
      places[row] = place
    }
  }
  return { distinct: distinct.slice(0, count), places }
}

function spread(
  keys: Uint32Array | Float64Array | BigUint64Array,
  places: Uint32Array,
): NodeKeyColumn {
  if (keys instanceof BigUint64Array) return BigUint64Array.from(places, (at) => keys[at] ?? 0n)
  const result =
    keys instanceof Uint32Array ? new Uint32Array(places.length) : new Float64Array(places.length)
  for (let row = 0; row < places.length; row++) result[row] = keys[places[row] ?? 0] ?? 0
  return result
}
