const digits = new Uint8Array(16)

/** Bytes that grow: what the encoders write into, without an object for each value. */
export class ByteSink {
  bytes: Buffer
  length = 0

  constructor(bytesExpected = 64 * 1024) {
    this.bytes = Buffer.allocUnsafe(bytesExpected)
  }

  /** Makes room. `bytes` may be another buffer afterwards. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  /** Hands the bytes out and begins anew. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.length)
    this.bytes = Buffer.allocUnsafe(Math.max(64 * 1024, this.length))
    this.length = 0
    return taken
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1)
    this.bytes[this.length++] = value
  }

  /** Copies a few bytes; a loop is faster than a call into native code up to about this many. */
  copy(source: Uint8Array, start: number, end: number): void {
    const count = end - start
    this.reserve(count)
    if (count > 48) {
      this.bytes.set(source.subarray(start, end), this.length)
      this.length += count
      return
    }
    const { bytes } = this
    let at = this.length
    for (let index = start; index < end; index += 1) bytes[at++] = source[index] as number
    this.length = at
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
    this.reserve(17)
    let rest = value
    if (rest < 0) {
      this.bytes[this.length++] = 45
      rest = -rest
    }
    if (rest <= 0x7fffffff) {
      this.#digits(rest | 0, 1)
      return
    }
    const high = Math.floor(rest / 1e8)
    if (high <= 0x7fffffff) this.#digits(high | 0, 1)
    else this.integer(high)
    this.#digits((rest - high * 1e8) | 0, 8)
  }

  /** Two digits, as in a time. */
  two(value: number): void {
    const tens = (value / 10) | 0
    this.bytes[this.length] = 48 + tens
    this.bytes[this.length + 1] = 48 + value - tens * 10
    this.length += 2
  }

  /** Digits of a value under 2^31, with leading zeros up to the width. Room is reserved already. */
  #digits(value: number, width: number): void {
    let rest = value
    let count = 0
    do {
      const next = (rest / 10) | 0
      digits[count++] = 48 + rest - next * 10
      rest = next
    } while (rest > 0)
    while (count < width) digits[count++] = 48
    const { bytes } = this
    let at = this.length
    while (count > 0) bytes[at++] = digits[--count] as number
    this.length = at
  }
}
