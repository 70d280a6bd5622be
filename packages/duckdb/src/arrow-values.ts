import {
  DuckDBArrayType,
  DuckDBDecimalType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionType,
} from '@duckdb/node-api'
import { HyperMeshError } from '@hypermesh/contract'
import * as arrow from 'apache-arrow'
import { ByteSink } from './byte-sink.ts'
import { type ColumnVector, TextVector } from './column-vector.ts'
import { hugeReader, unscaledReader } from './json-numbers.ts'
import { jsonWriter, listEntries } from './json-values.ts'
import { distinctNames } from './result-columns.ts'

/** The entries of a vector that a batch holds: a range, or any of them for the items of lists. */
export type Selection =
  | { readonly start: 0; readonly count: number }
  | { readonly indexes: Int32Array }

const plainTypes: Readonly<Partial<Record<DuckDBTypeId, () => arrow.DataType>>> = {
  [DuckDBTypeId.BOOLEAN]: () => new arrow.Bool(),
  [DuckDBTypeId.TINYINT]: () => new arrow.Int8(),
  [DuckDBTypeId.SMALLINT]: () => new arrow.Int16(),
  [DuckDBTypeId.INTEGER]: () => new arrow.Int32(),
  [DuckDBTypeId.BIGINT]: () => new arrow.Int64(),
  [DuckDBTypeId.UTINYINT]: () => new arrow.Uint8(),
  [DuckDBTypeId.USMALLINT]: () => new arrow.Uint16(),
  [DuckDBTypeId.UINTEGER]: () => new arrow.Uint32(),
  [DuckDBTypeId.UBIGINT]: () => new arrow.Uint64(),
  [DuckDBTypeId.FLOAT]: () => new arrow.Float32(),
  [DuckDBTypeId.DOUBLE]: () => new arrow.Float64(),
  [DuckDBTypeId.HUGEINT]: () => new arrow.Decimal(0, 38, 128),
  [DuckDBTypeId.UHUGEINT]: () => new arrow.Decimal(0, 38, 128),
  [DuckDBTypeId.DATE]: () => new arrow.DateDay(),
  [DuckDBTypeId.TIME]: () => new arrow.TimeMicrosecond(),
  [DuckDBTypeId.TIME_NS]: () => new arrow.TimeNanosecond(),
  [DuckDBTypeId.TIMESTAMP]: () => new arrow.TimestampMicrosecond(),
  [DuckDBTypeId.TIMESTAMP_S]: () => new arrow.TimestampSecond(),
  [DuckDBTypeId.TIMESTAMP_MS]: () => new arrow.TimestampMillisecond(),
  [DuckDBTypeId.TIMESTAMP_NS]: () => new arrow.TimestampNanosecond(),
  [DuckDBTypeId.TIMESTAMP_TZ]: () => new arrow.TimestampMicrosecond('UTC'),
  [DuckDBTypeId.BLOB]: () => new arrow.Binary(),
  [DuckDBTypeId.SQLNULL]: () => new arrow.Null(),
}

/** The Arrow type of a column. Types without one are text in their wire form. */
export function arrowType(type: DuckDBType): arrow.DataType {
  const field = (name: string, of: DuckDBType, nullable = true) =>
    new arrow.Field(name, arrowType(of), nullable)
  if (type instanceof DuckDBDecimalType) return new arrow.Decimal(type.scale, type.width, 128)
  if (type instanceof DuckDBListType) return new arrow.List(field('item', type.valueType))
  if (type instanceof DuckDBArrayType) {
    return new arrow.FixedSizeList(type.length, field('item', type.valueType))
  }
  if (type instanceof DuckDBStructType) {
    const names = structNames(type)
    return new arrow.Struct(type.entryTypes.map((of, index) => field(names[index] ?? '', of)))
  }
  if (type instanceof DuckDBMapType) {
    const entry = [field('key', type.keyType, false), field('value', type.valueType)]
    return new arrow.Map_(new arrow.Field('entries', new arrow.Struct(entry), false) as MapField)
  }
  if (type instanceof DuckDBUnionType) {
    // A union is a struct of its members, all but one NULL: what every reader can read.
    return new arrow.Struct(
      type.memberTypes.map((of, index) => field(type.memberTags[index] ?? '', of)),
    )
  }
  return plainTypes[type.typeId]?.() ?? new arrow.Utf8()
}

type MapField = ConstructorParameters<typeof arrow.Map_>[0]

function structNames(type: DuckDBStructType): string[] {
  return distinctNames(type.entryNames.map((name, index) => name || `f${index + 1}`))
}

