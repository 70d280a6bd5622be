import { HyperMeshError } from '@hypermesh/contract'
import type { ArrowBytes } from './arrow-bytes.ts'
import { type ArrowField, readSchema } from './arrow-schema.ts'
import { damagedArrow, FlatTable } from './flatbuffer.ts'

/** A record batch or the values of a dictionary: where its buffers lie in the body. */
export interface ArrowBatch {
  /** Undefined: rows; otherwise values of the dictionary with this id. */
  readonly dictionary: { readonly id: number; readonly isDelta: boolean } | undefined
  readonly rows: number
  /** Length and null count of each field, depth first. */
  readonly nodes: readonly number[]
  /** Offset and length of each buffer. */
  readonly buffers: readonly number[]
  readonly codec: 'lz4' | 'zstd' | undefined
  readonly variadicCounts: readonly number[]
  /** Of the body in the file. */
  readonly start: number
  readonly bytes: number
}

const arrowFileMagic = Buffer.from('ARROW1')
const trailerBytes = 10
const metadataBytesMax = 64 * 1024 * 1024
const continuation = 0xffffffff

/**
 * Reads the batches of an Arrow IPC file or stream. A file's footer says where they lie; a stream is
 * read from message to message, up to the mark of its end.
 */
export class ArrowMessages {
  readonly #bytes: ArrowBytes
  /** Where the messages end: the footer of a file, the end of a stream. */
  readonly #end: number
  readonly #footer: FlatTable | undefined
  /** Of a file: where the batches begin, dictionaries first. */
  readonly #blocks: readonly number[]
  #block = 0
  #at = 0

  private constructor(bytes: ArrowBytes, end: number, footer: FlatTable | undefined) {
    this.#bytes = bytes
    this.#end = end
    this.#footer = footer
    const blocks = [footer?.firstInt64s(2, blockBytes), footer?.firstInt64s(3, blockBytes)]
    this.#blocks = blocks.flatMap((each) => each ?? [])
  }

  /** Throws `invalid` where a file has no proper end. */
  static async open(bytes: ArrowBytes): Promise<ArrowMessages> {
    const { size } = bytes
    // A stream is known to be one, and is read once.
    if (size === Number.POSITIVE_INFINITY) return new ArrowMessages(bytes, size, undefined)
    const start = await bytes.read(0, Math.min(size, 8))
    if (!start.subarray(0, arrowFileMagic.length).equals(arrowFileMagic)) {
      return new ArrowMessages(bytes, size, undefined)
    }
    if (size < 8 + trailerBytes) throw damagedArrow('it is cut off')
    const trailer = await bytes.read(size - trailerBytes, trailerBytes)
    const length = trailer.readInt32LE(0)
    const end = size - trailerBytes - length
    const isWhole = trailer.subarray(4).equals(arrowFileMagic) && length > 0 && end >= 8
    if (!isWhole) throw damagedArrow('it is cut off, its footer is missing')
    if (length > metadataBytesMax) throw damagedArrow('its footer has an impossible length')
    return new ArrowMessages(bytes, end, FlatTable.root(await bytes.read(end, length)))
  }

  async schema(): Promise<ArrowField[]> {
    const schema = this.#footer?.table(1) ?? (await this.#streamSchema())
    if (schema === undefined) throw damagedArrow('it has no schema')
    return readSchema(schema)
  }

  async #streamSchema(): Promise<FlatTable | undefined> {
    const message = await this.#message()
    if (message?.table.int8(1) === 1) return message.table.table(2)
    throw damagedArrow('it does not begin with a schema')
  }

  /** The next batch; undefined at the end, which must be where it is expected. */
  async next(): Promise<ArrowBatch | undefined> {
    const message = await this.#next()
    if (message === undefined) return undefined
    const { table, start, bytes } = message
    const kind = table.int8(1)
    const header = table.table(2)
    if (header === undefined) throw damagedArrow('a message has no header')
    if (kind === 3) return { ...readBatch(header), dictionary: undefined, start, bytes }
    const values = kind === 2 ? header.table(1) : undefined
    if (values === undefined) throw damagedArrow('a message is neither rows nor a dictionary')
    const dictionary = { id: header.int64(0), isDelta: header.int8(2) === 1 }
    return { ...readBatch(values), dictionary, start, bytes }
  }

  async #next(): Promise<FoundMessage | undefined> {
    if (this.#footer === undefined) return this.#message()
    const block = this.#blocks[this.#block]
    if (block === undefined) return undefined
    if (block < 8 || block >= this.#end) throw damagedArrow('a batch lies outside it')
    this.#block += 1
    this.#at = block
    return (await this.#message()) ?? this.#noMessage()
  }

  #noMessage(): never {
    throw damagedArrow('a batch is missing')
  }

  /** What stands here; undefined for the mark of the end, behind which nothing may follow. */
  async #message(): Promise<FoundMessage | undefined> {
    const prefix = await this.#take(4)
    const first = prefix.readUInt32LE(0)
    // Before version 0.15 the length came first.
    const length = first === continuation ? (await this.#take(4)).readUInt32LE(0) : first
    if (length === 0) {
      if (this.#footer !== undefined || (await this.#bytes.isEnd(this.#at))) return undefined
      throw damagedArrow('it goes on behind the mark of its end')
    }
    if (length > metadataBytesMax) throw damagedArrow('the length of its metadata is impossible')
    const table = FlatTable.root(await this.#take(length))
    // Version 3 is V4: the layout of validity and buffers since 2017.
    if (table.int16(0) < 3) {
      throw new HyperMeshError('unsupported', 'the Arrow file is of a version before 0.8')
    }
    const start = this.#at
    const bytes = table.int64(3)
    if (bytes < 0 || start + bytes > this.#end) throw damagedArrow('it is cut off within a batch')
    this.#at += bytes
    return { table, start, bytes }
  }

  /** A stream that just stops may have lost rows, so the mark of its end is asked for. */
  async #take(length: number): Promise<Buffer> {
    if (this.#at + length > this.#end) {
      throw damagedArrow('it is cut off, the mark of its end is missing')
    }
    const bytes = await this.#bytes.read(this.#at, length)
    this.#at += length
    return bytes
  }
}

interface FoundMessage {
  readonly table: FlatTable
  /** Of the body. */
  readonly start: number
  readonly bytes: number
}

/** Offset, length of the metadata, length of the body. */
const blockBytes = 24

function readBatch(table: FlatTable) {
  const compression = table.table(3)
  const rows = table.int64(0)
  if (rows < 0) throw damagedArrow('a batch has a negative length')
  if ((compression?.int8(1) ?? 0) !== 0) throw damagedArrow('its compression is of an unknown kind')
  const codecs = ['lz4', 'zstd'] as const
  const codec = compression && codecs[compression.int8(0)]
  if (compression !== undefined && codec === undefined) {
    throw new HyperMeshError('unsupported', 'the Arrow file is packed in an unknown way')
  }
  return {
    rows,
    nodes: table.int64s(1, 2),
    buffers: table.int64s(2, 2),
    codec,
    variadicCounts: table.int64s(4),
  }
}
