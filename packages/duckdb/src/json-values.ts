import {
  DuckDBArrayType,
  type DuckDBEnumType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionType,
} from '@duckdb/node-api'
import { HyperMeshError } from '@hypermesh/contract'
import type { ByteSink } from './byte-sink.ts'
import { type ColumnVector, TextVector } from './column-vector.ts'
import { FixedText } from './fixed-text.ts'
import { integerWriter, numberWriter } from './json-numbers.ts'
import { writeEscaped } from './json-text.ts'
import { temporalWriter } from './json-times.ts'
import { bigNumText, bitText, uuidText } from './scalar-text.ts'
import type { ValueWriter } from './value-writer.ts'

/** Writes each value of a column in the JSON wire form; see WIRE.md. */
export function jsonWriter(vector: ColumnVector, type: DuckDBType, sink: ByteSink): ValueWriter {
  const write = presentWriter(vector, type, sink)
  if (!vector.mayHaveNulls) return write
  return (index) => {
    if (vector.isValid(index)) write(index)
    else sink.put(nullText)
  }
}

const nullText = new FixedText('null')

function presentWriter(vector: ColumnVector, type: DuckDBType, sink: ByteSink): ValueWriter {
  return (
    integerWriter(vector, type, sink) ??
    numberWriter(vector, type, sink) ??
    temporalWriter(vector, type, sink) ??
    textWriter(vector, type, sink) ??
    nestedWriter(vector, type, sink) ??
    unsupported(type)
  )
}

function unsupported(type: DuckDBType): never {
  throw new HyperMeshError(
    'unsupported',
    `a value of type ${type} has no wire form; cast it, for example to VARCHAR`,
    { details: { type: String(type) } },
  )
}

function textWriter(
  vector: ColumnVector,
  type: DuckDBType,
  sink: ByteSink,
): ValueWriter | undefined {
  switch (type.typeId) {
    case DuckDBTypeId.VARCHAR: {
      const texts = new TextVector(vector)
      return (index) => {
        texts.locate(index)
        sink.byte(34)
        writeEscaped(sink, texts.view, texts.start, texts.end)
        sink.byte(34)
      }
    }
    case DuckDBTypeId.BLOB:
      return bytesWriter(vector, sink, (bytes) => `"${bytes.toString('base64')}"`)
    case DuckDBTypeId.BIT:
      return bytesWriter(vector, sink, (bytes) => `"${bitText(bytes)}"`)
    case DuckDBTypeId.BIGNUM:
      return bytesWriter(vector, sink, bigNumText)
    case DuckDBTypeId.UUID: {
      const data = vector.data(16)
      return (index) => sink.ascii(`"${uuidText(data, index * 16)}"`)
    }
    case DuckDBTypeId.ENUM:
      return enumWriter(vector, type as DuckDBEnumType, sink)
    default:
      return undefined
  }
}

function bytesWriter(
  vector: ColumnVector,
  sink: ByteSink,
  format: (bytes: Buffer) => string,
): ValueWriter {
  const texts = new TextVector(vector)
  return (index) => {
    texts.locate(index)
    sink.ascii(format(Buffer.from(texts.source.subarray(texts.start, texts.end))))
  }
}

function enumWriter(vector: ColumnVector, type: DuckDBEnumType, sink: ByteSink): ValueWriter {
  const texts = enumTexts(type)
  const indexOf = enumIndexes(vector, type)
  return (index) => sink.put(texts[indexOf[index] as number] as FixedText)
}

const enumTextsKnown = new WeakMap<DuckDBEnumType, readonly FixedText[]>()

/** Made once for a result, not for each of its chunks. */
function enumTexts(type: DuckDBEnumType): readonly FixedText[] {
  const known = enumTextsKnown.get(type)
  if (known !== undefined) return known
  const texts = type.values.map((value) => new FixedText(JSON.stringify(value)))
  enumTextsKnown.set(type, texts)
  return texts
}