/** Copies the chosen entries of a vector into Arrow's layout. */
export function toArrowData(
  vector: ColumnVector,
  type: DuckDBType,
  selection: Selection,
): arrow.Data {
  const { nullBitmap, nullCount } = validityOf(vector, selection)
  const length = lengthOf(selection)
  const common = { length, nullCount, nullBitmap: nullBitmap as Uint8Array }
  const target = arrowType(type)
  const [bytesEach, isDecimal] = fixedBytes(type)
  if (bytesEach > 0) {
    const data = take(vector.data(bytesEach), bytesEach, selection)
    return make({ type: target, data: viewFor(target, data), ...common })
  }
  if (isDecimal) return make({ type: target, data: decimals(vector, type, selection), ...common })
  if (type.typeId === DuckDBTypeId.BOOLEAN) {
    return make({ type: target, data: bits(vector.data(1), selection), ...common })
  }
  if (type.typeId === DuckDBTypeId.SQLNULL) return make({ type: target, length })
  return (
    nestedData(vector, type, selection, common) ??
    make({ type: target, ...texts(vector, type, selection), ...common })
  )
}

interface Common {
  readonly length: number
  readonly nullCount: number
  readonly nullBitmap: Uint8Array
}

// Each call passes what Arrow declares for the type; the union of them all is not assignable.
const make = (properties: object): arrow.Data => arrow.makeData(properties as never)

function nestedData(
  vector: ColumnVector,
  type: DuckDBType,
  selection: Selection,
  common: Common,
): arrow.Data | undefined {
  const target = arrowType(type)
  if (type instanceof DuckDBStructType) {
    const children = type.entryTypes.map((of, index) =>
      toArrowData(vector.structChild(index), of, selection),
    )
    return make({ type: target, children, ...common })
  }
  if (type instanceof DuckDBUnionType) return unionData(vector, type, selection, common)
  if (type instanceof DuckDBArrayType) {
    const indexes = new Int32Array(common.length * type.length)
    for (let at = 0; at < indexes.length; at += 1) {
      const row = indexAt(selection, Math.floor(at / type.length))
      indexes[at] = row * type.length + (at % type.length)
    }
    const child = toArrowData(vector.arrayChild(type.length), type.valueType, { indexes })
    return make({ type: target, child, ...common })
  }
  if (!(type instanceof DuckDBListType) && !(type instanceof DuckDBMapType)) return undefined
  const { valueOffsets, indexes } = listItems(vector, selection)
  const items = vector.listChild()
  if (type instanceof DuckDBListType) {
    const child = toArrowData(items, type.valueType, { indexes })
    return make({ type: target, valueOffsets, child, ...common })
  }
  const entries = [type.keyType, type.valueType].map((of, index) =>
    toArrowData(items.structChild(index), of, { indexes }),
  )
  const entryType = (target as arrow.Map_).children[0]?.type
  const child = make({ type: entryType, length: indexes.length, nullCount: 0, children: entries })
  return make({ type: target, valueOffsets, child, ...common })
}

function unionData(
  vector: ColumnVector,
  type: DuckDBUnionType,
  selection: Selection,
  common: Common,
): arrow.Data {
  const tags = vector.structChild(0)
  const children = type.memberTypes.map((of, index) =>
    toArrowData(vector.structChild(index + 1), of, selection),
  )
  const validity = validityOf(tags, selection)
  const isNull = common.nullCount > 0 ? common : { ...common, ...validity }
  return make({ type: arrowType(type), children, ...isNull })
}

function listItems(vector: ColumnVector, selection: Selection) {
  const words = listEntries(vector)
  const length = lengthOf(selection)
  const valueOffsets = new Int32Array(length + 1)
  for (let at = 0; at < length; at += 1) {
    const row = indexAt(selection, at)
    const count = vector.isValid(row) ? (words[row * 4 + 2] as number) : 0
    valueOffsets[at + 1] = (valueOffsets[at] as number) + count
  }
  const indexes = new Int32Array(valueOffsets[length] as number)
  for (let at = 0; at < length; at += 1) {
    const start = words[indexAt(selection, at) * 4] as number
    const from = valueOffsets[at] as number
    const to = valueOffsets[at + 1] as number
    for (let index = from; index < to; index += 1) indexes[index] = start + index - from
  }
  return { valueOffsets, indexes }
}

