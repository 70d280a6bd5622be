import type { DuckDBDataChunk } from '@duckdb/node-api'
import { Field, RecordBatchStreamWriter, Schema, Table } from 'apache-arrow'
import { ArrowBatch, type BatchShape } from './arrow-batch.ts'
import { arrowType, shapeOf } from './arrow-type.ts'
import { writeArrow } from './arrow-values.ts'
import { type Allocate, ByteSink, SinkFullError } from './byte-sink.ts'
import { type ColumnVector, columnVectors } from './column-vector.ts'
import type { ResultColumn } from './result-columns.ts'
import type { ResultEncoder, RowRange } from './result-encoder.ts'
import { rowBytesMax } from './row-encoder.ts'

/** Of several rows; a chunk with more becomes several batches. */
const batchBytesMax = 16 * 1024 * 1024

/** A message without content, which ends the stream. */
const endMark = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])

/** An Arrow IPC stream: the schema, a record batch for each chunk or part of one, the end mark. */
export class ArrowEncoder implements ResultEncoder {
  readonly #columns: readonly ResultColumn[]
  readonly #shape: BatchShape
  readonly #sink: ByteSink
  #vectors: readonly ColumnVector[] = []
  /** Of the chunk, that a batch has room for. */
  #rowsMost = 0

  constructor(columns: readonly ResultColumn[], allocate?: Allocate) {
    this.#columns = columns
    this.#sink = new ByteSink(undefined, allocate)
    const fields = columns.map(({ name, duckType }) => new Field(name, arrowType(duckType), true))
    this.#shape = shapeOf(fields.map(({ type }) => type))
    const empty = RecordBatchStreamWriter.writeAll(new Table(new Schema(fields)))
    this.#write(empty.toUint8Array(true).subarray(0, -endMark.length))
  }

  get heldBytes(): number {
    return this.#sink.length
  }

  open(chunk: DuckDBDataChunk): void {
    this.#vectors = columnVectors(chunk)
    this.#rowsMost = chunk.rowCount
  }

  append({ from, to }: RowRange, bytesLeft: number): number {
    const sink = this.#sink
    const start = sink.length
    let count = Math.min(to - from, this.#rowsMost)
    for (; count > 0; count = Math.floor(count / 2)) {
      const isWritten = this.#writeBatch(from, count, bytesLeft)
      if (isWritten && sink.length - start <= bytesLeft) return count
      if (!isWritten) this.#rowsMost = Math.floor(count / 2)
      sink.length = start
    }
    return 0
  }

  take(): Uint8Array {
    return this.#sink.take()
  }

  finish(): void {
    this.#write(endMark)
  }

  /** False: the batch would be too large, and is begun. */
  #writeBatch(from: number, count: number, bytesLeft: number): boolean {
    const sink = this.#sink
    const bytesMax = count > 1 ? batchBytesMax : rowBytesMax
    sink.lengthMax = sink.length + bytesMax
    try {
      const batch = new ArrowBatch(sink, this.#shape)
      const selection =
        from === 0 ? ({ start: 0, count } as const) : { indexes: rangeOf(from, count) }
      for (const [index, vector] of this.#vectors.entries()) {
        const column = this.#columns[index]
        if (column === undefined) throw new RangeError(`the result has no column ${index}`)
        writeArrow(vector, column.duckType, selection, batch)
      }
      batch.finish(count)
      return true
    } catch (error) {
      if (error instanceof SinkFullError && (count > 1 || bytesLeft < bytesMax)) return false
      throw error
    } finally {
      sink.lengthMax = Number.POSITIVE_INFINITY
    }
  }

  #write(bytes: Uint8Array): void {
    this.#sink.reserve(bytes.length)
    this.#sink.bytes.set(bytes, this.#sink.length)
    this.#sink.length += bytes.length
  }
}

function rangeOf(from: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => from + index)
}
