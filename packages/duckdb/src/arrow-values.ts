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
import type { ArrowBatch } from './arrow-batch.ts'
import { ByteSink } from './byte-sink.ts'
import type { ColumnVector } from './column-vector.ts'
import { hugeReader, unscaledReader } from './json-numbers.ts'
import { jsonWriter, listEntries } from './json-values.ts'

/** The entries of a vector that a batch holds: a range, or any of them for the items of lists. */
export type Selection =
  | { readonly start: 0; readonly count: number }
  | { readonly indexes: Int32Array }

/** Writes the chosen entries of a vector in Arrow's layout: its node and its buffers. */
export function writeArrow(
  vector: ColumnVector,
  type: DuckDBType,
  selection: Selection,
  batch: ArrowBatch,
): void {
  const length = lengthOf(selection)
  if (type.typeId === DuckDBTypeId.SQLNULL) {
    batch.node(length, length)
    return
  }
  if (type instanceof DuckDBUnionType) {
    writeUnion(vector, type, selection, batch)
    return
  }
  writeValidity(vector, selection, batch)
  const [bytesEach, isDecimal] = fixedBytes(type)
  if (bytesEach > 0) writeFixed(vector.data(bytesEach), bytesEach, selection, batch)
  else if (isDecimal) writeDecimals(vector, type, selection, batch)
  else if (type.typeId === DuckDBTypeId.BOOLEAN) writeBits(vector.data(1), selection, batch)
  else if (!writeNested(vector, type, selection, batch)) {
    writeTexts(vector, type, selection, batch)
  }
}

/** False: the type holds no others. */
function writeNested(
  vector: ColumnVector,
  type: DuckDBType,
  selection: Selection,
  batch: ArrowBatch,
): boolean {
  if (type instanceof DuckDBStructType) {
    for (const [index, of] of type.entryTypes.entries()) {
      writeArrow(vector.structChild(index), of, selection, batch)
    }
    return true
  }
  if (type instanceof DuckDBArrayType) {
    const indexes = newIndexes(lengthOf(selection) * type.length, batch)
    for (let at = 0; at < indexes.length; at += 1) {
      const row = indexAt(selection, Math.floor(at / type.length))
      indexes[at] = row * type.length + (at % type.length)
    }
    writeArrow(vector.arrayChild(type.length), type.valueType, { indexes }, batch)
    return true
  }
  if (!(type instanceof DuckDBListType) && !(type instanceof DuckDBMapType)) return false
  const { valueOffsets, indexes } = listItems(vector, selection, batch)
  writeWords(valueOffsets, batch.buffer(valueOffsets.byteLength), batch)
  const items = vector.listChild()
  if (type instanceof DuckDBListType) {
    writeArrow(items, type.valueType, { indexes }, batch)
    return true
  }
  // The entries of a map, a struct that is never null.
  batch.node(indexes.length, 0)
  batch.buffer(0)
  writeArrow(items.structChild(0), type.keyType, { indexes }, batch)
  writeArrow(items.structChild(1), type.valueType, { indexes }, batch)
  return true
}

/** A struct of its members, all but one null; it is itself null where its tag is. */
function writeUnion(
  vector: ColumnVector,
  type: DuckDBUnionType,
  selection: Selection,
  batch: ArrowBatch,
): void {
  const holdsNulls = nullCountOf(vector, selection) > 0
  writeValidity(holdsNulls ? vector : vector.structChild(0), selection, batch)
  for (const [index, of] of type.memberTypes.entries()) {
    writeArrow(vector.structChild(index + 1), of, selection, batch)
  }
}

function listItems(vector: ColumnVector, selection: Selection, batch: ArrowBatch) {
  const words = listEntries(vector)
  const length = lengthOf(selection)
  const valueOffsets = new Int32Array(length + 1)
  let total = 0
  for (let at = 0; at < length; at += 1) {
    const row = indexAt(selection, at)
    total += vector.isValid(row) ? (words[row * 4 + 2] as number) : 0
    valueOffsets[at + 1] = total
  }
  const indexes = newIndexes(total, batch)
  for (let at = 0; at < length; at += 1) {
    const start = words[indexAt(selection, at) * 4] as number
    const from = valueOffsets[at] as number
    const to = valueOffsets[at + 1] as number
    for (let index = from; index < to; index += 1) indexes[index] = start + index - from
  }
  return { valueOffsets, indexes }
}

/** Lists may share their items, so there may be far more of these than items. */
function newIndexes(count: number, { sink }: ArrowBatch): Int32Array {
  sink.assertRoom(count * Int32Array.BYTES_PER_ELEMENT)
  return new Int32Array(count)
}

