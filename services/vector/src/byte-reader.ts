import { damaged } from './framed-file.ts'

/** Reads what a `ByteWriter` wrote; what ends too early or has no sense is `damaged`. */
export class ByteReader {
  readonly #buffer: Buffer
  readonly #what: string
  #at = 0

  constructor(bytes: Uint8Array, what: string) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#what = what
  }

  get left(): number {
    return this.#buffer.length - this.#at
  }

  byte(): number {
    return this.#buffer[this.#advance(1)] as number
  }

  uint32(): number {
    return this.#buffer.readUInt32LE(this.#advance(4))
  }

  uint64(): number {
    const low = this.uint32()
    const value = this.uint32() * 0x100000000 + low
    if (Number.isSafeInteger(value)) return value
    throw damaged(`${this.#what} has a number that is too large`)
  }

  text(): string {
    const bytes = this.uint32()
    const at = this.#advance(bytes)
    return this.#buffer.toString('utf8', at, at + bytes)
  }

  raw(bytes: number): Buffer {
    const at = this.#advance(bytes)
    return this.#buffer.subarray(at, at + bytes)
  }

  expectEnd(): void {
    if (this.left > 0) throw damaged(`${this.#what} is longer than what it holds`)
  }

  #advance(bytes: number): number {
    if (bytes > this.left) throw damaged(`${this.#what} is shorter than what it holds`)
    const at = this.#at
    this.#at += bytes
    return at
  }
}
