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

/** What every result begins with. */
export const resultMagic = 0x3152_4748
/** Places in the words of the header, and of a column's description behind it. */
const words = {
  rowCount: 2,
  columnCount: 3,
  truncated: 4,
  cursorAt: 5,
  cursorBytes: 6,
  flags: 7,
  header: 16,
  description: 8,
} as const
const column = { valuesAt: 1, valuesCount: 2, offsetsAt: 3, validityAt: 4, keysAt: 5 } as const
const numbers = { snapshotSeq: 4, rowsExamined: 5, runningMicros: 6 } as const
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
  readonly #words: Uint32Array

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer
    // Whole words: only a cursor ends within one.
    const all = new Uint32Array(buffer, 0, buffer.byteLength >>> 2)
    if (all.length < words.header || all[0] !== resultMagic) {
      throw new EngineError('internal', 'the core gave something that is no result')
    }
    this.#words = all
    this.rowCount = all[words.rowCount] as number
    this.columnCount = all[words.columnCount] as number
  }

  get truncated(): Truncation | null {
    return truncations[this.#word(words.truncated)] ?? null
  }

  get cursor(): string | null {
    const bytes = this.#word(words.cursorBytes)
    if (bytes === 0) return null
    return Buffer.from(this.buffer, this.#word(words.cursorAt), bytes).toString('base64url')
  }

  get snapshotLost(): boolean {
    return (this.#word(words.flags) & 1) === 1
  }

  get snapshotSeq(): number {
    return this.#number(numbers.snapshotSeq)
  }

  get rowsExamined(): number {
    return this.#number(numbers.rowsExamined)
  }

  get runningMs(): number {
    return this.#number(numbers.runningMicros) / 1000
  }

  /** Which columns there are, one number each. */
  columns(): Uint32Array {
    return Uint32Array.from({ length: this.columnCount }, (_, place) => this.#described(place, 0))
  }

  /** Whether it has these columns and no others. */
  hasColumns(columns: Uint32Array): boolean {
    if (columns.length !== this.columnCount) return false
    for (let place = 0; place < columns.length; place++) {
      if (columns[place] !== this.#described(place, 0)) return false
    }
    return true
  }

  typeOf(place: number): number {
    return this.#described(place, 0) & 0xff
  }

  kindOf(place: number): number {
    return (this.#described(place, 0) >>> 8) & 0xff
  }

  /** The first column of that kind; −1: none. */
  placeOfKind(kind: number): number {
    const all = this.#words
    for (let place = 0; place < this.columnCount; place++) {
      const described = all[words.header + place * words.description]
      if (described !== undefined && ((described >>> 8) & 0xff) === kind) return place
    }
    return -1
  }

  /** The number of the property, or the place of the measure. */
  propertyOf(place: number): number {
    return this.#described(place, 0) >>> 16
  }

  /** Made anew by each call, as are all arrays here. */
  valuesOf(place: number): ColumnValues {
    const type = this.typeOf(place)
    const at = this.#described(place, column.valuesAt)
    const count = this.#described(place, column.valuesCount)
    if (type === valueTypes.f64) return new Float64Array(this.buffer, at, count)
    if (type === valueTypes.i64) return new BigInt64Array(this.buffer, at, count)
    if (type === valueTypes.u32 || type === valueTypes.list) {
      return new Uint32Array(this.buffer, at, count)
    }
    return new Uint8Array(this.buffer, at, count)
  }

  /** Of texts (in bytes) and lists (in values): one more than there are rows. */
  offsetsOf(place: number): Uint32Array | undefined {
    const at = this.#described(place, column.offsetsAt)
    return at === 0 ? undefined : new Uint32Array(this.buffer, at, this.rowCount + 1)
  }

  validityOf(place: number): Uint8Array | undefined {
    const at = this.#described(place, column.validityAt)
    return at === 0 ? undefined : new Uint8Array(this.buffer, at, (this.rowCount + 7) >> 3)
  }

  /** The keys of a list of nodes, one a value, where all are small integers. */
  nodeKeysOf(place: number): Uint32Array | undefined {
    const at = this.#described(place, column.keysAt)
    if (at === 0) return undefined
    return new Uint32Array(this.buffer, at, this.#described(place, column.valuesCount))
  }

  #described(place: number, what: number): number {
    return this.#word(words.header + place * words.description + what)
  }

  /** Throws `closed` once the buffer was transferred. */
  #word(at: number): number {
    const word = this.#words[at]
    if (word !== undefined) return word
    throw new EngineError('closed', 'the buffer of this result was transferred to somebody else')
  }

  #number(at: number): number {
    this.#word(at * 2)
    return new Float64Array(this.buffer, at * 8, 1)[0] as number
  }
}

/** Whether row `row` has a value. */
export function isValid(validity: Uint8Array | undefined, row: number): boolean {
  return validity === undefined || ((validity[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
}
