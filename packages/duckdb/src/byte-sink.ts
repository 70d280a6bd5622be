import { HyperMeshError } from '@hypermesh/contract'
import { integerBytesMax, putEight, putFour, putWhole } from './digit-words.ts'
import type { FixedText } from './fixed-text.ts'

/** Writers of words may touch so many bytes after what they write. */
const slackBytes = 8
const loopBytesMax = 192
/** One large piece says little of the next. */
const expectedBytesMax = 16 * 1024 * 1024
const powers = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8] as const

const nothing = Buffer.alloc(0)
const noView = viewOf(nothing)

export type Allocate = (bytes: number) => Buffer

/** Thrown where bytes would grow beyond what they may; what was written until then is there. */
export class SinkFullError extends HyperMeshError {
  constructor(bytesMax: number) {
    super(
      'too_large',
      `a row of the result takes more than ${bytesMax} bytes; ask for less of it`,
      {
        details: { rowBytesMax: bytesMax },
      },
    )
  }
}

/** Bytes that grow: what the encoders write into, without an object for each value. */
export class ByteSink {
  bytes: Buffer = nothing
  /** The same memory, for writing words. */
  view: DataView = noView
  length = 0
  /** So that what a few short values were made of does not grow beyond all memory. */
  lengthMax = Number.POSITIVE_INFINITY
  readonly #allocate: Allocate
  #expected: number

  /** `allocate` gives memory of at least so many bytes. */
  constructor(bytesExpected = 64 * 1024, allocate: Allocate = Buffer.allocUnsafe) {
    this.#allocate = allocate
    this.#expected = bytesExpected
  }

  /** Makes room, and for a word after it. `bytes` and `view` may be others afterwards. */
  reserve(count: number): void {
    const needed = this.length + count + slackBytes
    if (needed > this.bytes.length) this.#grow(needed)
  }

  /** Throws where so many bytes more would be too many. */
  assertRoom(count: number): void {
    if (this.length + count > this.lengthMax) throw new SinkFullError(this.lengthMax)
  }

  /** Hands the bytes out and begins anew. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.length)
    // The next piece is about as large, if there is one; growing would copy it.
    const expected = Math.min(this.length + (this.length >> 3), expectedBytesMax)
    this.#expected = Math.max(64 * 1024, expected)
    this.bytes = nothing
    this.view = noView
    this.length = 0
    return taken
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.#grow(this.length + slackBytes)
    this.bytes[this.length++] = value
  }

  /** Copies bytes; a loop over words is faster than a call into native code up to about so many. */
  copy(source: DataView, start: number, end: number): void {
    const count = end - start
    this.reserve(count)
    if (count > loopBytesMax) {
      this.bytes.set(new Uint8Array(source.buffer, source.byteOffset + start, count), this.length)
      this.length += count
      return
    }
    const { view } = this
    let at = this.length
    let from = start
    for (const last = end - 4; from <= last; from += 4) {
      view.setInt32(at, source.getInt32(from, true), true)
      at += 4
    }
    for (; from < end; from += 1) view.setUint8(at++, source.getUint8(from))
    this.length = at
  }

  /** A text that is written often: word by word, the last with bytes after its end. */
  put({ words, length }: FixedText): void {
    this.reserve(length)
    const { view } = this
    let at = this.length
    for (let index = 0; index < words.length; index += 1) {
      view.setInt32(at, words[index] as number, true)
      at += 4
    }
    this.length += length
  }

  /** Text that is known to be ASCII. */
  ascii(text: string): void {
    this.reserve(text.length)
    const { bytes } = this
    let at = this.length
    for (let index = 0; index < text.length; index += 1) bytes[at++] = text.charCodeAt(index)
    this.length = at
  }

  text(text: string): void {
    this.reserve(text.length * 3)
    this.length += this.bytes.write(text, this.length, 'utf8')
  }

  /** A whole number of at most 2^53. */
  integer(value: number): void {
    this.reserve(integerBytesMax + 1)
    if (value < 0) {
      this.bytes[this.length++] = 45
      this.length = putWhole(this.view, this.length, -value)
    } else this.length = putWhole(this.view, this.length, value)
  }

  /** A whole number under 10^width, with leading zeros. */
  padded(value: number, width: number): void {
    this.reserve(width)
    let rest = value
    if (width > 8) {
      const high = Math.floor(value / 1e8)
      this.padded(high, width - 8)
      rest = value - high * 1e8
    }
    const digits = Math.min(width, 8)
    // The digits stand in front, zeros after them: what is behind the width is written over later.
    const scaled = rest * (powers[8 - digits] as number)
    if (digits > 4) putEight(this.view, this.length, scaled)
    else putFour(this.view, this.length, scaled / 10_000)
    this.length += digits
  }

  /** Takes back zeros at the end, as of a fraction that is not zero. */
  cutZeros(): void {
    const { bytes } = this
    let at = this.length
    while (bytes[at - 1] === 48) at -= 1
    this.length = at
  }

  #grow(needed: number): void {
    this.assertRoom(needed - this.length)
    const wanted = Math.max(this.bytes.length * 2, this.#expected)
    const larger = this.#allocate(Math.max(needed, Math.min(wanted, this.lengthMax)))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
    this.view = viewOf(larger)
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
