import { type FileHandle, open } from 'node:fs/promises'
import {
  type Compression,
  type FileFormat,
  HyperMeshError,
  mediaTypes,
  printable,
} from '@hypermesh/contract'
import { packedName } from './packing.ts'

const endings: Readonly<Record<string, FileFormat>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'json',
  parquet: 'parquet',
  pq: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  ipc: 'arrow',
  feather: 'arrow',
}

export interface FormatHints {
  readonly format?: FileFormat | undefined
  readonly mediaType?: string | undefined
  readonly fileName?: string | undefined
  /** How the file is packed; absent: told by its name and its first bytes. */
  readonly compression?: Compression | undefined
}

/** What a request tells of the format: by name, by media type, by the ending of the file's name. */
export function hintedFormat(hints: FormatHints): FileFormat | undefined {
  if (hints.format !== undefined) return hints.format
  const media = hints.mediaType?.split(';')[0]?.trim().toLowerCase()
  const ofMedia = media === undefined ? undefined : lookUp(mediaTypes, media)
  if (ofMedia !== undefined) return ofMedia
  const ending = /\.([A-Za-z0-9]+)$/.exec(packedName(hints.fileName ?? '').name)?.[1]?.toLowerCase()
  return ending === undefined ? undefined : lookUp(endings, ending)
}

function lookUp(table: Readonly<Record<string, FileFormat>>, key: string): FileFormat | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}

/** The first bytes of a file, enough to tell its format and dialect. */
export interface FileHead {
  readonly bytes: Uint8Array
  readonly fileBytes: number
}

export const headBytesMax = 1024 * 1024

export async function readHead(path: string): Promise<FileHead> {
  return readFirst(path, headBytesMax)
}

/** The first few bytes, enough for a magic number. */
export async function readStart(path: string): Promise<Uint8Array> {
  return (await readFirst(path, 16)).bytes
}

async function readFirst(path: string, bytesMax: number): Promise<FileHead> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const { size } = await file.stat()
    const bytes = Buffer.alloc(Math.min(size, bytesMax))
    let read = 0
    while (read < bytes.length) {
      const { bytesRead } = await file.read(bytes, read, bytes.length - read, read)
      if (bytesRead === 0) break
      read += bytesRead
    }
    return { bytes: bytes.subarray(0, read), fileBytes: size }
  } finally {
    await file?.close()
  }
}

/** Byte sequences that begin files which are no table of ours, by name. */
const foreign: readonly (readonly [string, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstandard', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['zip or Excel', [0x50, 0x4b, 0x03, 0x04]],
  ['PDF', [0x25, 0x50, 0x44, 0x46]],
  ['Feather version 1', [0x46, 0x45, 0x41, 0x31]],
  ['ORC', [0x4f, 0x52, 0x43]],
  ['SQLite', [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65, 0x20]],
]
const encodings: readonly (readonly [string, readonly number[]])[] = [
  ['UTF-32 little-endian', [0xff, 0xfe, 0, 0]],
  ['UTF-32 big-endian', [0, 0, 0xfe, 0xff]],
  ['UTF-16 little-endian', [0xff, 0xfe]],
  ['UTF-16 big-endian', [0xfe, 0xff]],
]
const parquetMagic = [0x50, 0x41, 0x52, 0x31]
const arrowMagics = [
  [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31, 0, 0],
  // A stream has none, but begins with the mark of a message, which is no text.
  [0xff, 0xff, 0xff, 0xff],
]

/**
 * The format of a file: as told, else by its content. Throws `invalid` for an empty file, another
 * encoding than UTF-8, or content that is plainly not what was told.
 */
export function settleFormat(head: FileHead, hinted: FileFormat | undefined): FileFormat {
  if (head.fileBytes === 0) throw new HyperMeshError('invalid', 'the file is empty (0 bytes)')
  const isParquet = startsWith(head.bytes, parquetMagic)
  if (hinted === 'parquet' || (hinted === undefined && isParquet)) return parquet(head, isParquet)
  if (isParquet) {
    throw new HyperMeshError('invalid', `the file is Parquet, not ${hinted}; say format=parquet`)
  }
  const isArrow = arrowMagics.some((magic) => startsWith(head.bytes, magic))
  if (hinted === 'arrow' || (hinted === undefined && isArrow)) return 'arrow'
  if (isArrow)
    throw new HyperMeshError('invalid', `the file is Arrow, not ${hinted}; say format=arrow`)
  const other = foreign.find(([, magic]) => startsWith(head.bytes, magic))
  if (other !== undefined && !isPlainText(head.bytes)) {
    throw new HyperMeshError(
      'unsupported_media',
      `the file is ${other[0]}; send it unpacked as csv, tsv, ndjson, json or parquet`,
    )
  }
  if (new TextDecoder().decode(head.bytes.subarray(257, 262)) === 'ustar') {
    throw new HyperMeshError('unsupported_media', 'the file is a tar archive; send what is in it')
  }
  const encoding = encodings.find(([, magic]) => startsWith(head.bytes, magic))
  if (encoding !== undefined) {
    throw new HyperMeshError('invalid', `the file is ${encoding[0]}; convert it to UTF-8`)
  }
  return hinted ?? sniffText(decodeHead(head))
}

function parquet(head: FileHead, isParquet: boolean): FileFormat {
  if (isParquet) return 'parquet'
  const start = printable(new TextDecoder().decode(head.bytes.subarray(0, 16)))
  throw new HyperMeshError(
    'invalid',
    `the file is not Parquet, or is damaged: it begins with "${start}"`,
  )
}

function sniffText(text: string): FileFormat {
  const body = text.trimStart()
  const firstLine = body.split(/\r\n|\n|\r/, 1)[0] ?? ''
  if (body.startsWith('[')) return 'json'
  if (body.startsWith('{')) return isJson(firstLine) ? 'ndjson' : 'json'
  return firstLine.split('\t').length > firstLine.split(',').length ? 'tsv' : 'csv'
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The head as text; throws `invalid` with the position of the first byte that is not UTF-8. */
export function decodeHead(head: FileHead): string {
  const cut = head.bytes.length < head.fileBytes
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return decoder.decode(head.bytes, { stream: cut })
  } catch (cause) {
    const at = validPrefixBytes(head.bytes)
    const line = countLines(head.bytes.subarray(0, at))
    throw new HyperMeshError('invalid', `the file is not UTF-8: byte ${at + 1}, in line ${line}`, {
      details: { line, byte: at + 1 },
      cause,
    })
  }
}

/** How many bytes from the start are well-formed UTF-8, by halving. */
function validPrefixBytes(bytes: Uint8Array): number {
  let low = 0
  let high = bytes.length
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (isValidSoFar(bytes.subarray(0, middle))) low = middle
    else high = middle - 1
  }
  return low
}

function isValidSoFar(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

function countLines(bytes: Uint8Array): number {
  let lines = 1
  for (const byte of bytes) if (byte === 0x0a) lines += 1
  return lines
}

export function hasByteOrderMark(head: FileHead): boolean {
  return startsWith(head.bytes, [0xef, 0xbb, 0xbf])
}

/** Text may begin with the letters of a magic number: `BZh`, `ORC`, `ARROW1` can be a header. */
function isPlainText(bytes: Uint8Array): boolean {
  return !bytes.subarray(0, 512).some((byte) => byte < 9 || (byte > 13 && byte < 32))
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte)
}
