import { ByteSink, doubleWriter, FixedText, writeDate } from '@hypermesh/duckdb'
import type { ColumnBatch, ResultColumn, TableSchema } from '@hypermesh/engine'
import { microsToText } from '@hypermesh/engine'
import { pieceMemory } from '@hypermesh/kit'
import { toJsonText } from './json-nodes.ts'

/** Writes the value that a column has in one row. */
type Field = (row: number) => void

const propertyKind = 10
const two32 = 2 ** 32
const microsADay = 86_400_000_000
const rowEnd = new FixedText('}')
const propsEnd = new FixedText('}}')
const nullText = new FixedText('null')
const neverLow = 0xffff_ffff
const neverHigh = 0x7fff_ffff

/** What answers are written into; whoever sends one gives its memory back. */
export function newSink(): ByteSink {
  return new ByteSink(undefined, (bytes) => pieceMemory.take(bytes))
}

/**
 * Writes rows of a batch as JSON objects, from its columns to the bytes that are sent: there is neither an
 * object nor a text for each value in between.
 */
export function hyperedgeWriter<Row>(
  batch: ColumnBatch<Row>,
  schema: TableSchema,
  sink: ByteSink,
): Field {
  const fields: Field[] = []
  const heads: FixedText[] = []
  const properties: { name: string; column: ResultColumn }[] = []
  for (const name of batch.columnNames) {
    const column = batch.column(name)
    if (column.kind === propertyKind) {
      properties.push({ name, column })
      continue
    }
    heads.push(headOf(heads.length === 0 ? 'first' : 'next', name))
    fields.push(fixedField(batch, name, sink))
  }
  for (const [place, { name, column }] of properties.entries()) {
    const { name: own = name, type } = schema.properties[column.property] ?? {}
    const isFirst = heads.length === 0
    heads.push(headOf(place > 0 ? 'next' : isFirst ? 'onlyProps' : 'props', own))
    fields.push(
      type === 'timestamp' ? instantField(column, sink) : valuesField(batch.values(name), sink),
    )
  }
  const end = properties.length > 0 ? propsEnd : rowEnd
  return (row) => {
    // Of no columns at all.
    if (fields.length === 0) sink.byte(123)
    for (let place = 0; place < fields.length; place += 1) {
      sink.put(heads[place] as FixedText)
      ;(fields[place] as Field)(row)
    }
    sink.put(end)
  }
}

const headsMax = 1000
/** What stands before a name, and what is known of names there, which come again with each batch. */
const heads = {
  first: { before: '{', known: new Map<string, FixedText>() },
  next: { before: ',', known: new Map<string, FixedText>() },
  onlyProps: { before: '{"props":{', known: new Map<string, FixedText>() },
  props: { before: ',"props":{', known: new Map<string, FixedText>() },
}

function headOf(place: keyof typeof heads, name: string): FixedText {
  const { before, known } = heads[place]
  const found = known.get(name)
  if (found !== undefined) return found
  if (known.size >= headsMax) known.clear()
  const made = new FixedText(`${before}${JSON.stringify(name)}:`)
  known.set(name, made)
  return made
}

function fixedField<Row>(batch: ColumnBatch<Row>, name: string, sink: ByteSink): Field {
  if (name === 'at' || name === 'until') return instantField(batch.column(name), sink)
  if (name === 'members') return listField(batch.members, batch.memberOffsets, sink)
  if (name === 'roles') return rolesField(batch, sink)
  return valuesField(batch.values(name), sink)
}

/** ISO 8601; null for none, and for an end that never comes. */
function instantField({ values, validity }: ResultColumn, sink: ByteSink): Field {
  // Instants are microseconds in 64 bits.
  const micros = values as BigInt64Array
  const { buffer, byteOffset, length } = micros
  const lows = new Uint32Array(buffer, byteOffset, length * 2)
  const highs = new Int32Array(buffer, byteOffset, length * 2)
  return (row) => {
    const [high, low] = [highs[row * 2 + 1] ?? 0, lows[row * 2] ?? 0]
    const has = validity === undefined || ((validity[row >> 3] ?? 0) >> (row & 7)) & 1
    if (!has || (high === neverHigh && low === neverLow)) {
      sink.put(nullText)
      return
    }
    sink.byte(34)
    // Beyond the years of four digits a bigint is as exact as it takes.
    if (!writeInstant(sink, high * two32 + low)) sink.ascii(microsToText(micros[row] ?? 0n))
    sink.byte(34)
  }
}

/** `2024-01-31T12:00:00.000Z`, with six digits where there are microseconds; false: nothing is written. */
function writeInstant(sink: ByteSink, micros: number): boolean {
  const days = Math.floor(micros / microsADay)
  if (!Number.isSafeInteger(micros) || !writeDate(sink, days)) return false
  const ofDay = micros - days * microsADay
  const seconds = Math.floor(ofDay / 1e6)
  const fraction = ofDay - seconds * 1e6
  const minutes = (seconds / 60) | 0
  const hours = (minutes / 60) | 0
  sink.byte(84)
  sink.padded(hours, 2)
  sink.byte(58)
  sink.padded(minutes - hours * 60, 2)
  sink.byte(58)
  sink.padded(seconds - minutes * 60, 2)
  sink.byte(46)
  if (fraction % 1000 === 0) sink.padded(fraction / 1000, 3)
  else sink.padded(fraction, 6)
  sink.byte(90)
  return true
}

function valuesField(values: ArrayLike<unknown>, sink: ByteSink): Field {
  if (values instanceof Float64Array) return doubleWriter(values, sink)
  return (row) => writeValue(sink, values[row])
}

function writeValue(sink: ByteSink, value: unknown): void {
  // Beside one beyond 2^53 the engine has all as bigints.
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number) && !Object.is(number, -0)) {
    sink.integer(number)
  } else if (value === null || value === undefined) sink.put(nullText)
  else sink.text(toJsonText(value))
}

function listField(values: ArrayLike<unknown>, offsets: Uint32Array, sink: ByteSink): Field {
  const isSmall = values instanceof Uint32Array
  return (row) => {
    const from = offsets[row] ?? 0
    const end = offsets[row + 1] ?? 0
    sink.byte(91)
    for (let at = from; at < end; at += 1) {
      if (at !== from) sink.byte(44)
      if (isSmall) sink.integer(values[at] ?? 0)
      else writeValue(sink, values[at])
    }
    sink.byte(93)
  }
}

/** Null where no member has one, as rows have it. */
function rolesField<Row>(batch: ColumnBatch<Row>, sink: ByteSink): Field {
  const { values, offsets = new Uint32Array(1) } = batch.column('roles')
  if (!values.some((code: bigint | number) => code !== 0)) return () => sink.put(nullText)
  const { roles } = batch
  const write = listField(roles, offsets, sink)
  return (row) => {
    const end = offsets[row + 1] ?? 0
    for (let at = offsets[row] ?? 0; at < end; at += 1) {
      if ((roles[at] ?? null) === null) continue
      write(row)
      return
    }
    sink.put(nullText)
  }
}