function enumIndexes(
  vector: ColumnVector,
  type: DuckDBEnumType,
): Uint8Array | Uint16Array | Uint32Array {
  const wide = type.values.length > 65_536 ? 4 : type.values.length > 256 ? 2 : 1
  const data = vector.data(wide)
  if (wide === 4) return new Uint32Array(data.buffer, data.byteOffset, vector.count)
  return wide === 2 ? new Uint16Array(data.buffer, data.byteOffset, vector.count) : data
}

function nestedWriter(
  vector: ColumnVector,
  type: DuckDBType,
  sink: ByteSink,
): ValueWriter | undefined {
  if (type instanceof DuckDBListType) {
    return listWriter(vector, jsonWriter(vector.listChild(), type.valueType, sink), sink)
  }
  if (type instanceof DuckDBMapType) {
    const entries = vector.listChild()
    const key = jsonWriter(entries.structChild(0), type.keyType, sink)
    const value = jsonWriter(entries.structChild(1), type.valueType, sink)
    const pair: ValueWriter = (index) => {
      sink.byte(91)
      key(index)
      sink.byte(44)
      value(index)
      sink.byte(93)
    }
    return listWriter(vector, pair, sink)
  }
  if (type instanceof DuckDBArrayType) {
    const { length } = type
    const write = jsonWriter(vector.arrayChild(length), type.valueType, sink)
    return (index) => writeList(sink, write, index * length, length)
  }
  if (type instanceof DuckDBStructType) return structWriter(vector, type, sink)
  if (type instanceof DuckDBUnionType) return unionWriter(vector, type, sink)
  return type.typeId === DuckDBTypeId.SQLNULL ? () => sink.put(nullText) : undefined
}

/** Offset and length of each list, as pairs of 64-bit integers that fit 53. */
export function listEntries(vector: ColumnVector): Uint32Array {
  const data = vector.data(16)
  return new Uint32Array(data.buffer, data.byteOffset, vector.count * 4)
}

function listWriter(vector: ColumnVector, write: ValueWriter, sink: ByteSink): ValueWriter {
  const words = listEntries(vector)
  return (index) =>
    writeList(sink, write, words[index * 4] as number, words[index * 4 + 2] as number)
}

function writeList(sink: ByteSink, write: ValueWriter, start: number, length: number): void {
  sink.byte(91)
  for (let offset = 0; offset < length; offset += 1) {
    if (offset > 0) sink.byte(44)
    write(start + offset)
  }
  sink.byte(93)
}

function structWriter(vector: ColumnVector, type: DuckDBStructType, sink: ByteSink): ValueWriter {
  const unnamed = type.entryNames.every((name) => name === '')
  const writers = type.entryTypes.map((entryType, index) =>
    jsonWriter(vector.structChild(index), entryType, sink),
  )
  const keys = type.entryNames.map(
    (name, index) =>
      new FixedText(`${index > 0 ? ',' : ''}${unnamed ? '' : `${JSON.stringify(name)}:`}`),
  )
  return (index) => {
    sink.byte(unnamed ? 91 : 123)
    for (let field = 0; field < writers.length; field += 1) {
      sink.put(keys[field] as FixedText)
      writers[field]?.(index)
    }
    sink.byte(unnamed ? 93 : 125)
  }
}

function unionWriter(vector: ColumnVector, type: DuckDBUnionType, sink: ByteSink): ValueWriter {
  const tagVector = vector.structChild(0)
  const tags = tagVector.data(1)
  const writers = type.memberTypes.map((memberType, index) =>
    jsonWriter(vector.structChild(index + 1), memberType, sink),
  )
  return (index) => {
    if (!tagVector.isValid(index)) {
      sink.ascii('null')
      return
    }
    const tag = tags[index] as number
    sink.byte(123)
    sink.text(`${JSON.stringify(type.memberTags[tag] ?? '')}:`)
    writers[tag]?.(index)
    sink.byte(125)
  }
}
