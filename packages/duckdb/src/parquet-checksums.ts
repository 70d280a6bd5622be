/**
 * Parquet pages may carry a CRC-32 of their bytes. DuckDB neither writes nor checks it, so a flipped
 * byte would load as another value; where a file has checksums they are verified here.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { HyperMeshError } from '@hypermesh/contract'
import { type PageHeader, parsePageHeader } from './parquet-page-header.ts'

/** The bytes of one column in one row group, as the footer tells: `[start, end)`. */
export interface ColumnChunk {
  readonly column: string
  readonly start: number
  readonly end: number
}

const headerBytesFirst = 512
const headerBytesMax = 16 * 1024 * 1024
const pieceBytes = 1024 * 1024

/**
 * Throws `invalid` when a page does not have the checksum that its header states. A file
 * without any passes; in one that has some, every page must, and the pages must fill their chunk.
 */
export async function verifyPageChecksums(
  path: string,
  chunks: readonly ColumnChunk[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = await open(path, 'r')
  try {
    let checked = 0
    let broken: string | undefined
    for (const chunk of chunks) {
      const result = await verifyChunk(file, chunk, signal)
      checked += result.checked
      // A flipped header can also hide the checksum that it had.
      if (!result.addsUp || result.unchecked > 0) broken ??= chunk.column
    }
    if (checked > 0 && broken !== undefined) throw damaged(broken)
  } finally {
    await file.close()
  }
}

async function verifyChunk(
  file: FileHandle,
  chunk: ColumnChunk,
  signal: AbortSignal | undefined,
): Promise<{ checked: number; unchecked: number; addsUp: boolean }> {
  let checked = 0
  let unchecked = 0
  let at = chunk.start
  while (at < chunk.end) {
    signal?.throwIfAborted()
    const header = await readHeader(file, at, chunk.end)
    if (header === undefined) return { checked, unchecked, addsUp: false }
    const body = at + header.headerBytes
    at = body + header.bodyBytes
    if (at > chunk.end) return { checked, unchecked, addsUp: false }
    if (header.crc === undefined) unchecked += 1
    else if ((await checksum(file, body, at)) !== header.crc) throw damaged(chunk.column)
    else checked += 1
  }
  return { checked, unchecked, addsUp: true }
}

async function readHeader(
  file: FileHandle,
  start: number,
  end: number,
): Promise<PageHeader | undefined> {
  // A header holds statistics of any length; most are short.
  for (let length = headerBytesFirst; ; length *= 8) {
    const wanted = Math.min(length, headerBytesMax, end - start)
    const header = parsePageHeader(await readBytes(file, start, wanted))
    if (header !== 'cut') return header
    if (wanted < length) return undefined
  }
}

async function checksum(file: FileHandle, start: number, end: number): Promise<number> {
  let value = 0
  for (let at = start; at < end; at += pieceBytes) {
    value = crc32(await readBytes(file, at, Math.min(pieceBytes, end - at)), value)
  }
  return value
}

async function readBytes(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, start)
  return bytes.subarray(0, bytesRead)
}

function damaged(column: string): HyperMeshError {
  return new HyperMeshError(
    'invalid',
    `the Parquet file is damaged: a page of ${column} does not have its checksum`,
    { details: { reason: 'page-checksum', column } },
  )
}
