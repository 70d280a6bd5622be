import { isUtf8 } from 'node:buffer'
import type { ArrowBatch } from './arrow-messages.ts'
import type { ArrowField, ArrowType } from './arrow-schema.ts'
import { damagedArrow } from './flatbuffer.ts'

/** The values of a field in one batch; every length and offset in it has been checked. */
export interface ArrowVector {
  readonly field: ArrowField
  /** That of the indices where there is a dictionary. */
  readonly type: ArrowType
  readonly length: number
  /** A bit for each value; undefined: none is null. */
  readonly validity: Uint8Array | undefined
  /** The values, or the views; behind views what they refer to. */
  readonly buffers: readonly Uint8Array[]
  /** Where each text or list begins, and where the last ends; of list views where each begins. */
  readonly offsets: ArrayLike<number>
  /** How many items each list view has. */
  readonly counts: ArrayLike<number>
  readonly children: readonly ArrowVector[]
  readonly dictionary: ArrowVector | undefined
}

export type Dictionaries = ReadonlyMap<number, ArrowVector>

/** The fields of a batch, depth first, as its nodes and buffers are. */
export class VectorReader {
  readonly #batch: ArrowBatch
  readonly #buffers: readonly Uint8Array[]
  readonly #dictionaries: Dictionaries
  #node = 0
  #buffer = 0
  #variadic = 0

  constructor(batch: ArrowBatch, buffers: readonly Uint8Array[], dictionaries: Dictionaries) {
    this.#batch = batch
    this.#buffers = buffers
    this.#dictionaries = dictionaries
  }