function texts(vector: ColumnVector, type: DuckDBType, selection: Selection) {
  const length = lengthOf(selection)
  const sink = new ByteSink(length * 16 + 16)
  const valueOffsets = new Int32Array(length + 1)
  const write = textWriter(vector, type, sink)
  for (let at = 0; at < length; at += 1) {
    const index = indexAt(selection, at)
    if (vector.isValid(index)) write(index)
    valueOffsets[at + 1] = sink.length
  }
  return { valueOffsets, data: sink.take() }
}

function textWriter(vector: ColumnVector, type: DuckDBType, sink: ByteSink) {
  if (type.typeId === DuckDBTypeId.VARCHAR || type.typeId === DuckDBTypeId.BLOB) {
    const from = new TextVector(vector)
    return (index: number) => {
      from.locate(index)
      sink.copy(from.source, from.start, from.end)
    }
  }
  const value = new ByteSink(256)
  const write = jsonWriter(vector, type, value)
  return (index: number) => {
    value.length = 0
    write(index)
    const text = value.bytes.toString('utf8', 0, value.length)
    sink.text(text.startsWith('"') ? (JSON.parse(text) as string) : text)
  }
}

/** Bytes of an entry where DuckDB's layout is Arrow's; or whether it is made a decimal. */
function fixedBytes(type: DuckDBType): readonly [number, boolean] {
  switch (type.typeId) {
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
      return [1, false]
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.USMALLINT:
      return [2, false]
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DATE:
      return [4, false]
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
    case DuckDBTypeId.DECIMAL:
      return [0, true]
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.DOUBLE:
    case DuckDBTypeId.TIME:
    case DuckDBTypeId.TIME_NS:
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return [8, false]
    default:
      return [0, false]
  }
}

const decimalEnd = 10n ** 38n

function decimals(vector: ColumnVector, type: DuckDBType, selection: Selection): Uint32Array {
  const length = lengthOf(selection)
  const words = new BigInt64Array(length * 2)
  const read =
    type instanceof DuckDBDecimalType
      ? unscaledReader(vector, type)
      : hugeReader(vector, type.typeId === DuckDBTypeId.HUGEINT)
  for (let at = 0; at < length; at += 1) {
    const index = indexAt(selection, at)
    if (!vector.isValid(index)) continue
    const value = read(index)
    if (value >= decimalEnd || value <= -decimalEnd) {
      throw new HyperMeshError(
        'unsupported',
        `${value} has more than the 38 digits of an Arrow decimal; cast it to VARCHAR`,
      )
    }
    words[at * 2] = BigInt.asIntN(64, value)
    words[at * 2 + 1] = value >> 64n
  }
  return new Uint32Array(words.buffer)
}

function take(source: Uint8Array, bytesEach: number, selection: Selection): Uint8Array {
  const length = lengthOf(selection)
  if (!('indexes' in selection)) return Uint8Array.from(source.subarray(0, length * bytesEach))
  const target = new Uint8Array(length * bytesEach)
  for (let at = 0; at < length; at += 1) {
    const from = indexAt(selection, at) * bytesEach
    for (let byte = 0; byte < bytesEach; byte += 1) {
      target[at * bytesEach + byte] = source[from + byte] as number
    }
  }
  return target
}

function viewFor(type: arrow.DataType, data: Uint8Array): ArrayBufferView {
  // Every type here has an array type; Arrow declares it on the prototype as `any`.
  const View = type.ArrayType as new (buffer: ArrayBufferLike) => ArrayBufferView
  return new View(data.buffer)
}

function bits(source: Uint8Array, selection: Selection): Uint8Array {
  const length = lengthOf(selection)
  const target = new Uint8Array(Math.ceil(length / 64) * 8)
  for (let at = 0; at < length; at += 1) {
    if (source[indexAt(selection, at)] !== 0) setBit(target, at)
  }
  return target
}

function validityOf(vector: ColumnVector, selection: Selection) {
  const length = lengthOf(selection)
  if (!vector.mayHaveNulls) return { nullBitmap: undefined, nullCount: 0 }
  const nullBitmap = new Uint8Array(Math.ceil(length / 64) * 8)
  let nullCount = 0
  for (let at = 0; at < length; at += 1) {
    if (vector.isValid(indexAt(selection, at))) setBit(nullBitmap, at)
    else nullCount += 1
  }
  return { nullBitmap: nullCount === 0 ? undefined : nullBitmap, nullCount }
}

function setBit(target: Uint8Array, at: number): void {
  target[at >> 3] = (target[at >> 3] as number) | (1 << (at & 7))
}

function lengthOf(selection: Selection): number {
  return 'indexes' in selection ? selection.indexes.length : selection.count
}

function indexAt(selection: Selection, at: number): number {
  return 'indexes' in selection ? (selection.indexes[at] as number) : at
}
