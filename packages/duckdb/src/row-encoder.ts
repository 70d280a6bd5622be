import type { DuckDBDataChunk } from '@duckdb/node-api'
import { type Allocate, ByteSink } from './byte-sink.ts'
import { type ColumnVector, columnVectors } from './column-vector.ts'
import type { ResultEncoder } from './result-encoder.ts'
import type { ValueWriter } from './value-writer.ts'

/** What the formats that write row after row have in common. */
export abstract class RowEncoder implements ResultEncoder {
  protected readonly sink: ByteSink

  constructor(allocate?: Allocate) {
    this.sink = new ByteSink(64 * 1024, allocate)
  }

  get heldBytes(): number {
    return this.sink.length
  }

  append(chunk: DuckDBDataChunk, rowCount: number, bytesLeft: number): number {
    const vectors = columnVectors(chunk)
    const writers = vectors.map((vector, index) => this.writer(vector, index))
    const limit = this.sink.length + bytesLeft
    for (let row = 0; row < rowCount; row += 1) {
      const start = this.sink.length
      this.writeRow(writers, row)
      if (this.sink.length <= limit) continue
      this.sink.length = start
      return row
    }
    return rowCount
  }

  take(): Uint8Array {
    return this.sink.take()
  }

  abstract finish(): void
  protected abstract writer(vector: ColumnVector, index: number): ValueWriter
  protected abstract writeRow(writers: readonly ValueWriter[], row: number): void
}
