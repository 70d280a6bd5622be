import type { ByteSink } from './byte-sink.ts'

/** How many of each a record batch has: the same in all of one schema. */
export interface BatchShape {
  readonly nodes: number
  readonly buffers: number
}

const words = (low: number, high: number) => low | (high << 16)

/**
 * The flatbuffer of a record batch's message up to its nodes (format/Message.fbs of Arrow), in words of
 * four bytes: root, the table Message behind the offsets of its fields, and the same of RecordBatch.
 */
const head = [
  16,
  ...[words(12, 20), words(16, 18), words(4, 8)],
  // Message: where its offsets are, its header, bodyLength, version 5 and the kind of the header.
  ...[12, 28, 0, 0, words(4, 3)],
  ...[words(10, 20), words(8, 4), 16],
  // RecordBatch: where its offsets are, its nodes, its length; its buffers follow below.
  ...[12, 16, 0, 0],
] as const
const bodyLengthAt = 24
const rowCountAt = 56
const buffersOffsetAt = 64
const nodesAt = 72
/** The mark of a message and its length. */
const prefixBytes = 8
const pairBytes = 16

/**
 * A record batch of an Arrow IPC stream, written to where it is sent from. The message in front of the
 * body is as long for every batch of the schema, so that it is written when all is known.
 */
export class ArrowBatch {
  readonly sink: ByteSink
  readonly #shape: BatchShape
  readonly #startAt: number
  readonly #bodyAt: number
  readonly #nodes: number[] = []
  readonly #buffers: number[] = []

  constructor(sink: ByteSink, shape: BatchShape) {
    this.sink = sink
    this.#shape = shape
    this.#startAt = sink.length
    const pairs = (shape.nodes + shape.buffers) * pairBytes
    this.#bodyAt = sink.length + prefixBytes + nodesAt + prefixBytes + pairs
    sink.reserve(this.#bodyAt - sink.length)
    sink.length = this.#bodyAt
  }

  /** A column, or what one holds, in the order of the schema. Its buffers follow. */
  node(length: number, nullCount: number): void {
    this.#nodes.push(length, nullCount)
  }

  /** A buffer of so many bytes; returns where they are to be written in the sink. */
  buffer(bytes: number): number {
    const at = this.sink.length
    this.sink.reserve(bytes)
    this.sink.length += bytes
    this.endBuffer(at)
    return at
  }

  /** A buffer that was written to the sink from there on. */
  endBuffer(startAt: number): void {
    const { sink } = this
    const bytes = sink.length - startAt
    this.#buffers.push(startAt - this.#bodyAt, bytes)
    // Zeros: the memory may have held what another asked for.
    for (let rest = -bytes & 7; rest > 0; rest -= 1) sink.byte(0)
  }

  finish(rowCount: number): void {
    const { nodes, buffers } = this.#shape
    if (this.#nodes.length !== nodes * 2 || this.#buffers.length !== buffers * 2) {
      throw new RangeError('a record batch does not have the shape of its schema')
    }
    const { view } = this.sink
    const start = this.#startAt + prefixBytes
    view.setInt32(this.#startAt, -1, true)
    view.setInt32(this.#startAt + 4, this.#bodyAt - start, true)
    for (const [index, word] of head.entries()) view.setInt32(start + index * 4, word, true)
    const nodesEnd = nodesAt + nodes * pairBytes
    view.setInt32(start + buffersOffsetAt, nodesEnd + 4 - buffersOffsetAt, true)
    view.setInt32(start + nodesAt - 4, nodes, true)
    view.setInt32(start + nodesEnd, 0, true)
    view.setInt32(start + nodesEnd + 4, buffers, true)
    const long = (at: number, value: number) => view.setBigInt64(at, BigInt(value), true)
    long(start + bodyLengthAt, this.sink.length - this.#bodyAt)
    long(start + rowCountAt, rowCount)
    for (const [index, value] of this.#nodes.entries()) long(start + nodesAt + index * 8, value)
    const buffersAt = start + nodesEnd + 8
    for (const [index, value] of this.#buffers.entries()) long(buffersAt + index * 8, value)
  }
}
