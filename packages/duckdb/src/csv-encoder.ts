import { DuckDBTypeId } from '@duckdb/node-api'
import { type Allocate, ByteSink } from './byte-sink.ts'
import { type ColumnVector, TextVector } from './column-vector.ts'
import { jsonWriter } from './json-values.ts'
import type { ResultColumn } from './result-columns.ts'
import { RowEncoder, rowBytesMax } from './row-encoder.ts'
import type { ValueWriter } from './value-writer.ts'

const nested = new Set([
  DuckDBTypeId.LIST,
  DuckDBTypeId.ARRAY,
  DuckDBTypeId.STRUCT,
  DuckDBTypeId.MAP,
  DuckDBTypeId.UNION,
])

/** RFC 4180: a header, CRLF, quotes where needed; NULL is empty and an empty text is `""`. */
export class CsvEncoder extends RowEncoder {
  readonly #columns: readonly ResultColumn[]
  readonly #value = new ByteSink(1024)

  constructor(columns: readonly ResultColumn[], allocate?: Allocate) {
    super(allocate)
    this.#value.lengthMax = rowBytesMax
    this.#columns = columns
    for (const [index, { name }] of columns.entries()) {
      if (index > 0) this.sink.byte(44)
      writeText(this.sink, name)
    }
    endLine(this.sink)
  }

  finish(): void {}

  protected writer(vector: ColumnVector, index: number): ValueWriter {
    const column = this.#columns[index]
    if (column === undefined) throw new RangeError(`the result has no column ${index}`)
    const write = this.#presentWriter(vector, column)
    if (!vector.mayHaveNulls) return write
    return (row) => {
      if (vector.isValid(row)) write(row)
    }
  }

  protected writeRow(writers: readonly ValueWriter[], row: number): void {
    const { sink } = this
    for (let index = 0; index < writers.length; index += 1) {
      if (index > 0) sink.byte(44)
      ;(writers[index] as ValueWriter)(row)
    }
    endLine(sink)
  }

  #presentWriter(vector: ColumnVector, { duckType }: ResultColumn): ValueWriter {
    const { sink } = this
    if (duckType.typeId === DuckDBTypeId.VARCHAR) {
      const texts = new TextVector(vector)
      return (row) => {
        texts.locate(row)
        writeField(sink, texts.view, texts.start, texts.end)
      }
    }
    if (duckType.typeId === DuckDBTypeId.SQLNULL) return () => undefined
    const value = this.#value
    const write = jsonWriter(vector, duckType, value)
    const isNested = nested.has(duckType.typeId)
    return (row) => {
      value.length = 0
      write(row)
      if (isNested) writeField(sink, value.view, 0, value.length)
      else writeScalar(sink, value)
    }
  }
}

/** The JSON form of a scalar, without its quotes. Only an ENUM's text can hold escapes. */
function writeScalar(sink: ByteSink, value: ByteSink): void {
  const { bytes, view, length } = value
  if (bytes[0] !== 34) sink.copy(view, 0, length)
  else if (bytes.subarray(0, length).includes(92)) {
    writeText(sink, JSON.parse(bytes.toString('utf8', 0, length)) as string)
  } else writeField(sink, view, 1, length - 1)
}

function writeText(sink: ByteSink, text: string): void {
  const bytes = new TextEncoder().encode(text)
  writeField(sink, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length)
}

function writeField(sink: ByteSink, source: DataView, start: number, end: number): void {
  let quotes = start === end
  for (let index = start; index < end && !quotes; index += 1) {
    const byte = source.getUint8(index)
    quotes = byte === 34 || byte === 44 || byte === 10 || byte === 13
  }
  if (!quotes) {
    sink.copy(source, start, end)
    return
  }
  sink.byte(34)
  for (let index = start; index < end; index += 1) {
    const byte = source.getUint8(index)
    if (byte === 34) sink.byte(34)
    sink.byte(byte)
  }
  sink.byte(34)
}

function endLine(sink: ByteSink): void {
  sink.byte(13)
  sink.byte(10)
}
