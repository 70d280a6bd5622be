import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { detectCompression, detectFormat, type FormatHints, unpack } from '@hypermesh/duckdb'
import { toStorageError } from '@hypermesh/object-store'
import type { SourceFile } from './source-file.ts'

export interface PlainFileOptions {
  readonly hints: FormatHints
  /** The request's own, where copies go. */
  readonly directory: string
  /** Of a packed file once unpacked. */
  readonly bytesMax: number
  readonly signal: AbortSignal
}

/**
 * The file as DuckDB can read it: unpacked, and JSON without a byte order mark. Packed files are
 * unpacked once, because inference and load read them several times, and checked to their end.
 */
export async function toPlainFile(
  file: SourceFile,
  options: PlainFileOptions,
): Promise<SourceFile> {
  const { hints } = options
  const compression = await detectCompression(file.path, hints)
  const unpacked = compression === 'none' ? file : await unpackFile(file, compression, options)
  const { format, byteOrderMark } = await detectFormat({ path: unpacked.path, hints })
  const isJson = format === 'json' || format === 'ndjson'
  return isJson && byteOrderMark ? withoutMark(unpacked, options) : unpacked
}

const chunkBytes = 256 * 1024

async function unpackFile(
  file: SourceFile,
  compression: 'gzip' | 'zstd',
  { directory, bytesMax, signal }: PlainFileOptions,
): Promise<SourceFile> {
  const path = join(directory, 'unpacked')
  const packed = createReadStream(file.path, { highWaterMark: chunkBytes, signal })
  await copy(unpack(packed, { compression, bytesMax }), path, signal)
  // Only what this request made: a job keeps its file for the next attempt.
  if (dirname(file.path) === directory) await rm(file.path)
  return { ...file, path, compression, inPlace: false }
}

const byteOrderMarkBytes = 3

async function withoutMark(
  file: SourceFile,
  { directory, signal }: PlainFileOptions,
): Promise<SourceFile> {
  const path = join(directory, 'plain')
  await copy(createReadStream(file.path, { start: byteOrderMarkBytes }), path, signal)
  return { ...file, path, inPlace: false }
}

async function copy(
  from: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await pipeline(from, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal })
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw toStorageError(error, 'the unpacked file', 'none')
  }
}
