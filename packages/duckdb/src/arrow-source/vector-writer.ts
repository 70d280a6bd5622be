import { isUtf8 } from 'node:buffer'
import duckdb from '@duckdb/node-bindings'
import { HyperMeshError } from '@hypermesh/contract'
import { isUuid } from './arrow-types.ts'
import type { ArrowVector } from './arrow-vector.ts'
import { fixedBytes } from './arrow-vector.ts'
import { toDuckDbBytes } from './fixed-values.ts'
import { damagedArrow } from './flatbuffer.ts'
import type { TextRoom } from './text-room.ts'

/** Which values are written: a range of them, or those at these places, where -1 is null. */
export type Selected =
  | { readonly start: number; readonly count: number }
  | { readonly indexes: Int32Array }

/** Of one chunk: more than any sensible row has, and what fits into memory. */
const itemsMax = 50_000_000

/** Where values go that an Arrow vector has, of which `room` bounds the texts. */
export interface Destination {
  readonly target: duckdb.Vector
  readonly room: TextRoom
}

/** Writes the chosen values of an Arrow vector into a vector of DuckDB that has room for them. */
export function writeVector(
  { target, room }: Destination,
  vector: ArrowVector,
  selected: Selected,
): void {
  if (vector.dictionary !== undefined) {
    const indexes = dictionaryPlaces(vector, selected)
    writeVector({ target, room }, vector.dictionary, { indexes })
    return
  }
  if (countOf(selected) === 0) return
  const valid = validBits(vector, selected)
  if (valid !== undefined) {
    duckdb.vector_ensure_validity_writable(target)
    const { buffer, byteLength } = valid
    duckdb.copy_data_to_vector_validity(target, 0, buffer as ArrayBuffer, 0, byteLength)
  }
  writeValues({ target, room }, vector, selected, valid)
}

function writeValues(
  { target, room }: Destination,
  vector: ArrowVector,
  selected: Selected,
  valid: Uint8Array | undefined,
): void {
  const { type, field } = vector
  if (type.kind === 'null') return
  if (type.kind === 'text' || type.kind === 'binary')
    writeTexts({ target, room }, vector, selected, valid)
  else if (type.kind === 'struct') writeStruct({ target, room }, vector, selected, valid)
  else if (field.children.length > 0) writeLists({ target, room }, vector, selected, valid)
  else if (type.kind === 'fixed-binary' && !isUuid(field)) {
    writeFixedBinaries({ target, room }, vector, selected, valid)
  } else {
    const taken = type.kind === 'bool' ? takeBits(vector, selected) : takeFixed(vector, selected)
    const bytes = toDuckDbBytes(field, taken, { count: countOf(selected), valid })
    const source = bytes.buffer as ArrayBuffer
    duckdb.copy_data_to_vector(target, 0, source, bytes.byteOffset, bytes.byteLength)
  }
}

function countOf(selected: Selected): number {
  return 'indexes' in selected ? selected.indexes.length : selected.count
}

function placeAt(selected: Selected, index: number): number {
  return 'indexes' in selected ? (selected.indexes[index] ?? -1) : selected.start + index
}

export function isSet(bits: Uint8Array | undefined, index: number): boolean {
  return bits === undefined || (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1
}

/** A bit for each chosen value, in words of 64 bits; undefined where none is null. */
function validBits(vector: ArrowVector, selected: Selected): Uint8Array | undefined {
  if (vector.validity === undefined && vector.type.kind !== 'null' && !('indexes' in selected)) {
    return undefined
  }
  const count = countOf(selected)
  const bits = new Uint8Array(Math.ceil(count / 64) * 8)
  let nulls = 0
  for (let index = 0; index < count; index += 1) {
    const place = placeAt(selected, index)
    const isValid = place >= 0 && vector.type.kind !== 'null' && isSet(vector.validity, place)
    if (isValid) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7))
    else nulls += 1
  }
  return nulls === 0 ? undefined : bits
}

/** Where in the dictionary each value stands. */
function dictionaryPlaces(vector: ArrowVector, selected: Selected): Int32Array {
  const { type, dictionary } = vector
  if (type.kind !== 'int' || dictionary === undefined) throw damagedArrow('an index is no integer')
  const count = countOf(selected)
  const valid = validBits(vector, selected)
  const bytes = takeFixed(vector, selected)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const places = new Int32Array(count)
  for (let index = 0; index < count; index += 1) {
    const place = isSet(valid, index) ? readInteger(view, index, type) : -1
    if (place >= dictionary.length || (place < 0 && isSet(valid, index))) {
      throw damagedArrow('an index lies outside its dictionary')
    }
    places[index] = place
  }
  return places
}

function readInteger(view: DataView, index: number, type: { bits: number; signed: boolean }) {
  switch (type.bits) {
    case 8:
      return type.signed ? view.getInt8(index) : view.getUint8(index)
    case 16:
      return type.signed ? view.getInt16(2 * index, true) : view.getUint16(2 * index, true)
    case 32:
      return type.signed ? view.getInt32(4 * index, true) : view.getUint32(4 * index, true)
    default:
      return Number(view.getBigInt64(8 * index, true))
  }
}

/** The chosen values of fixed width, one after the other; those that are null as zeros. */
function takeFixed({ type, buffers }: ArrowVector, selected: Selected): Uint8Array {
  const width = fixedBytes(type)
  const bytes = buffers[0] ?? new Uint8Array(0)
  if (!('indexes' in selected)) {
    return bytes.subarray(selected.start * width, (selected.start + selected.count) * width)
  }
  const taken = new Uint8Array(selected.indexes.length * width)
  for (const [index, place] of selected.indexes.entries()) {
    if (place < 0) continue
    for (let byte = 0; byte < width; byte += 1) {
      taken[index * width + byte] = bytes[place * width + byte] ?? 0
    }
  }
  return taken
}

