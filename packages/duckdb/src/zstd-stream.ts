import vm from 'node:vm'
import { HyperMeshError } from '@hypermesh/contract'
import { Decompress } from 'fzstd'
import { Xxh64 } from './xxh64.ts'

/**
 * What RFC 8878 asks of every decoder, and levels up to 19 write. The decoder moves its whole window
 * for each block, so a larger one costs more than it gives.
 */
const windowBytesMax = 8 * 1024 * 1024
const blockBytesMax = 128 * 1024
const frameMagic = 0xfd2fb528
const nothing = new Uint8Array(0)

interface Frame {
  readonly header: FrameHeader
  readonly decoder: Decompress
  readonly checksum: Xxh64
  unpackedBytes: number
  atEnd: boolean
}

/**
 * Unpacks zstd frames piece by piece: the decoder knows neither checksums nor where a frame should
 * end, so the frames are walked here and the decoder is given one block at a time. Damage and a
 * missing end throw `invalid`.
 */
export class ZstdStream {
  #held: Uint8Array = new Uint8Array(0)
  #frame: Frame | undefined
  #skip = 0
  #output: Uint8Array[] = []

  /** Throws unless the last frame was complete. */
  end(): void {
    if (this.#frame !== undefined || this.#held.length > 0 || this.#skip > 0) {
      throw damaged('is cut off: its last frame does not end')
    }
  }

  /**
   * The unpacked pieces, each of at most 128 KiB; work is done as they are taken. A part that gives
   * nothing is an empty piece: it costs as much time as any, and whoever takes it may pause.
   */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    while (this.#step()) {
      const output = this.#output
      this.#output = []
      if (output.length === 0) yield nothing
      else yield* output
    }
  }

  /** Takes one part off what is held; false when more bytes are needed for it. */
  #step(): boolean {
    if (this.#skip > 0) {
      const length = Math.min(this.#skip, this.#held.length)
      this.#skip -= length
      this.#take(length)
      return length > 0
    }
    if (this.#frame === undefined) return this.#beginFrame()
    return this.#frame.atEnd ? this.#checksum(this.#frame) : this.#block(this.#frame)
  }

  #beginFrame(): boolean {
    const { length } = this.#held
    if (length < 4) return false
    const view = viewOf(this.#held)
    const magic = view.getUint32(0, true)
    if (magic >= 0x184d2a50 && magic <= 0x184d2a5f) {
      if (length < 8) return false
      this.#skip = 8 + view.getUint32(4, true)
      return true
    }
    if (magic !== frameMagic) throw damaged('goes on with bytes that are no zstd frame')
    if (length < 6) return false
    const header = readHeader(this.#held)
    if (header === undefined) return false
    const frame: Frame = {
      header,
      decoder: new Decompress((chunk) => this.#emit(frame, chunk)),
      checksum: new Xxh64(),
      unpackedBytes: 0,
      atEnd: false,
    }
    this.#frame = frame
    decode(frame, this.#take(header.bytes))
    return true
  }

  #emit(frame: Frame, chunk: Uint8Array): void {
    if (chunk.length === 0) return
    frame.unpackedBytes += chunk.length
    if (frame.header.hasChecksum) frame.checksum.update(chunk)
    this.#output.push(chunk)
  }

  #block(frame: Frame): boolean {
    if (this.#held.length < 3) return false
    const head = (this.#held[0] ?? 0) | ((this.#held[1] ?? 0) << 8) | ((this.#held[2] ?? 0) << 16)
    const kind = (head >> 1) & 3
    const size = head >> 3
    if (kind === 3 || size > blockBytesMax) throw damaged('has a block of an impossible size')
    const length = 3 + (kind === 1 ? 1 : size)
    if (this.#held.length < length) return false
    const { hasChecksum } = frame.header
    frame.atEnd = (head & 1) === 1
    decode(frame, this.#take(length), frame.atEnd && !hasChecksum)
    if (frame.atEnd && !hasChecksum) this.#closeFrame(frame)
    return true
  }

  #checksum(frame: Frame): boolean {
    if (this.#held.length < 4) return false
    const stated = viewOf(this.#held).getUint32(0, true)
    decode(frame, this.#take(4), true)
    if (frame.checksum.lowWord() !== stated) throw damaged('has a frame whose checksum is wrong')
    this.#closeFrame(frame)
    return true
  }

  #closeFrame({ header, unpackedBytes }: Frame): void {
    if (header.unpackedBytes !== undefined && header.unpackedBytes !== unpackedBytes) {
      throw damaged('has a frame of another length than it states')
    }
    this.#frame = undefined
  }

  #take(length: number): Uint8Array {
    const taken = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    return taken
  }
}

interface FrameHeader {
  readonly bytes: number
  readonly unpackedBytes: number | undefined
  readonly hasChecksum: boolean
}

/** RFC 8878, 3.1.1.1. Undefined: not all of it is there yet. */
function readHeader(held: Uint8Array): FrameHeader | undefined {
  const descriptor = held[4] ?? 0
  const isSingle = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  const bytes = 5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes
  if (held.length < bytes) return undefined
  if ((descriptor & 0x08) !== 0) throw damaged('has a frame header of an unknown kind')
  if (held.subarray(bytes - sizeBytes - dictionaryBytes, bytes - sizeBytes).some((byte) => byte)) {
    throw new HyperMeshError(
      'unsupported_media',
      'the zstd file needs a dictionary; compress it without one',
    )
  }
  const field = held.subarray(bytes - sizeBytes, bytes)
  const value = field.reduceRight((sum, byte) => sum * 256 + byte, 0)
  const size = sizeBytes === 2 ? value + 256 : value
  const windowByte = held[5] ?? 0
  const base = 2 ** (10 + (windowByte >> 3))
  const window = isSingle ? size : base + (base / 8) * (windowByte & 7)
  if (window > windowBytesMax) {
    throw new HyperMeshError(
      'unsupported_media',
      `the zstd file needs a window of ${window} bytes; compress it with one of ${windowBytesMax}`,
    )
  }
  const unpackedBytes = sizeBytes === 0 ? undefined : size
  return { bytes, unpackedBytes, hasChecksum: (descriptor & 0x04) !== 0 }
}

/**
 * The decoder may wait with a short frame until it hears that this was the last of it. A forged block
 * may ask it to copy gigabytes into its 128 KiB, which it does not refuse: it is stopped by the clock.
 */
function decode({ decoder }: Frame, bytes: Uint8Array, isLast = false): void {
  guarded.run = () => decoder.push(bytes, isLast)
  try {
    guard.runInContext(guarded, { timeout: blockMsMax })
  } catch (cause) {
    throw damaged('is damaged', cause)
  } finally {
    guarded.run = undefined
  }
}

/** A block takes about 3 ms. */
const blockMsMax = 3000
const guarded = vm.createContext({ run: undefined as (() => void) | undefined })
const guard = new vm.Script('run()')

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function damaged(how: string, cause?: unknown): HyperMeshError {
  return new HyperMeshError('invalid', `the zstd data ${how}`, { cause })
}