  columns(fields: readonly ArrowField[]): ArrowVector[] {
    const columns = fields.map((field) => this.#read(field, this.#batch.rows))
    this.#assertAllRead()
    return columns
  }

  /** The values of a dictionary, which are of the field's type and not indices. */
  values(field: ArrowField): ArrowVector {
    const values = this.#read({ ...field, dictionary: undefined }, this.#batch.rows)
    this.#assertAllRead()
    return values
  }

  /** `lengthLeast`: how many values the parent refers to. */
  #read(field: ArrowField, lengthLeast: number): ArrowVector {
    const [length, nulls] = this.#batch.nodes.slice(this.#node, this.#node + 2)
    this.#node += 2
    if (length === undefined || nulls === undefined || length < lengthLeast) {
      throw damagedArrow(`column "${field.name}" has fewer values than rows`)
    }
    const { dictionary } = field
    const type = dictionary?.indices ?? field.type
    if (length > valuesMax) throw damagedArrow('a batch has an impossible length')
    const validity = type.kind === 'null' ? undefined : this.#validity(length, nulls)
    const vector = { field, type, length, validity, ...this.#layout(type, length) }
    if (dictionary !== undefined) {
      const values = this.#dictionaries.get(dictionary.id)
      if (values === undefined) throw damagedArrow(`dictionary ${dictionary.id} is missing`)
      return { ...vector, children: [], dictionary: values }
    }
    const least = childLength(vector)
    const children = field.children.map((child) => this.#read(child, least))
    return { ...vector, children, dictionary: undefined }
  }

  #validity(length: number, nulls: number): Uint8Array | undefined {
    const bitmap = this.#next(0)
    if (nulls === 0) return undefined
    if (bitmap.length * 8 < length) throw damagedArrow('a bitmap of nulls is too short')
    return bitmap
  }

  #layout(type: ArrowType, length: number): Pick<ArrowVector, 'buffers' | 'offsets' | 'counts'> {
    const none = { buffers: [], offsets: [], counts: [] }
    switch (type.kind) {
      case 'null':
      case 'struct':
      case 'fixed-list':
        return none
      case 'map':
        return { ...none, offsets: this.#offsets(length, false) }
      case 'list':
        return { ...none, offsets: this.#offsets(length, type.layout === 'large') }
      case 'list-view': {
        const large = type.layout === 'large'
        const offsets = integers(this.#next(length * (large ? 8 : 4)), length, large)
        return {
          ...none,
          offsets,
          counts: integers(this.#next(length * (large ? 8 : 4)), length, large),
        }
      }
      case 'text':
      case 'binary':
        return type.layout === 'view'
          ? { ...none, buffers: this.#views(length) }
          : { ...none, ...this.#texts(length, type) }
      case 'bool':
        return { ...none, buffers: [this.#next(Math.ceil(length / 8))] }
      default:
        return { ...none, buffers: [this.#next(length * fixedBytes(type))] }
    }
  }

  #texts(length: number, type: Extract<ArrowType, { layout: string }>) {
    const offsets = this.#offsets(length, type.layout === 'large')
    const bytes = this.#next(offsets[length] ?? 0)
    if (type.kind === 'text') assertText(bytes, offsets)
    return { buffers: [bytes], offsets }
  }

  #views(length: number): Uint8Array[] {
    const buffers = [this.#next(length * 16)]
    const count = this.#batch.variadicCounts[this.#variadic] ?? 0
    this.#variadic += 1
    for (let index = 0; index < count; index += 1) buffers.push(this.#next(0))
    return buffers
  }

  /** Rising, the first not negative. There may be no bytes where there are no values. */
  #offsets(length: number, large: boolean): ArrayLike<number> {
    const bytesEach = large ? 8 : 4
    const bytes = this.#next(length === 0 ? 0 : (length + 1) * bytesEach)
    if (bytes.length < bytesEach) return [0]
    const offsets = integers(bytes, length + 1, large)
    let last = 0
    for (let index = 0; index <= length; index += 1) {
      const next = offsets[index] ?? -1
      if (next < last) throw damagedArrow('an offset is less than the one before')
      last = next
    }
    return offsets
  }

  #next(bytesLeast: number): Uint8Array {
    const buffer = this.#buffers[this.#buffer]
    this.#buffer += 1
    if (buffer === undefined || buffer.length < bytesLeast) {
      throw damagedArrow('a buffer is shorter than its values')
    }
    return buffer
  }

  #assertAllRead(): void {
    if (this.#buffer === this.#buffers.length && this.#node === this.#batch.nodes.length) return
    throw damagedArrow('a batch has other buffers than its schema')
  }
}

/** Of one field in a batch; Arrow's own readers know no more. */
const valuesMax = 2 ** 31 - 1

/** How many bytes a value of a type of fixed width has. */
export function fixedBytes(type: ArrowType): number {
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'decimal':
      return type.bits / 8
    case 'date':
      return type.unit === 'day' ? 4 : 8
    case 'time':
      return type.unit === 'second' || type.unit === 'milli' ? 4 : 8
    case 'interval':
      return { month: 4, day: 8, 'month-day-nano': 16 }[type.unit]
    case 'fixed-binary':
      return type.bytes
    default:
      return 8
  }
}

/** How many values the children must have. */
function childLength({
  type,
  length,
  offsets,
  counts,
}: Omit<ArrowVector, 'children' | 'dictionary'>): number {
  switch (type.kind) {
    case 'struct':
      return length
    case 'fixed-list':
      return length * type.length
    case 'list':
    case 'map':
      return offsets[length] ?? 0
    case 'list-view': {
      let end = 0
      for (let index = 0; index < length; index += 1) {
        const [start = -1, count = -1] = [offsets[index], counts[index]]
        if (start < 0 || count < 0) throw damagedArrow('a list lies outside its items')
        end = Math.max(end, start + count)
      }
      return end
    }
    default:
      return 0
  }
}

function integers(bytes: Uint8Array, count: number, large: boolean): ArrayLike<number> {
  if (!large) return typed(bytes, Int32Array, count)
  return Float64Array.from(typed(bytes, BigInt64Array, count), Number)
}

interface TypedArrayOf<T> {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, offset: number, length: number): T
}

/** The bytes as numbers; copied where they do not lie as the machine wants them. */
export function typed<T>(bytes: Uint8Array, of: TypedArrayOf<T>, count: number): T {
  const aligned = bytes.byteOffset % of.BYTES_PER_ELEMENT === 0
  const from = aligned ? bytes : Uint8Array.from(bytes)
  return new of(from.buffer, from.byteOffset, count)
}

/** The texts are UTF-8 where all of them together are and none begins within a character. */
function assertText(bytes: Uint8Array, offsets: ArrayLike<number>): void {
  const last = offsets[offsets.length - 1] ?? 0
  let sound = isUtf8(bytes.subarray(offsets[0] ?? 0, last))
  for (let index = 0; sound && index < offsets.length; index += 1) {
    const at = offsets[index] ?? 0
    sound = at >= last || ((bytes[at] ?? 0) & 0xc0) !== 0x80
  }
  if (!sound) throw damagedArrow('a text is not UTF-8')
}
