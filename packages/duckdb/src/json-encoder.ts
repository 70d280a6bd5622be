import type { Allocate } from './byte-sink.ts'
import type { ColumnVector } from './column-vector.ts'
import { FixedText } from './fixed-text.ts'
import { jsonWriter } from './json-values.ts'
import { distinctNames, type ResultColumn } from './result-columns.ts'
import { RowEncoder } from './row-encoder.ts'
import type { ValueWriter } from './value-writer.ts'

/** The `rows` of a JSON reply, `[[…],[…]]` without the outer brackets: the caller writes the rest. */
export class JsonRowsEncoder extends RowEncoder {
  readonly #columns: readonly ResultColumn[]
  #rowCount = 0

  constructor(columns: readonly ResultColumn[], allocate?: Allocate) {
    super(allocate)
    this.#columns = columns
  }

  finish(): void {}

  protected writer(vector: ColumnVector, index: number): ValueWriter {
    return columnWriter(this.#columns, vector, index, this.sink)
  }

  protected writeRow(writers: readonly ValueWriter[], row: number): void {
    const { sink } = this
    if (this.#rowCount > 0) sink.byte(44)
    sink.byte(91)
    for (let index = 0; index < writers.length; index += 1) {
      if (index > 0) sink.byte(44)
      ;(writers[index] as ValueWriter)(row)
    }
    sink.byte(93)
    this.#rowCount += 1
  }
}

/** An object a row; columns of one name are told apart as `a`, `a_1`. */
export class NdjsonEncoder extends RowEncoder {
  readonly #columns: readonly ResultColumn[]
  readonly #keys: readonly FixedText[]

  constructor(columns: readonly ResultColumn[], allocate?: Allocate) {
    super(allocate)
    this.#columns = columns
    this.#keys = distinctNames(columns.map(({ name }) => name)).map(
      (name, index) => new FixedText(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
    )
  }

  finish(): void {}

  protected writer(vector: ColumnVector, index: number): ValueWriter {
    return columnWriter(this.#columns, vector, index, this.sink)
  }

  protected writeRow(writers: readonly ValueWriter[], row: number): void {
    const { sink } = this
    if (writers.length === 0) sink.byte(123)
    for (let index = 0; index < writers.length; index += 1) {
      sink.put(this.#keys[index] as FixedText)
      ;(writers[index] as ValueWriter)(row)
    }
    sink.byte(125)
    sink.byte(10)
  }
}

function columnWriter(
  columns: readonly ResultColumn[],
  vector: ColumnVector,
  index: number,
  sink: RowEncoder['sink'],
): ValueWriter {
  const column = columns[index]
  if (column === undefined) throw new RangeError(`the result has no column ${index}`)
  return jsonWriter(vector, column.duckType, sink)
}
