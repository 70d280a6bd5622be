import type { DuckDBDataChunk } from '@duckdb/node-api'
import { Field, RecordBatchStreamWriter, Schema, Table } from 'apache-arrow'
import { ArrowBatch, type BatchShape } from './arrow-batch.ts'
import { arrowType, shapeOf } from './arrow-type.ts'
import { writeArrow } from './arrow-values.ts'
import { type Allocate, ByteSink } from './byte-sink.ts'
import { columnVectors } from './column-vector.ts'
import type { ResultColumn } from './result-columns.ts'
import type { ResultEncoder } from './result-encoder.ts'

/** A message without content, which ends the stream. */
const endMark = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])

/** An Arrow IPC stream: the schema, a record batch for each chunk, the end mark. */
export class ArrowEncoder implements ResultEncoder {
  readonly #columns: readonly ResultColumn[]
  readonly #shape: BatchShape
  readonly #sink: ByteSink

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

  append(chunk: DuckDBDataChunk, rowCount: number, bytesLeft: number): number {
    const sink = this.#sink
    const start = sink.length
    for (let count = rowCount; count > 0; count = Math.floor(count / 2)) {
      const batch = new ArrowBatch(sink, this.#shape)
      for (const [index, vector] of columnVectors(chunk).entries()) {
        const column = this.#columns[index]
        if (column === undefined) throw new RangeError(`the result has no column ${index}`)
        writeArrow(vector, column.duckType, { start: 0, count }, batch)
      }
      batch.finish(count)
      if (sink.length - start <= bytesLeft) return count
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

  #write(bytes: Uint8Array): void {
    this.#sink.reserve(bytes.length)
    this.#sink.bytes.set(bytes, this.#sink.length)
    this.#sink.length += bytes.length
  }
}
