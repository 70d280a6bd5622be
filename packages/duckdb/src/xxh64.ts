/**
 * XXH64 with seed 0, the checksum of a zstd frame, over pieces of any length. A 64-bit word is two
 * halves of 32 bits: BigInt is some twenty times slower.
 */
export class Xxh64 {
  readonly #stripe = new Uint8Array(stripeBytes)
  readonly #view = new DataView(this.#stripe.buffer)
  /** Four accumulators, low half then high half. */
  readonly #lanes = new Int32Array(8)
  #held = 0
  #bytes = 0

  constructor() {
    const starts = [add(prime1, prime2), prime2, [0, 0] as Word, negate(prime1)]
    for (const [lane, [low, high]] of starts.entries()) {
      this.#lanes[2 * lane] = low
      this.#lanes[2 * lane + 1] = high
    }
  }

  update(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    let at = 0
    if (this.#held > 0) {
      at = Math.min(stripeBytes - this.#held, bytes.length)
      this.#stripe.set(bytes.subarray(0, at), this.#held)
      this.#held += at
      if (this.#held < stripeBytes) return
      this.#consume(this.#view, 0)
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (; at + stripeBytes <= bytes.length; at += stripeBytes) this.#consume(view, at)
    this.#stripe.set(bytes.subarray(at))
    this.#held = bytes.length - at
  }

  /** The low 32 bits, unsigned: what a zstd frame ends with. */
  lowWord(): number {
    let hash = this.#bytes >= stripeBytes ? this.#merged() : prime5
    hash = add(hash, [this.#bytes | 0, Math.floor(this.#bytes / 2 ** 32) | 0])
    let at = 0
    for (; at + 8 <= this.#held; at += 8) {
      const word: Word = [this.#view.getInt32(at, true), this.#view.getInt32(at + 4, true)]
      hash = xor(hash, round([0, 0], word))
      hash = add(multiply(rotate(hash, 27), prime1), prime4)
    }
    if (at + 4 <= this.#held) {
      hash = xor(hash, multiply([this.#view.getInt32(at, true), 0], prime1))
      hash = add(multiply(rotate(hash, 23), prime2), prime3)
      at += 4
    }
    for (; at < this.#held; at += 1) {
      hash = xor(hash, multiply([this.#stripe[at] ?? 0, 0], prime5))
      hash = multiply(rotate(hash, 11), prime1)
    }
    hash = multiply(xor(hash, shiftRight(hash, 33)), prime2)
    hash = multiply(xor(hash, shiftRight(hash, 29)), prime3)
    return xor(hash, shiftRight(hash, 32))[0] >>> 0
  }

  #merged(): Word {
    const lane = (index: number): Word => [
      this.#lanes[2 * index] ?? 0,
      this.#lanes[2 * index + 1] ?? 0,
    ]
    let hash = rotate(lane(0), 1)
    for (const [index, bits] of [7, 12, 18].entries()) {
      hash = add(hash, rotate(lane(index + 1), bits))
    }
    for (let index = 0; index < 4; index += 1) {
      hash = add(multiply(xor(hash, round([0, 0], lane(index))), prime1), prime4)
    }
    return hash
  }

  /** Lane = rotate(lane + word * prime2, 31) * prime1, spelled out: this is where the time goes. */
  #consume(view: DataView, start: number): void {
    const lanes = this.#lanes
    for (let lane = 0; lane < 4; lane += 1) {
      const low = view.getInt32(start + 8 * lane, true)
      const high = view.getInt32(start + 8 * lane + 4, true)
      const product = Math.imul(low, prime2[0])
      const carried = highOf(low, prime2[0])
      const top = (carried + Math.imul(low, prime2[1]) + Math.imul(high, prime2[0])) | 0
      const sumLow = ((lanes[2 * lane] ?? 0) + product) | 0
      const carry = sumLow >>> 0 < product >>> 0 ? 1 : 0
      const sumHigh = ((lanes[2 * lane + 1] ?? 0) + top + carry) | 0
      const turnedLow = (sumLow << 31) | (sumHigh >>> 1)
      const turnedHigh = (sumHigh << 31) | (sumLow >>> 1)
      lanes[2 * lane] = Math.imul(turnedLow, prime1[0])
      lanes[2 * lane + 1] =
        (highOf(turnedLow, prime1[0]) +
          Math.imul(turnedLow, prime1[1]) +
          Math.imul(turnedHigh, prime1[0])) |
        0
    }
  }
}

/** Low and high half, as signed 32-bit integers. */
type Word = readonly [number, number]

const stripeBytes = 32
const word = (value: bigint): Word => [
  Number(BigInt.asIntN(32, value)),
  Number(BigInt.asIntN(32, value >> 32n)),
]
const prime1 = word(0x9e3779b185ebca87n)
const prime2 = word(0xc2b2ae3d27d4eb4fn)
const prime3 = word(0x165667b19e3779f9n)
const prime4 = word(0x85ebca77c2b2ae63n)
const prime5 = word(0x27d4eb2f165667c5n)

/** The upper 32 bits of the unsigned product of two 32-bit integers. */
function highOf(left: number, right: number): number {
  const leftLow = left & 0xffff
  const leftHigh = left >>> 16
  const rightLow = right & 0xffff
  const rightHigh = right >>> 16
  const middle = (Math.imul(leftHigh, rightLow) + (Math.imul(leftLow, rightLow) >>> 16)) | 0
  const other = (Math.imul(leftLow, rightHigh) + (middle & 0xffff)) | 0
  return (Math.imul(leftHigh, rightHigh) + (middle >>> 16) + (other >>> 16)) | 0
}

function multiply(left: Word, right: Word): Word {
  const high = highOf(left[0], right[0])
  const crossed = Math.imul(left[0], right[1]) + Math.imul(left[1], right[0])
  return [Math.imul(left[0], right[0]), (high + crossed) | 0]
}

function add(left: Word, right: Word): Word {
  const low = (left[0] + right[0]) | 0
  return [low, (left[1] + right[1] + (low >>> 0 < left[0] >>> 0 ? 1 : 0)) | 0]
}

function negate([low, high]: Word): Word {
  return add([~low, ~high], [1, 0])
}

function xor(left: Word, right: Word): Word {
  return [left[0] ^ right[0], left[1] ^ right[1]]
}

/** Requires: 0 < bits < 32. */
function rotate([low, high]: Word, bits: number): Word {
  return [(low << bits) | (high >>> (32 - bits)), (high << bits) | (low >>> (32 - bits))]
}

function shiftRight([low, high]: Word, bits: number): Word {
  if (bits >= 32) return [(high >>> (bits - 32)) | 0, 0]
  return [(low >>> bits) | (high << (32 - bits)), high >>> bits]
}

function round(lane: Word, value: Word): Word {
  return multiply(rotate(add(lane, multiply(value, prime2)), 31), prime1)
}
