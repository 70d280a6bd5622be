/** The header before each page of a Parquet file: parquet.thrift, in Thrift's compact protocol. */
export interface PageHeader {
  readonly headerBytes: number
  /** Of the page as it is stored, which is what the checksum is of. */
  readonly bodyBytes: number
  readonly crc: number | undefined
}

const fieldOf = { compressedBytes: 3, crc: 4 } as const
const typeOf = { i32: 5, struct: 12 } as const
const depthMax = 16

/** `cut`: the bytes end within the header. Undefined: this is no page header. */
export function parsePageHeader(bytes: Uint8Array): PageHeader | 'cut' | undefined {
  const reader = new CompactReader(bytes)
  let bodyBytes: number | undefined
  let crc: number | undefined
  try {
    for (let id = 0; ; ) {
      const field = reader.field(id)
      if (field === undefined) break
      id = field.id
      if (field.type === typeOf.i32 && id === fieldOf.compressedBytes) bodyBytes = reader.zigzag()
      else if (field.type === typeOf.i32 && id === fieldOf.crc) crc = reader.zigzag() >>> 0
      else reader.skip(field.type, 0)
    }
  } catch (error) {
    if (error === cut) return 'cut'
    if (error === malformed) return undefined
    throw error
  }
  if (bodyBytes === undefined || bodyBytes < 0) return undefined
  return { headerBytes: reader.at, bodyBytes, crc }
}

const cut = new RangeError('the bytes end within the header')
const malformed = new RangeError('not a page header')

class CompactReader {
  at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The next field of a struct; undefined at its end. */
  field(previousId: number): { readonly id: number; readonly type: number } | undefined {
    const byte = this.#byte()
    if (byte === 0) return undefined
    const step = byte >> 4
    return { id: step === 0 ? this.zigzag() : previousId + step, type: byte & 15 }
  }

  /** A 32-bit number, zigzag in a varint. */
  zigzag(): number {
    const value = this.#varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  skip(type: number, depth: number): void {
    if (depth > depthMax) throw malformed
    if (type === 1 || type === 2) return
    if (type === 3) this.#forward(1)
    else if (type >= 4 && type <= 6) this.#varint()
    else if (type === 7) this.#forward(8)
    else if (type === 8) this.#forward(this.#varint())
    else if (type === 9 || type === 10) this.#skipList(depth)
    else if (type === typeOf.struct) this.#skipStruct(depth)
    else throw malformed
  }

  #skipStruct(depth: number): void {
    for (let id = 0; ; ) {
      const field = this.field(id)
      if (field === undefined) return
      id = field.id
      this.skip(field.type, depth + 1)
    }
  }

  #skipList(depth: number): void {
    const byte = this.#byte()
    const count = byte >> 4 === 15 ? this.#varint() : byte >> 4
    for (let index = 0; index < count; index += 1) {
      // In a list a boolean is a byte of its own.
      const type = byte & 15
      if (type === 1 || type === 2) this.#forward(1)
      else this.skip(type, depth + 1)
    }
  }

  #varint(): number {
    let value = 0
    for (let shift = 1; shift < 2 ** 63; shift *= 128) {
      const byte = this.#byte()
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
    throw malformed
  }

  #byte(): number {
    const byte = this.#bytes[this.at]
    if (byte === undefined) throw cut
    this.at += 1
    return byte
  }

  #forward(count: number): void {
    if (this.at + count > this.#bytes.length) throw cut
    this.at += count
  }
}
