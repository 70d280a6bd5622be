import type { Data, Table } from 'apache-arrow'
import { symbolTexts } from './arrow-symbols.ts'
import type { NamedColumn } from './column-batch.ts'
import type { CellMeaning } from './column-cells.ts'
import { EngineError } from './errors.ts'
import { mapFor } from './large-map.ts'
import { valueTypes } from './result-buffer.ts'
import type { SymbolCache } from './symbol-cache.ts'

/** The package, which is an optional peer. */
export type Arrow = typeof import('apache-arrow')

/** Throws `unsupported` when it is not installed. */
export async function loadArrow(): Promise<Arrow> {
  try {
    return await import('apache-arrow')
  } catch (cause) {
    const message = 'Arrow needs the package apache-arrow beside the engine; install it'
    throw new EngineError('unsupported', message, { cause })
  }
}

/**
 * How nodes and texts stand in a table that is one of several of the same schema, whatever each has: all
 * nodes as integers, or all as texts beside who is an integer; labels and roles as texts.
 */
export type UniformNodes = 'integers' | 'texts'

/** What a column that is not sent as it lies is made of. */
export interface ArrowSource {
  readonly symbols: SymbolCache
  /** As rows have them, see `toCells`. */
  readonly cellsAt: (place: number) => ArrayLike<unknown>
}

/** An Arrow table whose fixed-width columns share the result's buffer. */
export async function toArrowTable(
  { rowCount, nodes }: { readonly rowCount: number; readonly nodes?: UniformNodes | undefined },
  columns: readonly NamedColumn[],
  { symbols, cellsAt }: ArrowSource,
): Promise<Table> {
  const arrow = await loadArrow()
  const children: [string, Data][] = []
  for (const [place, column] of columns.entries()) {
    const cells = () => cellsAt(place)
    const builder = new ColumnData(arrow, column, { cells, symbols, nodes })
    const { columnName } = column
    children.push([columnName, builder.data(rowCount)])
    const integers = columnName === 'members' ? builder.membersInteger(rowCount) : undefined
    if (integers !== undefined) children.push(['membersInteger', integers])
  }
  const fields = children.map(([name, data]) => new arrow.Field(name, data.type, true))
  const struct = arrow.makeData({
    type: new arrow.Struct(fields),
    length: rowCount,
    nullCount: 0,
    children: children.map(([, data]) => data),
  })
  const schema = new arrow.Schema(fields)
  return new arrow.Table(schema, new arrow.RecordBatch(schema, struct))
}

export async function toArrowIpc(table: Table): Promise<Uint8Array> {
  const arrow = await loadArrow()
  return arrow.tableToIPC(table, 'stream')
}

const two32 = 2 ** 32

interface ColumnSource {
  readonly cells: () => ArrayLike<unknown>
  readonly symbols: SymbolCache
  readonly nodes: UniformNodes | undefined
}

class ColumnData {
  readonly #arrow: Arrow
  readonly #column: NamedColumn
  readonly #source: ColumnSource
  readonly #nodes: UniformNodes | undefined

  constructor(arrow: Arrow, column: NamedColumn, source: ColumnSource) {
    this.#arrow = arrow
    this.#column = column
    this.#source = source
    this.#nodes = source.nodes
  }

  data(rowCount: number): Data {
    const { type, offsets } = this.#column
    if (type !== valueTypes.list || offsets === undefined) return this.#flat(rowCount)
    return this.#listOf(this.#keys(), rowCount)
  }

  /** Which members are integers, where some are and some are not. */
  membersInteger(rowCount: number): Data | undefined {
    if (this.#nodes === 'integers') return undefined
    const cells = this.#source.cells()
    if (this.#nodes === undefined) {
      if (!Array.isArray(cells)) return undefined
      if (cells.every((cell) => typeof cell === 'string')) return undefined
    }
    const bits = toBits(cells, (cell) => typeof cell !== 'string')
    const type = new this.#arrow.Bool()
    const item = this.#arrow.makeData({ type, length: cells.length, nullCount: 0, data: bits })
    return this.#listOf(item, rowCount)
  }

  #listOf(item: Data, rowCount: number): Data {
    const arrow = this.#arrow
    const { offsets = new Uint32Array(1) } = this.#column
    return arrow.makeData({
      type: new arrow.List(new arrow.Field('item', item.type, true)),
      length: rowCount,
      nullCount: 0,
      // Below 2^31, as the result is.
      valueOffsets: new Int32Array(offsets.buffer, offsets.byteOffset, offsets.length),
      child: item,
    })
  }

