import { EngineError, invalid } from './errors.ts'

const bytesFirst = 4096
/** Beyond it the buffer is given back after use, so that one large batch is not held for ever. */
const bytesKept = 4 << 20
/** Offsets on the wire are 32-bit. */
const bytesMax = 0xffff_ffff

/** Sets number `place` to a whole number up to 2^53 in either direction. */
export function setHalves(halves: Uint32Array, place: number, value: number): void {
  const high = Math.floor(value / two32)
  halves[place * 2] = value - high * two32
  halves[place * 2 + 1] = high
}

/** An array of at most so many is set number by number. */
const fewBytes = 128

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const encoder = new TextEncoder()
const two32 = 4_294_967_296

/**
 * A growable little-endian buffer, reused from one encoding to the next: `reset`, write, `bytes`.
 * What `bytes` returns is a view that the next write may change.
 */
export class ByteWriter {
  #bytes = new Uint8Array(bytesFirst)
  #view = new DataView(this.#bytes.buffer)
  #end = 0

  get length(): number {
    return this.#end
  }

  reset(): void {
    this.#end = 0
    if (this.#bytes.length > bytesKept) this.#replace(new Uint8Array(bytesFirst))
  }

  /** A view of what was written. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#end)
  }

  /** What was written lies at its begin, `length` bytes of it: spares short calls a view. */
  get room(): Uint8Array<ArrayBuffer> {
    return this.#bytes
  }

  /** Gives up everything from `length` on, as after a failed encoding. */
  truncate(length: number): void {
    this.#end = length
  }

  u8(value: number): void {
    const at = this.#reserve(1)
    this.#bytes[at] = value
  }

  u16(value: number): void {
    const at = this.#reserve(2)
    this.#view.setUint16(at, value, true)
  }

  /** Written out: a small batch is mostly these, in code that V8 has not compiled yet. */
  u32(value: number): void {
    const at = this.#end
    const end = at + 4
    if (end > this.#bytes.length) this.#grow(end)
    this.#end = end
    this.#view.setUint32(at, value, true)
  }

  /** A whole number up to 2^53 in either direction, as 64 bits of two's complement. */
  int(value: number): void {
    this.patchInt(this.#reserve(8), value)
  }

  i64(value: bigint): void {
    const at = this.#reserve(8)
    this.#view.setBigInt64(at, value, true)
  }

  u64(value: bigint): void {
    const at = this.#reserve(8)
    this.#view.setBigUint64(at, value, true)
  }

  f64(value: number): void {
    const at = this.#reserve(8)
    this.#view.setFloat64(at, value, true)
  }

  /** Sets a u32 that was written before. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true)
  }

  /** Sets a whole number of 64 bits, room for which was made before. */
  patchInt(at: number, value: number): void {
    // The remainder of a double takes a call; most are small.
    const high = value >= 0 && value < two32 ? 0 : Math.floor(value / two32)
    this.#view.setUint32(at, value - high * two32, true)
    this.#view.setInt32(at + 4, high, true)
  }

  /** The same for a bigint. */
  patchI64(at: number, value: bigint): void {
    this.#view.setBigInt64(at, value, true)
  }

  /** So many zeros of 8 bytes each. */
  zeros(count: number): void {
    const at = this.#reserve(count * 8)
    for (let place = 0; place < count; place++) this.#view.setFloat64(at + place * 8, 0, true)
  }

  /** Few bytes, without the call that copying many takes. */
  few(values: Uint8Array): void {
    const at = this.#reserve(values.length)
    const bytes = this.#bytes
    for (let place = 0; place < values.length; place++) bytes[at + place] = values[place] as number
  }

  /** Zero bytes up to the next multiple of 8. */
  align8(): void {
    const at = this.#end
    const padding = -at & 7
    if (padding === 0) return
    // Eight at once, of which the last are written over: a call of fill takes longer.
    this.#reserve(8)
    this.#view.setFloat64(at, 0, true)
    this.#end = at + padding
  }

  /** A u32 byte length, then UTF-8. */
  text(value: string): void {
    const at = this.#reserve(4)
    // The text may replace the view.
    const bytes = this.utf8(value)
    this.#view.setUint32(at, bytes, true)
  }

  /** UTF-8 alone; returns how many bytes. */
  utf8(value: string): number {
    const length = value.length
    const start = this.#reserve(length * 3)
    const bytes = this.#bytes
    if (length < 48) {
      let place = 0
      for (; place < length; place++) {
        const code = value.charCodeAt(place)
        if (code > 0x7f) break
        bytes[start + place] = code
      }
      if (place === length) {
        this.#end = start + length
        return length
      }
    }
    const { written } = encoder.encodeInto(value, bytes.subarray(start))
    if (written !== length && hasLoneSurrogate(value)) {
      this.#end = start
      throw invalid('text has half of a surrogate pair, so it has no UTF-8 form')
    }
    this.#end = start + written
    return written
  }

  /** The values of a typed array as they lie in memory. */
  array(values: ArrayBufferView): void {
    assertLittleEndian()
    const at = this.#reserve(values.byteLength)
    if (values.byteLength <= fewBytes && this.#setFew(values, at)) return
    this.#bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at)
  }

  /** Writes a few numbers without the objects that copying many takes; false: of another type. */
  #setFew(values: ArrayBufferView, at: number): boolean {
    const view = this.#view
    if (values instanceof Float64Array) {
      for (let place = 0; place < values.length; place++) {
        view.setFloat64(at + place * 8, values[place] as number, true)
      }
      return true
    }
    if (values instanceof Uint32Array) {
      for (let place = 0; place < values.length; place++) {
        view.setUint32(at + place * 4, values[place] as number, true)
      }
      return true
    }
    return false
  }

  /**
   * The numbers as int64, 0 where one is not present. Returns the first row, with nothing written,
   * whose number is not whole within ±(2^53 − 1); else −1. Requires: `align8` came before.
   */
  integers(values: Float64Array | Int32Array | Uint32Array, present?: Uint8Array): number {
    const start = this.skip(values.length * 8)
    const few = values.length * 8 <= fewBytes
    const halves = few ? undefined : this.halves(start, values.length)
    for (let row = 0; row < values.length; row++) {
      const value = present?.[row] === 0 ? 0 : (values[row] ?? 0)
      if (!Number.isSafeInteger(value)) {
        this.#end = start
        return row
      }
      if (halves === undefined) this.patchInt(start + row * 8, value)
      else setHalves(halves, row, value)
    }
    return -1
  }

  /**
   * Room for so many bytes more, so that writing them does not copy what there is again and again.
   */
  expect(bytes: number): void {
    const end = this.#end + bytes
    if (end > this.#bytes.length && end <= bytesMax) this.#grow(end)
  }

  /** `count` numbers of 64 bits from `start`, a multiple of 8, on, for `setHalves`. */
  halves(start: number, count: number): Uint32Array {
    assertLittleEndian()
    return new Uint32Array(this.#bytes.buffer, start, count * 2)
  }

  /** Room to be set by `patch…`, which holds anything until then; returns where it starts. */
  skip(bytes: number): number {
    return this.#reserve(bytes)
  }

  /** May replace the view: take it afterwards. */
  #reserve(bytes: number): number {
    const at = this.#end
    const end = at + bytes
    // Not a number either: an array may say anything of its length.
    if (!(end <= this.#bytes.length)) this.#grow(end)
    this.#end = end
    return at
  }

  #grow(needed: number): void {
    if (!(needed <= bytesMax)) throw new EngineError('too_large', 'a batch is limited to 4 GiB')
    const grown = new Uint8Array(Math.min(bytesMax, Math.max(needed, this.#bytes.length * 2)))
    grown.set(this.#bytes.subarray(0, this.#end))
    this.#replace(grown)
  }

  #replace(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}

function assertLittleEndian(): void {
  if (!littleEndian) throw new EngineError('unsupported', 'needs a little-endian machine')
}

function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text)
}
