import { EngineError } from './errors.ts'

/** Why a result is not whole. */
export type Truncation = 'rows' | 'bytes' | 'deadline' | 'examined' | 'frontier'

/** The types of the wire. */
export const valueTypes = { f64: 1, i64: 2, u32: 3, u8: 4, text: 5, list: 6 } as const

/** The values of a column as they lie in the result. */
export type ColumnValues = Float64Array | BigInt64Array | Uint32Array | Uint8Array

/** One column in Arrow's layout; every array is a view of the one result buffer. */
export interface ResultColumn {
  readonly type: number
  readonly kind: number
  /** The number of the property, or the place of the measure. */
  readonly property: number
  readonly values: ColumnValues
  /** Of texts (in bytes) and lists (in values): one more than there are rows. */
  readonly offsets: Uint32Array | undefined
  /** Bit i of byte i / 8: row i has a value. Undefined: all have. */
  readonly validity: Uint8Array | undefined
}

const magic = 0x3152_4748
const headerBytes = 64
const columnBytes = 32
const truncations: readonly (Truncation | null)[] = [
  null,
  'rows',
  'bytes',
  'deadline',
  'examined',
  'frontier',
]

/** The parts of a result of the core; columns are looked at when they are asked for. */
export class ResultBuffer {
  readonly buffer: ArrayBuffer
  readonly rowCount: number
  readonly columnCount: number
  readonly #view: DataView

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer
    this.#view = new DataView(buffer)
    if (buffer.byteLength < headerBytes || this.#view.getUint32(0, true) !== magic) {
      throw new EngineError('internal', 'the core gave something that is no result')
    }
    this.rowCount = this.#view.getUint32(8, true)
    this.columnCount = this.#view.getUint32(12, true)
  }

  get truncated(): Truncation | null {
    return truncations[this.#readable().getUint32(16, true)] ?? null
  }

  get cursor(): string | null {
    const bytes = this.#readable().getUint32(24, true)
    if (bytes === 0) return null
    return Buffer.from(this.buffer, this.#readable().getUint32(20, true), bytes).toString(
      'base64url',
    )
  }

  get snapshotLost(): boolean {
    return (this.#readable().getUint32(28, true) & 1) === 1
  }

  get snapshotSeq(): number {
    return this.#readable().getFloat64(32, true)
  }

  get rowsExamined(): number {
    return this.#readable().getFloat64(40, true)
  }

  get runningMs(): number {
    return this.#readable().getFloat64(48, true) / 1000
  }

  kindOf(place: number): number {
    return this.#readable().getUint8(headerBytes + place * columnBytes + 1)
  }

  /** The number of the property, or the place of the measure. */
  propertyOf(place: number): number {
    return this.#readable().getUint16(headerBytes + place * columnBytes + 2, true)
  }

  /** Made anew by each call. */
  column(place: number): ResultColumn {
    const view = this.#readable()
    const at = headerBytes + place * columnBytes
    const type = view.getUint8(at)
    const offsetsAt = view.getUint32(at + 12, true)
    const validityAt = view.getUint32(at + 16, true)
    return {
      type,
      kind: view.getUint8(at + 1),
      property: view.getUint16(at + 2, true),
      values: this.#values(type, at),
      offsets: offsetsAt === 0 ? undefined : this.#u32(offsetsAt, this.rowCount + 1),
      validity:
        validityAt === 0
          ? undefined
          : new Uint8Array(this.buffer, validityAt, (this.rowCount + 7) >> 3),
    }
  }

  /** Throws `closed` once the buffer was transferred. */
  #readable(): DataView {
    if (this.buffer.byteLength > 0) return this.#view
    throw new EngineError('closed', 'the buffer of this result was transferred to somebody else')
  }

  #values(type: number, at: number): ColumnValues {
    const valuesAt = this.#view.getUint32(at + 4, true)
    const count = this.#view.getUint32(at + 8, true)
    if (type === valueTypes.f64) return new Float64Array(this.buffer, valuesAt, count)
    if (type === valueTypes.i64) return new BigInt64Array(this.buffer, valuesAt, count)
    if (type === valueTypes.u32 || type === valueTypes.list) return this.#u32(valuesAt, count)
    return new Uint8Array(this.buffer, valuesAt, count)
  }

  #u32(at: number, count: number): Uint32Array {
    return new Uint32Array(this.buffer, at, count)
  }
}

/** Whether row `row` has a value. */
export function isValid(validity: Uint8Array | undefined, row: number): boolean {
  return validity === undefined || ((validity[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
}