  #flat(rowCount: number): Data {
    const arrow = this.#arrow
    const { type, values, offsets, validity, meaning } = this.#column
    const common = { length: rowCount, ...nulls(validity, rowCount) }
    if (values instanceof BigInt64Array) return this.#integers(values, common)
    if (values instanceof Float64Array) {
      return arrow.makeData({ type: new arrow.Float64(), data: values, ...common })
    }
    if (type === valueTypes.text && offsets !== undefined) {
      const valueOffsets = new Int32Array(offsets.buffer, offsets.byteOffset, offsets.length)
      const data = values as Uint8Array
      return arrow.makeData({ type: new arrow.Utf8(), valueOffsets, data, ...common })
    }
    if (isKey(meaning)) return this.#keys()
    if (values instanceof Uint32Array) {
      return arrow.makeData({ type: new arrow.Uint32(), data: values, ...common })
    }
    return arrow.makeData({ type: new arrow.Bool(), data: toBits(values), ...common })
  }

  #integers(values: BigInt64Array, common: Nulls & { readonly length: number }): Data {
    const arrow = this.#arrow
    const { meaning } = this.#column
    if (meaning === 'plain') {
      return arrow.makeData({ type: new arrow.Int64(), data: values, ...common })
    }
    const type = new arrow.TimestampMicrosecond('UTC')
    if (meaning !== 'end') return arrow.makeData({ type, data: values, ...common })
    const bits = endBits(values)
    return arrow.makeData({ type, data: values, ...common, ...nulls(bits, common.length) })
  }

  /** One piece of text, cut by its offsets. */
  #texts(cells: ArrayLike<unknown>): Data {
    const arrow = this.#arrow
    const texts = new Array<string>(cells.length)
    for (let at = 0; at < texts.length; at++) texts[at] = String(cells[at] ?? '')
    const all = texts.join('')
    const data = Buffer.from(all)
    const isAscii = data.length === all.length
    const valueOffsets = new Int32Array(texts.length + 1)
    let end = 0
    for (let at = 0; at < texts.length; at++) {
      const text = texts[at] as string
      end += isAscii ? text.length : Buffer.byteLength(text)
      valueOffsets[at + 1] = end
    }
    const bits = toBits(cells, (cell) => cell !== null)
    const type = new arrow.Utf8()
    const length = cells.length
    return arrow.makeData({ type, length, valueOffsets, data, ...nulls(bits, length) })
  }

  /** Symbols as texts, made of their codes: most often there are few, or none. */
  #symbols(codes: Uint32Array): Data {
    const { validity } = this.#column
    const { data, valueOffsets, bits } = symbolTexts(codes, this.#source.symbols, validity)
    const { length } = codes
    const type = new this.#arrow.Utf8()
    return this.#arrow.makeData({ type, length, valueOffsets, data, ...nulls(bits, length) })
  }

  /** Nodes and symbols: integers, texts, or a dictionary of texts. */
  #keys(): Data {
    const arrow = this.#arrow
    const { meaning, values } = this.#column
    if (this.#nodes !== undefined && meaning === 'symbol') {
      // Symbols are numbers of 32 bits.
      return this.#symbols(values as Uint32Array)
    }
    const cells = this.#source.cells()
    if (this.#nodes === 'texts') return this.#texts(cells)
    if (!Array.isArray(cells)) {
      const data = toUint64(cells)
      return arrow.makeData({ type: new arrow.Uint64(), length: cells.length, nullCount: 0, data })
    }
    if (this.#nodes === 'integers' && cells.length > 0) {
      throw new EngineError('internal', 'a node is a text, and the nodes were taken for integers')
    }
    const places = mapFor<string, number>(cells.length)
    const indices = new Int32Array(cells.length)
    cells.forEach((cell: unknown, at) => {
      if (cell === null) return
      const text = String(cell)
      const place = places.get(text) ?? places.size
      places.set(text, place)
      indices[at] = place
    })
    const dictionary = arrow.vectorFromArray([...places.keys()], new arrow.Utf8())
    const bits = toBits(cells, (cell) => cell !== null)
    return arrow.makeData({
      type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()),
      length: cells.length,
      data: indices,
      dictionary,
      ...nulls(bits, cells.length),
    })
  }
}

/** Written as halves: a bigint for each would take longer than all else. */
function toUint64(cells: ArrayLike<unknown>): BigUint64Array {
  if (cells instanceof BigUint64Array) return cells
  const numbers = cells as ArrayLike<number>
  const halves = new Uint32Array(numbers.length * 2)
  const isSmall = cells instanceof Uint32Array
  for (let at = 0; at < numbers.length; at++) {
    const number = numbers[at] ?? 0
    halves[at * 2] = number
    if (!isSmall) halves[at * 2 + 1] = number / two32
  }
  return new BigUint64Array(halves.buffer)
}

function isKey(meaning: CellMeaning): boolean {
  return meaning === 'node' || meaning === 'symbol'
}

interface Nulls {
  readonly nullCount: number
  readonly nullBitmap?: Uint8Array
}

function nulls(validity: Uint8Array | undefined, rowCount: number): Nulls {
  if (validity === undefined) return { nullCount: 0 }
  const valid = countBits(validity, rowCount)
  return valid === rowCount
    ? { nullCount: 0 }
    : { nullCount: rowCount - valid, nullBitmap: validity }
}

function countBits(bits: Uint8Array, count: number): number {
  let set = 0
  const wholeBytes = count >> 3
  for (let at = 0; at < wholeBytes; at++) set += bitsIn(bits[at] ?? 0)
  return set + bitsIn((bits[wholeBytes] ?? 0) & ((1 << (count & 7)) - 1))
}

function bitsIn(byte: number): number {
  const pairs = byte - ((byte >> 1) & 0x55)
  const fours = (pairs & 0x33) + ((pairs >> 2) & 0x33)
  return (fours + (fours >> 4)) & 0x0f
}

/** Which hyperedges end; looked at in halves, as a bigint for each would take longer than all else. */
function endBits(values: BigInt64Array): Uint8Array {
  const halves = new Uint32Array(values.buffer, values.byteOffset, values.length * 2)
  const bits = new Uint8Array((values.length + 7) >> 3)
  for (let row = 0; row < values.length; row++) {
    const isNever = halves[row * 2 + 1] === 0x7fff_ffff && halves[row * 2] === 0xffff_ffff
    if (!isNever) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7))
  }
  return bits
}

function toBits<Value>(
  values: ArrayLike<Value>,
  isSet: (value: Value) => boolean = (value) => Boolean(value),
): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3)
  for (let row = 0; row < values.length; row++) {
    // Within the bounds.
    if (isSet(values[row] as Value)) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7))
  }
  return bits
}
