import { HyperMeshError } from '@hypermesh/contract'
import { crc32c } from '@hypermesh/hnsw'

/*
 * A file of an index, little-endian:
 *
 *   magic 8 · format version u32 · envelope bytes u32 · CRC-32C of these two and the envelope u32
 *   envelope: JSON, with `sections: [{name, bytes}]` in the order in which they follow
 *   for each section: its bytes · their CRC-32C u32
 *
 * and nothing behind the last one. So each byte is under a checksum or is the magic.
 */

const magic = Buffer.from('HMV\r\n\x1a\n\0', 'latin1')
const formatVersion = 1
const headBytes = 20
const envelopeBytesMax = 16 * 1024 * 1024
const chunkBytes = 1024 * 1024
const pieceBytesUsual = 1024 * 1024 * 1024

export interface Section {
  readonly name: string
  readonly bytes: number
  chunks(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

export interface Frame {
  readonly envelope: Readonly<Record<string, unknown>>
  /** In pieces, as one buffer holds 4 GiB at most. */
  readonly sections: ReadonlyMap<string, readonly Uint8Array[]>
}

/** The file piece by piece, so that it is never in memory as a whole. */
export async function* writeFrame(
  envelope: Readonly<Record<string, unknown>>,
  sections: readonly Section[],
): AsyncGenerator<Uint8Array, void, void> {
  const table = sections.map(({ name, bytes }) => ({ name, bytes }))
  const json = Buffer.from(JSON.stringify({ ...envelope, sections: table }))
  const head = Buffer.alloc(headBytes)
  magic.copy(head)
  head.writeUInt32LE(formatVersion, 8)
  head.writeUInt32LE(json.length, 12)
  head.writeUInt32LE(crc32c(json, crc32c(head.subarray(8, 16))), 16)
  yield Buffer.concat([head, json])
  for (const section of sections) yield* writeSection(section)
}

async function* writeSection(section: Section): AsyncGenerator<Uint8Array, void, void> {
  let crc = 0
  let bytes = 0
  for await (const chunk of section.chunks()) {
    for (let at = 0; at < chunk.length; at += chunkBytes) {
      const piece = chunk.subarray(at, at + chunkBytes)
      crc = crc32c(piece, crc)
      bytes += piece.length
      yield piece
    }
  }
  if (bytes !== section.bytes) {
    throw new Error(`section ${section.name} has ${bytes} bytes, not ${section.bytes}`)
  }
  const trailer = Buffer.alloc(4)
  trailer.writeUInt32LE(crc)
  yield trailer
}

/** Reads and checks a whole file; throws `damaged` with what is wrong and where. */
export async function readFrame(
  source: AsyncIterable<Uint8Array>,
  totalBytes: number,
  pieceBytesMax = pieceBytesUsual,
): Promise<Frame> {
  const reader = new FrameReader(source, totalBytes)
  try {
    const head = await reader.take(headBytes, 'the head')
    if (!head.subarray(0, 8).equals(magic)) throw damaged('it does not begin as an index file')
    const version = head.readUInt32LE(8)
    const envelopeBytes = head.readUInt32LE(12)
    if (envelopeBytes > envelopeBytesMax) throw damaged('its envelope is too long')
    const json = await reader.take(envelopeBytes, 'the envelope')
    if (crc32c(json, crc32c(head.subarray(8, 16))) !== head.readUInt32LE(16)) {
      throw damaged('its envelope fails its checksum')
    }
    if (version !== formatVersion) {
      throw damaged(`it is of format ${version}; this program reads ${formatVersion}`)
    }
    const envelope = parseEnvelope(json)
    const sections = new Map<string, readonly Uint8Array[]>()
    for (const { name, bytes } of envelope.sections) {
      const content: Uint8Array[] = []
      let crc = 0
      for (let at = 0; at < bytes; at += pieceBytesMax) {
        const pieceBytes = Math.min(pieceBytesMax, bytes - at)
        content.push(await reader.take(pieceBytes, `section ${name}`, crc))
        crc = reader.crcOfTaken
      }
      const trailer = await reader.take(4, `the checksum of section ${name}`)
      if (crc !== trailer.readUInt32LE()) {
        throw damaged(`section ${name} fails its checksum`)
      }
      sections.set(name, content)
    }
    await reader.expectEnd()
    return { envelope, sections }
  } finally {
    await reader.close()
  }
}

interface Envelope extends Readonly<Record<string, unknown>> {
  readonly sections: readonly { readonly name: string; readonly bytes: number }[]
}

// Under a right checksum it is what a program wrote; another program may have written it.
function parseEnvelope(json: Buffer): Envelope {
  try {
    const envelope = JSON.parse(json.toString('utf8')) as Envelope
    const { sections } = envelope
    const fits = sections.every(
      ({ name, bytes }) => typeof name === 'string' && Number.isSafeInteger(bytes) && bytes >= 0,
    )
    if (fits) return envelope
    throw new TypeError('its table of sections is not one')
  } catch (cause) {
    throw damaged('its envelope cannot be read', cause)
  }
}

class FrameReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #left: number
  #chunk: Uint8Array = new Uint8Array(0)
  /** Counted while it was read, on top of the one before. */
  crcOfTaken = 0

  constructor(source: AsyncIterable<Uint8Array>, totalBytes: number) {
    this.#chunks = source[Symbol.asyncIterator]()
    this.#left = totalBytes
  }

  /** The next bytes, in memory of their own. */
  async take(bytes: number, what: string, crcBefore = 0): Promise<Buffer> {
    // Before memory is taken: a length that was never checked may be any.
    if (bytes > this.#left) throw damaged(`it ends within ${what}`)
    const taken = Buffer.allocUnsafeSlow(bytes)
    let crc = crcBefore
    for (let at = 0; at < bytes; ) {
      if (this.#chunk.length === 0) await this.#refill(what)
      const piece = this.#chunk.subarray(0, bytes - at)
      taken.set(piece, at)
      crc = crc32c(piece, crc)
      at += piece.length
      this.#chunk = this.#chunk.subarray(piece.length)
    }
    this.#left -= bytes
    this.crcOfTaken = crc
    return taken
  }

  async expectEnd(): Promise<void> {
    if (this.#left !== 0 || this.#chunk.length !== 0)
      throw damaged('something stands behind its end')
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #refill(what: string): Promise<void> {
    const { done, value } = await this.#chunks.next()
    if (done === true) throw damaged(`it ends within ${what}`)
    this.#chunk = value
  }
}

export function damaged(why: string, cause?: unknown): HyperMeshError {
  return new HyperMeshError('damaged', why, cause === undefined ? {} : { cause })
}
