/** Bytes put behind each other, little-endian, in memory that grows. */
export class ByteWriter {
  #buffer: Buffer
  #length = 0

  constructor(bytesExpected = 1024) {
    this.#buffer = Buffer.allocUnsafeSlow(bytesExpected)
  }

  get length(): number {
    return this.#length
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length] = value
    this.#length += 1
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#length = this.#buffer.writeUInt32LE(value, this.#length)
  }

  /** Up to 2^53 − 1. */
  uint64(value: number): void {
    this.uint32(value % 0x100000000)
    this.uint32(Math.floor(value / 0x100000000))
  }

  /** Its length in bytes first. */
  text(value: string): void {
    const bytes = Buffer.byteLength(value)
    this.uint32(bytes)
    this.#reserve(bytes)
    this.#buffer.write(value, this.#length)
    this.#length += bytes
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + bytes))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
