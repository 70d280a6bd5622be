import type { DuckDBDataChunk } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'

/**
 * A column of a chunk as the bytes that DuckDB holds, without a JavaScript value for each entry.
 * Valid only while the chunk is: callers keep the chunk until they have read.
 */
export class ColumnVector {
  readonly count: number
  readonly #handle: duckdb.Vector
  readonly #validity: Uint8Array | null
  readonly #children: ColumnVector[] = []
  #texts: TextVector | undefined

  constructor(handle: duckdb.Vector, count: number) {
    this.#handle = handle
    this.count = count
    // Declared as always there, but null where no entry is NULL.
    this.#validity = duckdb.vector_get_validity(
      handle,
      Math.ceil(count / 64) * 8,
    ) as Uint8Array | null
  }

  get mayHaveNulls(): boolean {
    return this.#validity !== null
  }

  isValid(index: number): boolean {
    const bits = this.#validity
    return bits === null || (((bits[index >> 3] as number) >> (index & 7)) & 1) === 1
  }

  /** The entries, each of so many bytes. */
  data(bytesEach: number): Uint8Array {
    return duckdb.vector_get_data(this.#handle, this.count * bytesEach)
  }

  /** Its texts, fetched once. */
  texts(): TextVector {
    this.#texts ??= new TextVector(this)
    return this.#texts
  }

  listChild(): ColumnVector {
    return this.#child(0, () => {
      const child = duckdb.list_vector_get_child(this.#handle)
      return new ColumnVector(child, duckdb.list_vector_get_size(this.#handle))
    })
  }

  arrayChild(length: number): ColumnVector {
    return this.#child(0, () => {
      return new ColumnVector(duckdb.array_vector_get_child(this.#handle), this.count * length)
    })
  }

  structChild(index: number): ColumnVector {
    return this.#child(index, () => {
      return new ColumnVector(duckdb.struct_vector_get_child(this.#handle, index), this.count)
    })
  }

  #child(index: number, make: () => ColumnVector): ColumnVector {
    const known = this.#children[index]
    if (known !== undefined) return known
    const made = make()
    this.#children[index] = made
    return made
  }
}

export function columnVectors(chunk: DuckDBDataChunk): ColumnVector[] {
  const handle = (chunk as unknown as ChunkHandle).chunk
  const rowCount = chunk.rowCount
  return Array.from(
    { length: chunk.columnCount },
    (_, index) => new ColumnVector(duckdb.data_chunk_get_vector(handle, index), rowCount),
  )
}

/** A private field of the binding's class; the package is pinned, and tests read it. */
interface ChunkHandle {
  readonly chunk: duckdb.DataChunk
}

const inlineBytesMax = 12
/** Parquet's plain pages hold a length of four bytes between two texts. */
const gapBytesMax = 8
const runBytesMax = 1024 * 1024

/**
 * Texts of a column. Short ones lie in the vector itself; long ones are fetched by pointer, many at
 * a time where they follow each other in memory: a call into native code for each would cost more
 * than everything else.
 */
export class TextVector {
  /** Where the text last located lies. */
  source: Uint8Array
  /** The same memory. */
  view: DataView
  start = 0
  end = 0
  readonly #entries: Uint8Array
  readonly #entriesView: DataView
  readonly #words: Uint32Array
  readonly #runs: Uint8Array[] = []
  readonly #runViews: DataView[] = []
  readonly #runOf: Int32Array
  readonly #startOf: Int32Array

  constructor(vector: ColumnVector) {
    this.#entries = vector.data(16)
    this.source = this.#entries
    this.#entriesView = viewOf(this.#entries)
    this.view = this.#entriesView
    this.#words = new Uint32Array(this.#entries.buffer, this.#entries.byteOffset, vector.count * 4)
    this.#runOf = new Int32Array(vector.count)
    this.#startOf = new Int32Array(vector.count)
    this.#fetchLong(vector)
  }

  locate(index: number): void {
    const bytes = this.#words[index * 4] as number
    if (bytes <= inlineBytesMax) {
      this.source = this.#entries
      this.view = this.#entriesView
      this.start = index * 16 + 4
    } else {
      const run = this.#runOf[index] as number
      this.source = this.#runs[run] as Uint8Array
      this.view = this.#runViews[run] as DataView
      this.start = this.#startOf[index] as number
    }
    this.end = this.start + bytes
  }

  #fetchLong(vector: ColumnVector): void {
    const words = this.#words
    const known = new Map<number, number>()
    let first = -1
    let [low, high, bytes] = [0, 0, 0]
    for (let index = 0; index < vector.count; index += 1) {
      const length = words[index * 4] as number
      if (length <= inlineBytesMax || !vector.isValid(index)) continue
      const nextLow = words[index * 4 + 2] as number
      const nextHigh = words[index * 4 + 3] as number
      const gap = nextLow - (low + bytes)
      // Invariant: a gap this small lies on pages that hold one of its neighbours.
      const follows = first >= 0 && nextHigh === high && gap >= 0 && gap <= gapBytesMax
      if (follows && bytes + gap + length <= runBytesMax) {
        this.#place(index, this.#runs.length, bytes + gap)
        bytes += gap + length
        continue
      }
      if (first >= 0) this.#fetch(first, bytes)
      first = -1
      const same = this.#repeated(known, index)
      if (same) continue
      known.set(nextLow, index)
      first = index
      low = nextLow
      high = nextHigh
      bytes = length
      this.#place(index, this.#runs.length, 0)
    }
    if (first >= 0) this.#fetch(first, bytes)
  }

  /** A dictionary's texts come again with the same pointer. */
  #repeated(known: ReadonlyMap<number, number>, index: number): boolean {
    const words = this.#words
    const earlier = known.get(words[index * 4 + 2] as number)
    if (earlier === undefined) return false
    if (words[earlier * 4 + 3] !== words[index * 4 + 3]) return false
    if (words[earlier * 4] !== words[index * 4]) return false
    this.#place(index, this.#runOf[earlier] as number, this.#startOf[earlier] as number)
    return true
  }

  #place(index: number, run: number, start: number): void {
    this.#runOf[index] = run
    this.#startOf[index] = start
  }

  #fetch(index: number, bytes: number): void {
    const pointerAt = this.#entries.byteOffset + index * 16 + 8
    // The binding declares ArrayBuffer; DuckDB's memory is never shared.
    const memory = this.#entries.buffer as ArrayBuffer
    const run = duckdb.get_data_from_pointer(memory, pointerAt, bytes)
    this.#runs.push(run)
    this.#runViews.push(viewOf(run))
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
