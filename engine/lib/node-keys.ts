import type { NodeId } from './node-ids.ts'

/** The keys of nodes in bulk: integers as numbers where all are exact, else as bigints. */
export type NodeKeyColumn = Uint32Array | Float64Array | BigUint64Array | readonly NodeId[]

/** How the core gives keys. */
export interface KeySource {
  /** The keys of these numbers. */
  keysOf(numbers: Uint32Array): ArrayBuffer
  /** The integer keys, as u64, of `count` numbers from `first`, fewer at the end; empty where one is a text. */
  integerKeys(first: number, count: number): ArrayBuffer
}

const pageBits = 12
const pageSize = 1 << pageBits
/** 64 MiB of keys: those of later nodes are asked for each time. */
const knownMax = 1 << 24

/** Turns node numbers into keys. */
export class NodeKeys {
  readonly #source: KeySource
  /** Texts are decoded once for each distinct node; integers are not worth that. */
  #hasTexts = false
  /** Key + 1 by number, 0: not known. It stays right, since a node keeps its number for ever. */
  #known = new Uint32Array(pageSize)
  /** How many numbers were asked for: reading pages is worth it from a page's size on. */
  #asked = 0
  /** Pages where not all are integers of 32 bits. */
  readonly #otherPages = new Set<number>()

  constructor(source: KeySource) {
    this.#source = source
  }

  keysOf(numbers: Uint32Array): NodeKeyColumn {
    if (numbers.length === 0) return new Uint32Array(0)
    this.#asked += numbers.length
    if (this.#asked < pageSize) return this.#fetch(numbers)
    return this.#knownKeys(numbers) ?? this.#fetch(numbers)
  }

  /** Undefined where some are no integers of 32 bits. */
  #knownKeys(numbers: Uint32Array): Uint32Array | undefined {
    const count = numbers.length
    const keys = new Uint32Array(count)
    let known = this.#known
    for (let at = 0; at < count; at++) {
      // Within the bounds, and told so: a default for each takes a third of the loop's time.
      const number = numbers[at] as number
      let next = known[number]
      if (!next) {
        if (!this.#learn(number)) return undefined
        known = this.#known
        next = known[number] ?? 0
      }
      keys[at] = next - 1
    }
    return keys
  }

  #learn(number: number): boolean {
    const page = number >>> pageBits
    if (number >= knownMax || this.#otherPages.has(page)) return false
    const first = page * pageSize
    const halves = new Uint32Array(this.#source.integerKeys(first, pageSize))
    if (first + pageSize > this.#known.length) {
      const grown = new Uint32Array(Math.max(first + pageSize, this.#known.length * 2))
      grown.set(this.#known)
      this.#known = grown
    }
    for (let at = 0; at < halves.length; at += 2) {
      if (halves[at + 1] === 0) this.#known[first + at / 2] = (halves[at] ?? 0) + 1
    }
    const isKnown = this.#known[number] !== 0
    if (!isKnown) this.#otherPages.add(page)
    return isKnown
  }

  #fetch(numbers: Uint32Array): NodeKeyColumn {
    if (!this.#hasTexts) {
      const reply = this.#source.keysOf(numbers)
      if (isAllIntegers(reply)) return decodeIntegers(reply, numbers.length)
      this.#hasTexts = true
    }
    const { distinct, places } = distinctOf(numbers)
    const reply = this.#source.keysOf(distinct)
    if (isAllIntegers(reply)) {
      const keys = decodeIntegers(reply, distinct.length)
      return spread(keys, places)
    }
    const keys = decodeMixed(reply, distinct.length)
    const result = new Array<NodeId>(numbers.length)
    for (let row = 0; row < places.length; row++) {
      // Within the bounds.
      result[row] = keys[places[row] ?? 0] as NodeId
    }
    return result
  }
}

function isAllIntegers(reply: ArrayBuffer): boolean {
  return new Uint8Array(reply, 0, 1)[0] === 1
}

function decodeIntegers(
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
