import { HyperMeshError } from '@hypermesh/contract'

/**
 * Reads tables of FlatBuffers, the form of Arrow's metadata, with every place checked: what a file
 * says of lengths is never believed. Absent fields have their defaults.
 */
export class FlatTable {
  readonly #view: DataView
  readonly #at: number
  readonly #vtable: number
  readonly #vtableBytes: number

  private constructor(view: DataView, at: number) {
    this.#view = view
    this.#at = at
    this.#vtable = at - int32(view, at)
    this.#vtableBytes = uint16(view, this.#vtable)
  }

  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return new FlatTable(view, uint32(view, 0))
  }

  int8(field: number, absent = 0): number {
    const at = this.#find(field)
    return at === 0 ? absent : checked(this.#view, at, 1).getInt8(at)
  }

  int16(field: number, absent = 0): number {
    const at = this.#find(field)
    return at === 0 ? absent : checked(this.#view, at, 2).getInt16(at, true)
  }

  int32(field: number, absent = 0): number {
    const at = this.#find(field)
    return at === 0 ? absent : int32(this.#view, at)
  }

  /** As a number; throws beyond 2^53, which no length of a file is. */
  int64(field: number): number {
    const at = this.#find(field)
    return at === 0 ? 0 : int64(this.#view, at)
  }

  text(field: number): string | undefined {
    const at = this.#find(field)
    if (at === 0) return undefined
    const start = at + uint32(this.#view, at)
    const length = uint32(this.#view, start)
    checked(this.#view, start + 4, length)
    const { buffer, byteOffset } = this.#view
    return new TextDecoder().decode(new Uint8Array(buffer, byteOffset + start + 4, length))
  }

  table(field: number): FlatTable | undefined {
    const at = this.#find(field)
    return at === 0 ? undefined : new FlatTable(this.#view, at + uint32(this.#view, at))
  }

  tables(field: number): FlatTable[] {
    const { start, length } = this.#vector(field, 4)
    return Array.from({ length }, (_, index) => {
      const at = start + 4 * index
      return new FlatTable(this.#view, at + uint32(this.#view, at))
    })
  }

  /** A vector of 64-bit integers, or of structs of so many of them, one after the other. */
  int64s(field: number, each = 1): number[] {
    const { start, length } = this.#vector(field, 8 * each)
    return Array.from({ length: length * each }, (_, index) => int64(this.#view, start + 8 * index))
  }

  /** The 64-bit integer that each struct of a vector begins with. */
  firstInt64s(field: number, structBytes: number): number[] {
    const { start, length } = this.#vector(field, structBytes)
    return Array.from({ length }, (_, index) => int64(this.#view, start + structBytes * index))
  }

  #vector(field: number, bytesEach: number): { start: number; length: number } {
    const at = this.#find(field)
    if (at === 0) return { start: 0, length: 0 }
    const vector = at + uint32(this.#view, at)
    const length = uint32(this.#view, vector)
    checked(this.#view, vector + 4, length * bytesEach)
    return { start: vector + 4, length }
  }

  /** Where the field lies; 0: absent. */
  #find(field: number): number {
    const entry = 4 + 2 * field
    if (entry + 2 > this.#vtableBytes) return 0
    const offset = uint16(this.#view, this.#vtable + entry)
    return offset === 0 ? 0 : this.#at + offset
  }
}

function checked(view: DataView, at: number, length: number): DataView {
  if (at >= 0 && at + length <= view.byteLength) return view
  throw damagedArrow('its metadata points outside itself')
}

const uint16 = (view: DataView, at: number) => checked(view, at, 2).getUint16(at, true)
const int32 = (view: DataView, at: number) => checked(view, at, 4).getInt32(at, true)
const uint32 = (view: DataView, at: number) => checked(view, at, 4).getUint32(at, true)

function int64(view: DataView, at: number): number {
  const value = Number(checked(view, at, 8).getBigInt64(at, true))
  if (Number.isSafeInteger(value)) return value
  throw damagedArrow('a length in it is impossible')
}

export function damagedArrow(how: string, cause?: unknown): HyperMeshError {
  return new HyperMeshError('invalid', `the Arrow file is damaged: ${how}`, { cause })
}
