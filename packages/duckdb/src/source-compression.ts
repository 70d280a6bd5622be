import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { type Compression, HyperMeshError } from '@hypermesh/contract'
import { type Packing, packedName, packingOf } from './packing.ts'
import {
  type FileHead,
  type FormatHints,
  headBytesMax,
  readHead,
  readStart,
} from './source-format.ts'
import { ZstdStream } from './zstd-stream.ts'

/**
 * How a file is packed: as told, else as its name says, else by its first bytes. Throws `invalid`
 * where the bytes are not what was said.
 */
export async function detectCompression(path: string, hints: FormatHints): Promise<Compression> {
  const start = await readStart(path)
  const found = packingOf(start)
  if (hints.compression === 'none') return 'none'
  const told = hints.compression ?? packedName(hints.fileName ?? '').packing
  if (told === undefined || told === found || start.length === 0) return found ?? 'none'
  throw new HyperMeshError('invalid', `the file is not ${told}, though it is said to be`)
}

/** How a file is packed that stays where it is: DuckDB unpacks it there, by the ending of its name. */
export async function compressionInPlace(path: string): Promise<Compression> {
  const compression = await detectCompression(path, { fileName: path })
  if (compression === 'none' || knownEnding.test(path)) return compression
  throw new HyperMeshError(
    'unsupported',
    `a file that is packed with ${compression} is read in place if its name ends in .gz or .zst`,
  )
}

/** Of the file unpacked. */
export interface HeadInPlace extends FileHead {
  readonly compression: Compression
}

/**
 * The beginning of such a file, unpacked. A packed file is read to its end for this, since DuckDB
 * knows no limit and passes over damage.
 */
export async function readHeadInPlace(
  path: string,
  { bytesMax, signal }: { readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<HeadInPlace> {
  const compression = await compressionInPlace(path)
  if (compression === 'none') return { ...(await readHead(path)), compression }
  const packed = createReadStream(path, { highWaterMark: chunkBytes, signal })
  const pieces: Uint8Array[] = []
  let held = 0
  let fileBytes = 0
  for await (const piece of unpack(packed, { compression, bytesMax })) {
    if (held < headBytesMax) pieces.push(piece.slice(0, headBytesMax - held))
    held = Math.min(headBytesMax, held + piece.length)
    fileBytes += piece.length
  }
  return { bytes: Buffer.concat(pieces), fileBytes, compression }
}

/** What DuckDB unpacks by. With a .GZ it would look for rows in the packed bytes, and find none. */
const knownEnding = /\.(?:gz|zst)$/

export interface UnpackOptions {
  readonly compression: Packing
  readonly bytesMax: number
}

/**
 * The bytes of a packed file, unpacked. Throws `invalid` where the data is damaged, cut off or
 * followed by something else, `too_large` beyond the limit, `unsupported_media` where what is inside
 * is packed again.
 */
export async function* unpack(
  chunks: AsyncIterable<Uint8Array>,
  { compression, bytesMax }: UnpackOptions,
): AsyncGenerator<Uint8Array> {
  const unpacked = compression === 'gzip' ? gunzip(chunks) : unzstd(chunks)
  let bytes = 0
  for await (const chunk of unpacked) {
    if (bytes === 0) assertPackedOnce(chunk, compression)
    bytes += chunk.length
    if (bytes > bytesMax) {
      throw new HyperMeshError('too_large', `the file is larger than ${bytesMax} bytes unpacked`, {
        details: { limit: 'unpacked_bytes_max', unpackedBytesMax: bytesMax },
      })
    }
    yield chunk
  }
}

function assertPackedOnce(start: Uint8Array, compression: Packing): void {
  const again = packingOf(start)
  if (again === undefined) return
  throw new HyperMeshError(
    'unsupported_media',
    `the file is ${again} inside ${compression}; pack it once`,
  )
}

const chunkBytes = 256 * 1024

async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflate = createGunzip({ chunkSize: chunkBytes })
  // zlib ends at a byte of zero behind a member and says nothing of what follows it.
  let fed = 0
  let lastFilled = -1
  async function* noted() {
    for await (const chunk of chunks) {
      const last = chunk.findLastIndex((byte) => byte !== 0)
      if (last >= 0) lastFilled = fed + last
      fed += chunk.length
      yield chunk
    }
  }
  const fault = pipeline(noted(), inflate).then(
    () => undefined,
    (error: unknown) => error,
  )
  try {
    yield* inflate as AsyncIterable<Uint8Array>
  } catch (error) {
    throw toGzipError(error, (await fault) ?? error)
  }
  if ((await fault) === undefined && lastFilled < inflate.bytesWritten) return
  throw new HyperMeshError('invalid', 'the gzip data is followed by something else')
}

/** The source's own failure where there is one, else what zlib says of the data. */
function toGzipError(error: unknown, fault: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (!code.startsWith('Z_')) return fault
  const isCut = code === 'Z_BUF_ERROR'
  return new HyperMeshError('invalid', `the gzip data is ${isCut ? 'cut off' : 'damaged'}`, {
    cause: error,
  })
}

/** The decoder runs on the event loop, so it gives others a turn. */
async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = new ZstdStream()
  let since = performance.now()
  for await (const chunk of chunks) {
    for (const piece of stream.push(chunk)) {
      yield piece
      if (performance.now() - since < turnMs) continue
      await nextTurn()
      since = performance.now()
    }
  }
  stream.end()
}

const turnMs = 5
