import type { VectorPointId } from '@hypermesh/contract'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { damaged } from './framed-file.ts'
import { type PointTable, parseStored } from './point-table.ts'

/** Of a slot in a file; 0 is dead. Frozen: files have them. */
const idKinds = { number: 1, text: 2 } as const
const dead = 0

/** What a write does to an index: what the log has, and what a restart does again. */
export interface WriteBatch {
  readonly ids: readonly VectorPointId[]
  /** JSON; undefined leaves what the id has. */
  readonly metadata: readonly (string | undefined)[]
  /** One behind the other. */
  readonly vectors: Float32Array
}

/** In parts, of which the vectors are the last: they are not copied. */
export function encodeWrite({ ids, metadata, vectors }: WriteBatch): readonly Uint8Array[] {
  const writer = new ByteWriter(ids.length * 32 + 64)
  writer.uint32(ids.length)
  writer.uint32(vectors.length)
  for (const [index, id] of ids.entries()) {
    writeId(writer, id)
    const text = metadata[index]
    writer.byte(text === undefined ? 0 : 1)
    if (text !== undefined) writer.text(text)
  }
  return [writer.bytes, new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength)]
}

export function decodeWrite(payload: Uint8Array): WriteBatch {
  const reader = new ByteReader(payload, 'a record of its log')
  const count = reader.uint32()
  const numbers = reader.uint32()
  const ids: VectorPointId[] = []
  const metadata: (string | undefined)[] = []
  for (let index = 0; index < count; index += 1) {
    ids.push(readId(reader, reader.byte()))
    metadata.push(reader.byte() === 0 ? undefined : reader.text())
  }
  // Copied: numbers of four bytes must lie at multiples of four.
  const vectors = new Float32Array(numbers)
  new Uint8Array(vectors.buffer).set(reader.raw(vectors.byteLength))
  reader.expectEnd()
  return { ids, metadata, vectors }
}

export function encodeRemove(ids: readonly VectorPointId[]): Buffer {
  const writer = new ByteWriter(ids.length * 16 + 16)
  writer.uint32(ids.length)
  for (const id of ids) writeId(writer, id)
  return writer.bytes
}

export function decodeRemove(payload: Uint8Array): VectorPointId[] {
  const reader = new ByteReader(payload, 'a record of its log')
  const ids: VectorPointId[] = []
  for (let count = reader.uint32(); count > 0; count -= 1) ids.push(readId(reader, reader.byte()))
  reader.expectEnd()
  return ids
}

const sliceSlots = 10_000

/** The ids of all slots, with the order in which they were written. */
export function* idChunks(table: PointTable): Generator<Uint8Array, void, void> {
  for (let from = 0; from < table.slotCount; from += sliceSlots) {
    const writer = new ByteWriter(sliceSlots * 24)
    const to = Math.min(from + sliceSlots, table.slotCount)
    for (let slot = from; slot < to; slot += 1) {
      writer.uint64(table.ordinalAt(slot))
      const id = table.idAt(slot)
      if (id === null) writer.byte(dead)
      else writeId(writer, id)
    }
    yield writer.bytes
  }
}

/** The metadata of all slots: JSON, or nothing. */
export function* metadataChunks(table: PointTable): Generator<Uint8Array, void, void> {
  for (let from = 0; from < table.slotCount; from += sliceSlots) {
    const writer = new ByteWriter(sliceSlots * 64)
    const to = Math.min(from + sliceSlots, table.slotCount)
    for (let slot = from; slot < to; slot += 1) writer.text(table.metadataTextAt(slot) ?? '')
    yield writer.bytes
  }
}

/** Metadata are parsed and their words indexed: so many letters between two turns of others. */
const lettersPerTurn = 100_000
const lettersOfRow = 100

/** Fills the table from both sections; yields now and then, so that others get their turn. */
export function* readTable(
  table: PointTable,
  sections: { readonly ids: Uint8Array; readonly metadata: Uint8Array },
): Generator<void, void, void> {
  const ids = new ByteReader(sections.ids, 'section ids')
  const metadata = new ByteReader(sections.metadata, 'section metadata')
  let before = -1
  let letters = 0
  while (ids.left > 0) {
    const ordinal = ids.uint64()
    if (ordinal <= before) throw damaged('section ids is out of order')
    before = ordinal
    const kind = ids.byte()
    const text = metadata.text()
    if (kind === dead) table.appendDead(ordinal)
    else {
      const id = readId(ids, kind)
      if (table.slotOf(id) !== undefined) throw damaged(`section ids has ${id} twice`)
      table.append({ id, ordinal, metadata: text === '' ? undefined : parseStored(text) })
    }
    letters += text.length + lettersOfRow
    if (letters < lettersPerTurn) continue
    letters = 0
    yield
  }
  metadata.expectEnd()
}

function writeId(writer: ByteWriter, id: VectorPointId): void {
  if (typeof id === 'number') {
    writer.byte(idKinds.number)
    writer.uint64(id)
  } else {
    writer.byte(idKinds.text)
    writer.text(id)
  }
}

function readId(reader: ByteReader, kind: number): VectorPointId {
  if (kind === idKinds.number) return reader.uint64()
  if (kind === idKinds.text) return reader.text()
  throw damaged(`an id is of kind ${kind}, which there is not`)
}
