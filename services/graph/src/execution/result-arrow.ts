import * as arrow from 'apache-arrow'
import type { ResultColumn, Row } from './query-result.ts'
import { valueText } from './result-text.ts'
import type { Value, ValueType } from './value-type.ts'

const endOfStream = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0])

/**
 * Rows as one Arrow IPC stream, a record batch for each that is written. Nodes are texts, integers by
 * their digits; lists and records of other values are JSON texts.
 */
export class ArrowResult {
  readonly #columns: readonly ResultColumn[]
  #isFirst = true

  constructor(columns: readonly ResultColumn[]) {
    this.#columns = columns
  }

  /** The bytes of a batch; the schema stands before the first, which may be empty. */
  batch(rows: readonly Row[]): Uint8Array {
    const fields = this.#columns.map(
      ({ name, type }) => new arrow.Field(name, arrowType(type), true),
    )
    const children = this.#columns.map(({ type }, place) => {
      const values = rows.map((row) => arrowValue(row[place] ?? null, type))
      return type === 'timestamp' ? instants(values) : dataOf(values, arrowType(type))
    })
    const schema = new arrow.Schema(fields)
    const data = arrow.makeData({
      ...{ type: new arrow.Struct(fields), length: rows.length, nullCount: 0, children },
    })
    const table = new arrow.Table(schema, new arrow.RecordBatch(schema, data))
    const bytes = arrow.tableToIPC(table, 'stream')
    // Each is a stream of its own: schema and end stand once in the whole.
    const start = this.#isFirst ? 0 : schemaBytes(bytes)
    this.#isFirst = false
    return bytes.subarray(start, bytes.length - endOfStream.length)
  }

  end(): Uint8Array {
    const schema = this.#isFirst ? this.batch([]) : new Uint8Array(0)
    return Buffer.concat([schema, endOfStream])
  }
}

function dataOf(values: readonly unknown[], type: arrow.DataType): arrow.Data {
  const [data] = arrow.vectorFromArray(values, type).data
  return data ?? arrow.makeData({ type, length: 0 })
}

/** Exact: arrow's own builder makes numbers of them. */
function instants(values: readonly unknown[]): arrow.Data {
  const { length, nullCount, nullBitmap, values: data } = dataOf(values, new arrow.Int64())
  const type = new arrow.TimestampMicrosecond('UTC')
  return arrow.makeData({ type, length, nullCount, nullBitmap, data })
}

/** The length of the first message, which has no body. */
function schemaBytes(bytes: Uint8Array): number {
  return 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true)
}

function arrowType(type: ValueType): arrow.DataType {
  if (type === 'bool') return new arrow.Bool()
  if (type === 'int64') return new arrow.Int64()
  if (type === 'float64') return new arrow.Float64()
  if (type === 'timestamp') return new arrow.TimestampMicrosecond('UTC')
  if (type !== 'list<node>' && type !== 'list<string>') return new arrow.Utf8()
  return new arrow.List(new arrow.Field('item', new arrow.Utf8(), true))
}

function arrowValue(value: Value, type: ValueType): unknown {
  if (value === null) return null
  if (type === 'int64') return BigInt(value as number | bigint)
  if (type === 'list' || type === 'record') return valueText(value, type)
  if (type === 'node') return String(value)
  if (Array.isArray(value)) return value.map((one) => (one === null ? null : String(one)))
  return value
}
