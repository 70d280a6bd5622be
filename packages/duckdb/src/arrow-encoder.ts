import type { DuckDBDataChunk } from '@duckdb/node-api'
import {
  AsyncByteQueue,
  Field,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
} from 'apache-arrow'
import { arrowType, toArrowData } from './arrow-values.ts'
import { columnVectors } from './column-vector.ts'
import type { ResultColumn } from './result-columns.ts'
import type { ResultEncoder } from './result-encoder.ts'

/** An Arrow IPC stream: the schema, a record batch for each chunk, the end mark. */
export class ArrowEncoder implements ResultEncoder {
  readonly #columns: readonly ResultColumn[]
  readonly #schema: Schema
  readonly #sink = new PieceSink()
  readonly #writer = new RecordBatchStreamWriter()

  constructor(columns: readonly ResultColumn[]) {
    this.#columns = columns
    this.#schema = new Schema(
      columns.map(({ name, duckType }) => new Field(name, arrowType(duckType), true)),
    )
    this.#writer.reset(this.#sink, this.#schema)
  }

  get heldBytes(): number {
    return this.#sink.bytes
  }

  append(chunk: DuckDBDataChunk, rowCount: number, bytesLeft: number): number {
    for (let count = rowCount; count > 0; count = Math.floor(count / 2)) {
      const batch = this.#batch(chunk, count)
      if (batchBytes(batch) > bytesLeft) continue
      this.#writer.write(batch)
      return count
    }
    return 0
  }

  take(): Uint8Array {
    return this.#sink.take()
  }

  finish(): void {
    this.#writer.finish()
  }

  #batch(chunk: DuckDBDataChunk, rowCount: number): RecordBatch {
    const children = columnVectors(chunk).map((vector, index) => {
      const column = this.#columns[index]
      if (column === undefined) throw new RangeError(`the result has no column ${index}`)
      return toArrowData(vector, column.duckType, { start: 0, count: rowCount })
    })
    const type = new Struct(this.#schema.fields)
    return new RecordBatch(
      this.#schema,
      makeData({ type, length: rowCount, nullCount: 0, children }),
    )
  }
}

/** Buffers with padding, and a message in front that is some hundred bytes for each column. */
function batchBytes(batch: RecordBatch): number {
  return batch.data.byteLength + 256 + batch.schema.fields.length * 128
}

/** Collects what the writer writes, at once and without its queue. */
class PieceSink extends AsyncByteQueue {
  #pieces: Uint8Array[] = []
  bytes = 0

  override write(piece: Uint8Array): void {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    this.#pieces.push(bytes)
    this.bytes += bytes.length
  }

  take(): Uint8Array {
    const taken = Buffer.concat(this.#pieces, this.bytes)
    this.#pieces = []
    this.bytes = 0
    return taken
  }
}
