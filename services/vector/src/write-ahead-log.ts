import { type FileHandle, open } from 'node:fs/promises'
import { HyperMeshError } from '@hypermesh/contract'
import { faultPoint, toStorageError, writeDurable } from '@hypermesh/object-store'
import {
  bytesOf,
  encodeLogHead,
  encodeRecordHead,
  type LogHead,
  logHeadBytes,
  type RecordType,
  recordTypes,
} from './log-format.ts'

export interface LogEntry {
  readonly type: RecordType
  /** One behind the other; not to be changed until they are durable. */
  readonly payload: readonly Uint8Array[]
}

interface OpenLog {
  readonly handle: FileHandle
  readonly bytes: number
  /** The last that the file holds, or that came before it. */
  readonly sequence: number
}

const what = 'the log of the index'

/** The end of a log, open for writing. Requires: one commit at a time. */
export class WriteAheadLog {
  readonly #handle: FileHandle
  #bytes: number
  #sequence: number
  #failure: HyperMeshError | undefined

  private constructor({ handle, bytes, sequence }: OpenLog) {
    this.#handle = handle
    this.#bytes = bytes
    this.#sequence = sequence
  }

  /** A new, empty log in place of any of that name, durable when it is returned. */
  static async create(path: string, temporary: string, head: LogHead): Promise<WriteAheadLog> {
    await writeDurable(path, encodeLogHead(head), { mode: 'replace', temporary, what })
    return WriteAheadLog.open(path, { bytes: logHeadBytes, sequence: head.firstSequence - 1 })
  }

  /** Goes on behind what was read; what stands there is cut off. */
  static async open(
    path: string,
    read: { readonly bytes: number; readonly sequence: number },
  ): Promise<WriteAheadLog> {
    const handle = await open(path, 'r+').catch((error: unknown) => {
      throw toStorageError(error, what, 'none')
    })
    try {
      if ((await handle.stat()).size !== read.bytes) {
        faultPoint('log-truncate:before')
        await handle.truncate(read.bytes)
        await handle.datasync()
        faultPoint('log-truncate:after')
      }
      return new WriteAheadLog({ handle, ...read })
    } catch (error) {
      await handle.close()
      throw toStorageError(error, what, 'none')
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  get sequence(): number {
    return this.#sequence
  }

  /** Why it takes nothing any more. */
  get failure(): HyperMeshError | undefined {
    return this.#failure
  }

  /**
   * Writes the entries and syncs them once; they are durable when it is fulfilled. After a failure
   * nobody knows what the file holds, and a second sync may say that all is well though pages were
   * dropped: so nothing is taken until the file has been read again.
   */
  async commit(entries: readonly LogEntry[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const synced = this.#sequence
    try {
      await this.#write(
        entries.map((entry, index) => this.#record(entry, synced + 1 + index, synced)),
      )
      faultPoint('log-sync:before')
      await this.#handle.datasync()
      this.#sequence = synced + entries.length
      faultPoint('log-sync:after')
      // Not synced: a process that is killed leaves it, and only such a file is judged by it.
      const mark = { type: recordTypes.mark, payload: [] }
      await this.#write([this.#record(mark, this.#sequence, this.#sequence)])
    } catch (error) {
      const { message } = toStorageError(error, what, 'unknown')
      this.#failure = new HyperMeshError(
        'unavailable',
        `${message}; the index takes no writes until the server has started anew`,
        { cause: error, effect: 'unknown' },
      )
      throw this.#failure
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  #record({ type, payload }: LogEntry, sequence: number, synced: number): readonly Uint8Array[] {
    return [encodeRecordHead({ sequence, synced, type, payload }), ...payload]
  }

  async #write(records: readonly (readonly Uint8Array[])[]): Promise<void> {
    const parts = records.flat().filter((part) => part.length > 0)
    const bytes = bytesOf(parts)
    faultPoint('log-write:before')
    await writeAll(this.#handle, parts, this.#bytes)
    this.#bytes += bytes
    faultPoint('log-write:after')
  }
}

/** Small ones are joined; large ones are written as they are. */
async function writeAll(
  handle: FileHandle,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let at = position
  let joined: Uint8Array[] = []
  let joinedBytes = 0
  const flush = async () => {
    at += await writeOne(handle, Buffer.concat(joined), at)
    joined = []
    joinedBytes = 0
  }
  for (const part of parts) {
    if (joinedBytes > 0 && joinedBytes + part.length > joinedBytesMax) await flush()
    if (part.length > joinedBytesMax) at += await writeOne(handle, part, at)
    else {
      joined.push(part)
      joinedBytes += part.length
    }
  }
  if (joinedBytes > 0) await flush()
}

const joinedBytesMax = 1024 * 1024

async function writeOne(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
  return bytes.length
}
