import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { toStorageError } from '@hypermesh/object-store'
import type { SourceFile } from './source-file.ts'

/** Takes an upload in segments while the rest of it arrives. */
export interface SegmentTaker {
  /** Asked after each batch, of the file that is being written: whether to end it with a line. */
  wants(path: string, bytes: number): Promise<boolean>
  /** The next segment, finished; once there is one, the end of the upload is one too. */
  take(path: string, bytes: number): void
}

/** Chunks of a body come in 64 KiB; this many bytes of them are written at once. */
const batchBytes = 1024 * 1024
const lineFeed = 10

/**
 * Writes an upload to a spool file, hashing on the way. While one batch is written the next is received,
 * so at most two are held. Not synced: a crash before the load's commit leaves nothing of it.
 */
export async function spoolBody(
  body: AsyncIterable<Uint8Array>,
  directory: string,
  signal: AbortSignal,
  taker?: SegmentTaker,
): Promise<SourceFile> {
  const spool = await SpoolWriter.open(directory, taker)
  try {
    let batch: Uint8Array[] = []
    let held = 0
    for await (const chunk of body) {
      signal.throwIfAborted()
      batch.push(chunk)
      held += chunk.byteLength
      if (held < batchBytes) continue
      await spool.write(batch)
      batch = []
      held = 0
    }
    await spool.write(batch)
    return await spool.end()
  } finally {
    await spool.close()
  }
}

/** One file, or several that follow one another where segments are taken. */
class SpoolWriter {
  readonly #directory: string
  readonly #taker: SegmentTaker | undefined
  readonly #hash = createHash('sha256')
  readonly #parts: string[]
  #file: FileHandle
  #partBytes = 0
  #bytes = 0
  #written: Promise<void> = Promise.resolve()

  private constructor(options: {
    readonly directory: string
    readonly taker: SegmentTaker | undefined
    readonly path: string
    readonly file: FileHandle
  }) {
    this.#directory = options.directory
    this.#taker = options.taker
    this.#parts = [options.path]
    this.#file = options.file
  }

  static async open(directory: string, taker: SegmentTaker | undefined): Promise<SpoolWriter> {
    const path = join(directory, 'source')
    return new SpoolWriter({ directory, taker, path, file: await create(path) })
  }

  async write(batch: readonly Uint8Array[]): Promise<void> {
    const isDue = await this.#taker?.wants(this.#path, this.#partBytes)
    const at = isDue ? lastLineEnd(batch) : undefined
    if (at === undefined) return this.#put(batch)
    await this.#put(at.before)
    await this.#endPart()
    const path = join(this.#directory, `source-${this.#parts.length}`)
    this.#file = await create(path)
    this.#parts.push(path)
    this.#partBytes = 0
    await this.#put(at.after)
  }

  async end(): Promise<SourceFile> {
    await this.#endPart(this.#parts.length > 1)
    const [path = '', ...others] = this.#parts
    let whole: Promise<void> | undefined
    return {
      path,
      bytes: this.#bytes,
      compression: 'none',
      inPlace: false,
      sha256: Promise.resolve(this.#hash.digest('hex')),
      assertUnchanged: async () => {},
      whole: () => {
        whole ??= append(path, others)
        return whole
      },
    }
  }

  async close(): Promise<void> {
    await this.#written.catch(() => undefined)
    await this.#file.close()
  }

  get #path(): string {
    return this.#parts.at(-1) ?? ''
  }

  async #put(batch: readonly Uint8Array[]): Promise<void> {
    const file = this.#file
    const earlier = this.#written
    this.#written = earlier.then(() => writeAll(file, batch))
    // A failure is told to who awaits it next, not to the process.
    this.#written.catch(() => undefined)
    await earlier
    for (const chunk of batch) {
      this.#hash.update(chunk)
      this.#partBytes += chunk.byteLength
      this.#bytes += chunk.byteLength
    }
  }

  async #endPart(isTaken = true): Promise<void> {
    await this.#written
    await this.#file.close()
    if (isTaken && this.#partBytes > 0) this.#taker?.take(this.#path, this.#partBytes)
  }
}

/** The batch in two, parted behind its last line feed; undefined where it has none. */
function lastLineEnd(batch: readonly Uint8Array[]) {
  for (let index = batch.length - 1; index >= 0; index -= 1) {
    const chunk = batch[index] ?? new Uint8Array(0)
    const at = chunk.lastIndexOf(lineFeed) + 1
    if (at === 0) continue
    return {
      before: [...batch.slice(0, index), chunk.subarray(0, at)],
      after: [chunk.subarray(at), ...batch.slice(index + 1)],
    }
  }
  return undefined
}

async function append(path: string, others: readonly string[]): Promise<void> {
  for (const other of others) {
    const from = createReadStream(other, { highWaterMark: batchBytes })
    await pipeline(from, createWriteStream(path, { flags: 'a' })).catch(failed)
    await rm(other)
  }
}

async function create(path: string): Promise<FileHandle> {
  return open(path, 'wx', 0o600).catch(failed)
}

async function writeAll(file: FileHandle, batch: readonly Uint8Array[]): Promise<void> {
  let rest = batch.filter((chunk) => chunk.byteLength > 0)
  while (rest.length > 0) {
    let { bytesWritten } = await file.writev(rest).catch(failed)
    while (bytesWritten >= (rest[0]?.byteLength ?? Number.POSITIVE_INFINITY)) {
      bytesWritten -= rest[0]?.byteLength ?? 0
      rest = rest.slice(1)
    }
    const [first, ...others] = rest
    if (first !== undefined) rest = [first.subarray(bytesWritten), ...others]
  }
}

function failed(error: unknown): never {
  throw toStorageError(error, 'the uploaded file', 'none')
}
