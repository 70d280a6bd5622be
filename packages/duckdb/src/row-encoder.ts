import type { DuckDBDataChunk } from '@duckdb/node-api'
import { type Allocate, ByteSink, SinkFullError } from './byte-sink.ts'
import { type ColumnVector, columnVectors } from './column-vector.ts'
import type { ResultEncoder, RowRange } from './result-encoder.ts'
import type { ValueWriter } from './value-writer.ts'

/** Rows of a chunk may share a text, so a chunk has no size of its own: it is cut into such pieces. */
const pieceBytesMax = 1024 * 1024
/** Nor has a row, whose columns may. */
export const rowBytesMax = 512 * 1024 * 1024

/** What the formats that write row after row have in common. */
export abstract class RowEncoder implements ResultEncoder {
  protected readonly sink: ByteSink
  #writers: readonly ValueWriter[] = []

  constructor(allocate?: Allocate) {
    this.sink = new ByteSink(64 * 1024, allocate)
    this.sink.lengthMax = pieceBytesMax + rowBytesMax
  }

  get heldBytes(): number {
    return this.sink.length
  }

  open(chunk: DuckDBDataChunk): void {
    this.#writers = columnVectors(chunk).map((vector, index) => this.writer(vector, index))
  }

  append({ from, to }: RowRange, bytesLeft: number): number {
    const { sink } = this
    const limit = sink.length + bytesLeft
    for (let row = from; row < to; row += 1) {
      const start = sink.length
      // One row at least, so that none means the limit.
      if (row > from && start >= pieceBytesMax) return row - from
      if (this.#writeWithin(row, limit)) continue
      sink.length = start
      return row - from
    }
    return to - from
  }

  take(): Uint8Array {
    return this.sink.take()
  }

  abstract finish(): void
  protected abstract writer(vector: ColumnVector, index: number): ValueWriter
  protected abstract writeRow(writers: readonly ValueWriter[], row: number): void

  #writeWithin(row: number, limit: number): boolean {
    try {
      this.writeRow(this.#writers, row)
    } catch (error) {
      if (error instanceof SinkFullError && limit < rowBytesMax) return false
      throw error
    }
    return this.sink.length <= limit
  }
}
