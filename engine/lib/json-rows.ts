import { ByteWriter } from './byte-writer.ts'
import type { CellMeaning } from './column-cells.ts'
import type { ResultBuffer } from './result-buffer.ts'
import type { ColumnLabel, LabelColumn } from './result-names.ts'

/** Memory that grows, which JSON is written into from `length` on. */
export interface JsonSink {
  readonly bytes: Uint8Array
  length: number
  /** Makes room for so many bytes more; `bytes` may be other memory afterwards. */
  reserve(count: number): void
}

/** How the core writes rows as JSON: as many bytes of `room` as it took, or memory of its own where that is too small. */
export type WriteJsonRows = (request: {
  readonly result: ArrayBuffer
  readonly shape: Uint8Array
  readonly rows: number
  readonly between: number
  readonly room: Uint8Array
  readonly at: number
}) => number | ArrayBuffer

const meanings: Readonly<Record<CellMeaning, number>> = {
  plain: 0,
  instant: 1,
  end: 1,
  symbol: 2,
  node: 3,
  unsigned: 4,
}

/** A row of few members takes about so much, and one with more is still written where it can be. */
const rowBytesExpected = 256

/** What rows of a result look like, kept for the next result of the same columns. */
interface Shape {
  readonly columns: Uint32Array
  readonly bytes: Uint8Array
}

const shapes = new WeakMap<LabelColumn, Shape>()

/** Writes the first `rows` rows of a result, with `between` between any two. */
export function writeJsonRows(
  sink: JsonSink,
  source: { readonly writeJsonRows: WriteJsonRows },
  {
    result,
    labels,
    rows,
    between,
  }: {
    readonly result: ResultBuffer
    readonly labels: LabelColumn
    readonly rows: number
    readonly between: number
  },
): void {
  const shape = shapeOf(result, labels)
  const count = Math.min(rows, result.rowCount)
  sink.reserve(count * rowBytesExpected)
  const { buffer } = result
  const { bytes: room, length: at } = sink
  const written = source.writeJsonRows({ result: buffer, shape, rows: count, between, room, at })
  if (typeof written === 'number') {
    sink.length += written
    return
  }
  sink.reserve(written.byteLength)
  sink.bytes.set(new Uint8Array(written), sink.length)
  sink.length += written.byteLength
}

function shapeOf(result: ResultBuffer, labels: LabelColumn): Uint8Array {
  const known = shapes.get(labels)
  if (known !== undefined && result.hasColumns(known.columns)) return known.bytes
  const made = { columns: result.columns(), bytes: makeShape(result, labels) }
  shapes.set(labels, made)
  return made.bytes
}

/** `shape` of WIRE.md. */
function makeShape(result: ResultBuffer, labels: LabelColumn): Uint8Array {
  const writer = new ByteWriter()
  const fixed: [number, ColumnLabel][] = []
  const props: [number, ColumnLabel][] = []
  for (let place = 0; place < result.columnCount; place++) {
    const label = labels(result.kindOf(place), result.propertyOf(place))
    ;(label.isProperty ? props : fixed).push([place, label])
  }
  writer.u16(result.columnCount)
  let before = '{'
  const put = ([place, { name, meaning }]: [number, ColumnLabel]) => {
    writer.u16(place)
    writer.u8(meanings[meaning])
    writer.text(`${before}${JSON.stringify(name)}:`)
    before = ','
  }
  fixed.forEach(put)
  if (props.length > 0) before += '"props":{'
  props.forEach(put)
  const end = props.length > 0 ? '}}' : '}'
  writer.text(result.columnCount === 0 ? `{${end}` : end)
  return writer.bytes().slice()
}