function writeTexts(
  vector: ColumnVector,
  type: DuckDBType,
  selection: Selection,
  batch: ArrowBatch,
): void {
  const { sink } = batch
  const length = lengthOf(selection)
  const offsets = new Int32Array(length + 1)
  const offsetsAt = batch.buffer(offsets.byteLength)
  const startAt = sink.length
  const write = textWriter(vector, type, sink)
  for (let at = 0; at < length; at += 1) {
    const index = indexAt(selection, at)
    if (vector.isValid(index)) write(index)
    offsets[at + 1] = sink.length - startAt
  }
  batch.endBuffer(startAt)
  writeWords(offsets, offsetsAt, batch)
}

function writeWords({ buffer }: Int32Array, at: number, { sink }: ArrowBatch): void {
  sink.bytes.set(new Uint8Array(buffer), at)
}

function textWriter(vector: ColumnVector, type: DuckDBType, sink: ByteSink) {
  if (type.typeId === DuckDBTypeId.VARCHAR || type.typeId === DuckDBTypeId.BLOB) {
    const from = vector.texts()
    return (index: number) => {
      from.locate(index)
      sink.copy(from.view, from.start, from.end)
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

function writeDecimals(
  vector: ColumnVector,
  type: DuckDBType,
  selection: Selection,
  batch: ArrowBatch,
): void {
  const length = lengthOf(selection)
  const start = batch.buffer(length * 16)
  const { view } = batch.sink
  const read =
    type instanceof DuckDBDecimalType
      ? unscaledReader(vector, type)
      : hugeReader(vector, type.typeId === DuckDBTypeId.HUGEINT)
  for (let at = 0; at < length; at += 1) {
    const index = indexAt(selection, at)
    const value = vector.isValid(index) ? read(index) : 0n
    if (value >= decimalEnd || value <= -decimalEnd) {
      throw new HyperMeshError(
        'unsupported',
        `${value} has more than the 38 digits of an Arrow decimal; cast it to VARCHAR`,
      )
    }
    view.setBigInt64(start + at * 16, BigInt.asIntN(64, value), true)
    view.setBigInt64(start + at * 16 + 8, value >> 64n, true)
  }
}

/** Entries whose layout is Arrow's. */
function writeFixed(
  source: Uint8Array,
  bytesEach: number,
  selection: Selection,
  batch: ArrowBatch,
): void {
  const length = lengthOf(selection)
  const start = batch.buffer(length * bytesEach)
  const { bytes } = batch.sink
  if (!('indexes' in selection)) {
    bytes.set(source.subarray(0, length * bytesEach), start)
    return
  }
  for (let at = 0; at < length; at += 1) {
    const from = indexAt(selection, at) * bytesEach
    const to = start + at * bytesEach
    for (let byte = 0; byte < bytesEach; byte += 1) bytes[to + byte] = source[from + byte] as number
  }
}

function writeBits(source: Uint8Array, selection: Selection, batch: ArrowBatch): void {
  packBits(lengthOf(selection), (at) => source[indexAt(selection, at)] !== 0, batch)
}

/** The node of a vector, and a bit for each entry where one of them is null. */
function writeValidity(vector: ColumnVector, selection: Selection, batch: ArrowBatch): void {
  const length = lengthOf(selection)
  const nullCount = nullCountOf(vector, selection)
  batch.node(length, nullCount)
  if (nullCount === 0) batch.buffer(0)
  else packBits(length, (at) => vector.isValid(indexAt(selection, at)), batch)
}

function nullCountOf(vector: ColumnVector, selection: Selection): number {
  if (!vector.mayHaveNulls) return 0
  let nullCount = 0
  for (let at = 0; at < lengthOf(selection); at += 1) {
    if (!vector.isValid(indexAt(selection, at))) nullCount += 1
  }
  return nullCount
}

function packBits(length: number, isSet: (at: number) => boolean, batch: ArrowBatch): void {
  const start = batch.buffer(Math.ceil(length / 8))
  const { bytes } = batch.sink
  for (let at = 0; at < length; at += 8) {
    let byte = 0
    for (let bit = 0; bit < 8 && at + bit < length; bit += 1) if (isSet(at + bit)) byte |= 1 << bit
    bytes[start + at / 8] = byte
  }
}

function lengthOf(selection: Selection): number {
  return 'indexes' in selection ? selection.indexes.length : selection.count
}

function indexAt(selection: Selection, at: number): number {
  return 'indexes' in selection ? (selection.indexes[at] as number) : at
}
