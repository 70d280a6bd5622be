import { crc32c } from '@hypermesh/hnsw'

/*
 * The log of an index, little-endian. It begins:
 *
 *   magic 8 · format version u32 · generation u32 · first sequence u64 · index id 16
 *   CRC-32C of all before u32
 *
 * and holds records:
 *
 *   payload bytes u32 · CRC-32C of the rest of the record u32
 *   sequence u64 · synced u64 · type u32 · payload
 *
 * `synced` is the last sequence that was known to be durable when the record was written: where a bad
 * record has a sound one behind it that knew it to be durable, something acknowledged is damaged. A
 * mark is a record without payload, of the sequence before it, that only says this.
 */

const logMagic = Buffer.from('HMVLOG\r\n', 'latin1')
const logVersion = 1
export const logHeadBytes = 44
export const recordHeadBytes = 28
export const recordTypes = { mark: 0, write: 1, remove: 2, follow: 3 } as const
export type RecordType = (typeof recordTypes)[keyof typeof recordTypes]

/** Longer ones are split by who writes them; what says to be longer is damage. */
export const payloadBytesMax = 1024 * 1024 * 1024

export interface LogHead {
  readonly generation: number
  readonly firstSequence: number
  /** 32 hexadecimal digits. */
  readonly indexId: string
}

export interface LogRecord {
  readonly sequence: number
  readonly synced: number
  readonly type: RecordType
  readonly payload: Uint8Array
}

export function encodeLogHead({ generation, firstSequence, indexId }: LogHead): Buffer {
  const head = Buffer.alloc(logHeadBytes)
  logMagic.copy(head)
  head.writeUInt32LE(logVersion, 8)
  head.writeUInt32LE(generation, 12)
  head.writeBigUInt64LE(BigInt(firstSequence), 16)
  Buffer.from(indexId, 'hex').copy(head, 24)
  head.writeUInt32LE(crc32c(head.subarray(0, 40)), 40)
  return head
}

/** Undefined where it is none. */
export function decodeLogHead(head: Buffer): LogHead | undefined {
  if (head.length < logHeadBytes || !head.subarray(0, 8).equals(logMagic)) return undefined
  if (crc32c(head.subarray(0, 40)) !== head.readUInt32LE(40)) return undefined
  if (head.readUInt32LE(8) !== logVersion) return undefined
  return {
    generation: head.readUInt32LE(12),
    firstSequence: Number(head.readBigUInt64LE(16)),
    indexId: head.subarray(24, 40).toString('hex'),
  }
}

/** The head of a record, to be followed by the parts of its payload. */
export function encodeRecordHead({
  sequence,
  synced,
  type,
  payload,
}: Omit<LogRecord, 'payload'> & { readonly payload: readonly Uint8Array[] }): Buffer {
  const head = Buffer.alloc(recordHeadBytes)
  head.writeUInt32LE(bytesOf(payload), 0)
  head.writeBigUInt64LE(BigInt(sequence), 8)
  head.writeBigUInt64LE(BigInt(synced), 16)
  head.writeUInt32LE(type, 24)
  let crc = crc32c(head.subarray(8))
  for (const part of payload) crc = crc32c(part, crc)
  head.writeUInt32LE(crc, 4)
  return head
}

export function bytesOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

export interface RecordHead {
  readonly payloadBytes: number
  readonly crc: number
  readonly sequence: number
  readonly synced: number
  readonly type: number
}

export function decodeRecordHead(bytes: Buffer, at: number): RecordHead {
  return {
    payloadBytes: bytes.readUInt32LE(at),
    crc: bytes.readUInt32LE(at + 4),
    sequence: Number(bytes.readBigUInt64LE(at + 8)),
    synced: Number(bytes.readBigUInt64LE(at + 16)),
    type: bytes.readUInt32LE(at + 24),
  }
}