/** Booleans as bytes of 0 and 1, as DuckDB has them. */
function takeBits({ buffers }: ArrowVector, selected: Selected): Uint8Array {
  const taken = new Uint8Array(countOf(selected))
  for (let index = 0; index < taken.length; index += 1) {
    const place = placeAt(selected, index)
    taken[index] = place >= 0 && isSet(buffers[0], place) ? 1 : 0
  }
  return taken
}

function writeTexts(
  { target, room }: Destination,
  vector: ArrowVector,
  selected: Selected,
  valid: Uint8Array | undefined,
): void {
  const { type, buffers, offsets } = vector
  const isView = 'layout' in type && type.layout === 'view'
  const bytes = buffers[0] ?? new Uint8Array(0)
  const count = countOf(selected)
  for (let index = 0; index < count; index += 1) {
    if (!isSet(valid, index)) continue
    const place = placeAt(selected, index)
    const value = isView
      ? viewAt(vector, place)
      : bytes.subarray(offsets[place] ?? 0, offsets[place + 1] ?? 0)
    room.take(value.length)
    duckdb.vector_assign_string_element_len(target, index, value)
  }
}

/** A view holds up to 12 bytes itself, or says in which buffer more lie. */
function viewAt({ type, buffers }: ArrowVector, place: number): Uint8Array {
  const views = buffers[0] ?? new Uint8Array(0)
  const view = new DataView(views.buffer, views.byteOffset + place * 16, 16)
  const length = view.getInt32(0, true)
  const from = length <= 12 ? views : buffers[view.getInt32(8, true) + 1]
  const start = length <= 12 ? place * 16 + 4 : view.getInt32(12, true)
  const isInside = from !== undefined && length >= 0 && start >= 0 && start + length <= from.length
  if (!isInside) throw damagedArrow('a text lies outside its buffers')
  const value = from.subarray(start, start + length)
  if (type.kind === 'text' && !isUtf8(value)) throw damagedArrow('a text is not UTF-8')
  return value
}

function writeFixedBinaries(
  { target, room }: Destination,
  { type, buffers }: ArrowVector,
  selected: Selected,
  valid: Uint8Array | undefined,
): void {
  const width = fixedBytes(type)
  const count = countOf(selected)
  for (let index = 0; index < count; index += 1) {
    if (!isSet(valid, index)) continue
    const place = placeAt(selected, index)
    const value = buffers[0]?.subarray(place * width, (place + 1) * width) ?? new Uint8Array(0)
    room.take(value.length)
    duckdb.vector_assign_string_element_len(target, index, value)
  }
}

function writeStruct(
  { target, room }: Destination,
  vector: ArrowVector,
  selected: Selected,
  valid: Uint8Array | undefined,
): void {
  const inside = valid === undefined ? selected : { indexes: places(selected, valid) }
  for (const [index, child] of vector.children.entries()) {
    const member = duckdb.struct_vector_get_child(target, index)
    writeVector({ target: member, room }, child, inside)
  }
}

/** The chosen places, -1 where the value is null: DuckDB wants members of a null to be null. */
function places(selected: Selected, valid: Uint8Array): Int32Array {
  return Int32Array.from({ length: countOf(selected) }, (_, index) =>
    isSet(valid, index) ? placeAt(selected, index) : -1,
  )
}

function writeLists(
  { target, room }: Destination,
  vector: ArrowVector,
  selected: Selected,
  valid: Uint8Array | undefined,
): void {
  const count = countOf(selected)
  const entries = new BigUint64Array(2 * count)
  let total = 0
  for (let index = 0; index < count; index += 1) {
    const length = isSet(valid, index) ? listAt(vector, placeAt(selected, index)).length : 0
    entries[2 * index] = BigInt(total)
    entries[2 * index + 1] = BigInt(length)
    total += length
  }
  if (total > itemsMax) {
    throw new HyperMeshError('too_large', `a few rows have more than ${itemsMax} items in lists`)
  }
  duckdb.list_vector_reserve(target, total)
  duckdb.list_vector_set_size(target, total)
  duckdb.copy_data_to_vector(target, 0, entries.buffer, 0, entries.byteLength)
  const items = vector.children[0]
  if (items === undefined || total === 0) return
  const child = duckdb.list_vector_get_child(target)
  writeVector({ target: child, room }, items, itemsOf(vector, selected, valid, total))
}

/** Where the items of a list begin, and how many there are. */
function listAt({ type, offsets, counts }: ArrowVector, place: number) {
  if (type.kind === 'fixed-list') return { start: place * type.length, length: type.length }
  const start = offsets[place] ?? 0
  const length =
    type.kind === 'list-view' ? (counts[place] ?? 0) : (offsets[place + 1] ?? 0) - start
  return { start, length }
}

function itemsOf(
  vector: ArrowVector,
  selected: Selected,
  valid: Uint8Array | undefined,
  total: number,
): Selected {
  const followEachOther = vector.type.kind !== 'list-view' && valid === undefined
  if (followEachOther && !('indexes' in selected)) {
    return { start: listAt(vector, selected.start).start, count: total }
  }
  const indexes = new Int32Array(total)
  let at = 0
  const count = countOf(selected)
  for (let index = 0; index < count; index += 1) {
    if (!isSet(valid, index)) continue
    const { start, length } = listAt(vector, placeAt(selected, index))
    for (let item = 0; item < length; item += 1) indexes[at + item] = start + item
    at += length
  }
  return { indexes }
}
