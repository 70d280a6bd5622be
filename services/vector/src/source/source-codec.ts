import type { VectorPointId } from '@hypermesh/contract'
import { ByteReader } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { damaged } from '../framed-file.ts'
import { applyRemove, applyWrite, type IndexState } from '../index-state.ts'
import { bytesOf } from '../log-format.ts'
import type { PointBatch } from '../point-batch.ts'
import {
  decodeRemove,
  decodeWrite,
  encodeRemove,
  encodeWrite,
  type WriteBatch,
} from '../point-codec.ts'
import { type SourceState, sourceState } from './source-state.ts'

/** What a step of following a table does: rows and how far they go, in one record. */
export interface FollowRecord {
  /** Null: it follows nothing from here on. */
  readonly source: SourceState | null
  readonly remove: readonly VectorPointId[]
  readonly write: WriteBatch | undefined
}

/** What a step is to change, as far as that goes without knowing what the index holds. */
export interface FollowStep {
  readonly source: SourceState | null
  readonly remove: readonly VectorPointId[]
  readonly batch: PointBatch | undefined
  /** Throws where it may not be done, when its turn is there. */
  readonly check?: () => void
}

export async function applyFollow(
  state: IndexState,
  { remove, write }: FollowRecord,
): Promise<void> {
  applyRemove(state, remove)
  if (write !== undefined) await applyWrite(state, write)
}

export function encodeFollow({ source, remove, write }: FollowRecord): readonly Uint8Array[] {
  const removed = encodeRemove(remove)
  const written = write === undefined ? [] : encodeWrite(write)
  const text = JSON.stringify(source)
  const writer = new ByteWriter(removed.length + text.length * 2 + 64)
  writer.text(text)
  writer.uint32(removed.length)
  writer.raw(removed)
  writer.uint32(bytesOf(written))
  return [writer.bytes, ...written]
}

export function decodeFollow(payload: Uint8Array): FollowRecord {
  const reader = new ByteReader(payload, 'a record of its log')
  const source = parseSource(reader.text())
  const remove = decodeRemove(reader.raw(reader.uint32()))
  const written = reader.raw(reader.uint32())
  reader.expectEnd()
  return { source, remove, write: written.length === 0 ? undefined : decodeWrite(written) }
}

function parseSource(text: string): SourceState | null {
  try {
    return sourceState.nullable().parse(JSON.parse(text))
  } catch (cause) {
    throw damaged('what it follows cannot be read', cause)
  }
}

/** Of the envelope of a file; one that is not there follows nothing. */
export function sourceOf(envelope: Readonly<Record<string, unknown>>): SourceState | null {
  const parsed = sourceState.nullish().safeParse(envelope.source)
  if (parsed.success) return parsed.data ?? null
  throw damaged('its envelope does not say what it follows', parsed.error)
}
