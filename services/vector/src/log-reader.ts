import { type FileHandle, open } from 'node:fs/promises'
import { crc32c } from '@hypermesh/hnsw'
import { toStorageError } from '@hypermesh/object-store'
import { damaged } from './framed-file.ts'
import {
  decodeLogHead,
  decodeRecordHead,
  type LogHead,
  type LogRecord,
  logHeadBytes,
  payloadBytesMax,
  type RecordType,
  recordHeadBytes,
  recordTypes,
} from './log-format.ts'

const windowBytes = 1024 * 1024
const typeMax = recordTypes.follow

/**
 * Reads a log record by record, one in memory at a time. What ends within a record, or with one whose
 * checksum is wrong, is a torn tail of what nobody was told of, unless a sound record behind it knew
 * better; then the index is damaged.
 */
export class LogReader {
  readonly head: LogHead
  readonly #handle: FileHandle
  readonly #fileBytes: number
  #at = logHeadBytes
  #sequence: number

  private constructor(handle: FileHandle, fileBytes: number, head: LogHead) {
    this.#handle = handle
    this.#fileBytes = fileBytes
    this.head = head
    this.#sequence = head.firstSequence - 1
  }

  static async open(path: string): Promise<LogReader> {
    const handle = await open(path, 'r').catch((error: unknown) => {
      throw toStorageError(error, 'the log of the index', 'none')
    })
    try {
      const { size } = await handle.stat()
      const head = decodeLogHead(await readAt(handle, 0, Math.min(size, logHeadBytes)))
      if (head === undefined) throw damaged('the head of its log fails its check')
      return new LogReader(handle, size, head)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Of the last record that was sound. */
  get sequence(): number {
    return this.#sequence
  }

  /** How far the file was sound: all of it, or up to a torn tail. */
  get soundBytes(): number {
    return this.#at
  }

  get isTorn(): boolean {
    return this.#at < this.#fileBytes
  }

  /** Nothing was ever written to it. */
  get isEmpty(): boolean {
    return this.#fileBytes === logHeadBytes
  }

  async *records(): AsyncGenerator<LogRecord, void, void> {
    for (;;) {
      const record = await this.#next()
      if (record === undefined) break
      if (record.type !== recordTypes.mark) {
        this.#sequence = record.sequence
        yield record
      }
    }
    if (this.isTorn) await this.#assertTornTail()
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  /** Undefined at the end and where no sound record stands. */
  async #next(): Promise<LogRecord | undefined> {
    const left = this.#fileBytes - this.#at
    if (left < recordHeadBytes) return undefined
    const bytes = await readAt(this.#handle, this.#at, recordHeadBytes)
    const head = decodeRecordHead(bytes, 0)
    if (head.payloadBytes > Math.min(left - recordHeadBytes, payloadBytesMax)) return undefined
    const payload = await readAt(this.#handle, this.#at + recordHeadBytes, head.payloadBytes)
    if (crc32c(payload, crc32c(bytes.subarray(8))) !== head.crc) return undefined
    const expected = this.#sequence + (head.type === recordTypes.mark ? 0 : 1)
    if (head.sequence !== expected || head.type > typeMax) {
      throw damaged(`record ${head.sequence} of its log stands where ${expected} should`)
    }
    this.#at += recordHeadBytes + head.payloadBytes
    // Within bounds, see above.
    return { ...head, type: head.type as RecordType, payload }
  }

  /** Looks behind what is not sound for a record that knew it to be durable. */
  async #assertTornTail(): Promise<void> {
    const missing = this.#sequence + 1
    for (let start = this.#at; start < this.#fileBytes; start += windowBytes) {
      const length = Math.min(windowBytes + recordHeadBytes - 1, this.#fileBytes - start)
      const bytes = await readAt(this.#handle, start, length)
      for (let at = 0; at + recordHeadBytes <= bytes.length; at += 1) {
        // The cheapest first: this is asked for each byte.
        if (bytes.readUInt32LE(at + 24) > typeMax) continue
        const head = decodeRecordHead(bytes, at)
        if (!this.#isPlausible(head, start + at) || head.synced < missing) continue
        const payload = await readAt(this.#handle, start + at + recordHeadBytes, head.payloadBytes)
        const own = bytes.subarray(at + 8, at + recordHeadBytes)
        if (crc32c(payload, crc32c(own)) !== head.crc) continue
        throw damaged(
          `record ${missing} of its log fails its check, and record ${head.sequence} behind it says that it was acknowledged`,
        )
      }
    }
  }

  #isPlausible(head: ReturnType<typeof decodeRecordHead>, at: number): boolean {
    const left = this.#fileBytes - at - recordHeadBytes
    const sequenceMax = this.#sequence + 1 + (this.#fileBytes - this.#at) / recordHeadBytes
    return head.payloadBytes <= left && head.synced <= head.sequence && head.sequence <= sequenceMax
  }
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done)
    if (bytesRead === 0) throw damaged('its log has become shorter while it was read')
    done += bytesRead
  }
  return bytes
}
