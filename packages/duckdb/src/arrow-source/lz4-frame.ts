import { damagedArrow } from './flatbuffer.ts'

const frameMagic = 0x184d2204

/**
 * Unpacks one LZ4 frame into `output`, which has exactly the unpacked length. A generator, so that
 * others get a turn between blocks. Throws `invalid` for whatever does not come out even.
 */
export function* unpackLz4Frame(input: Uint8Array, output: Uint8Array): Generator<void> {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  const { at: start, hasBlockChecksums, hasChecksum } = readHeader(input, view)
  let at = start
  let written = 0
  for (;;) {
    const word = view.getUint32(need(input, at, 4), true)
    at += 4
    if (word === 0) break
    const length = word & 0x7fffffff
    const block = input.subarray(need(input, at, length), at + length)
    at += length
    if (hasBlockChecksums) {
      assertChecksum(block, view.getUint32(need(input, at, 4), true))
      at += 4
    }
    if (word >>> 31 === 1) {
      if (written + length > output.length) throw tooLong()
      output.set(block, written)
      written += length
    } else {
      written = unpackBlock(block, output, written)
    }
    yield
  }
  if (written !== output.length) throw tooLong()
  if (!hasChecksum) return
  assertChecksum(output, view.getUint32(need(input, at, 4), true))
}

function readHeader(input: Uint8Array, view: DataView) {
  need(input, 0, 7)
  const flags = input[4] ?? 0
  if (view.getUint32(0, true) !== frameMagic || flags >> 6 !== 1) {
    throw damagedArrow('a buffer is no LZ4 frame')
  }
  if ((flags & 1) !== 0) throw damagedArrow('an LZ4 frame needs a dictionary')
  const end = 6 + ((flags & 8) === 0 ? 0 : 8)
  const stated = input[need(input, end, 1)] ?? 0
  if (((xxh32(input.subarray(4, end)) >>> 8) & 0xff) !== stated) {
    throw damagedArrow('the header of an LZ4 frame is wrong')
  }
  return { at: end + 1, hasBlockChecksums: (flags & 16) !== 0, hasChecksum: (flags & 4) !== 0 }
}

/** Returns where the output ends then. Matches may reach back into earlier blocks. */
function unpackBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let at = 0
  let written = start
  while (at < block.length) {
    const token = block[at] ?? 0
    at += 1
    let literals = token >> 4
    if (literals === 15) [literals, at] = readLength(block, at, literals)
    if (at + literals > block.length || written + literals > output.length) throw tooLong()
    if (literals > 32) output.set(block.subarray(at, at + literals), written)
    else
      for (let index = 0; index < literals; index += 1)
        output[written + index] = block[at + index] ?? 0
    at += literals
    written += literals
    if (at === block.length) return written
    const distance = (block[need(block, at, 2)] ?? 0) | ((block[at + 1] ?? 0) << 8)
    at += 2
    let length = token & 15
    if (length === 15) [length, at] = readLength(block, at, length)
    length += 4
    if (distance === 0 || distance > written || written + length > output.length) throw tooLong()
    copyMatch(output, written, distance, length)
    written += length
  }
  return written
}

function copyMatch(output: Uint8Array, to: number, distance: number, length: number): void {
  if (distance >= length && length > 32)
    output.copyWithin(to, to - distance, to - distance + length)
  // Source and target overlap on purpose: a short pattern is repeated.
  else for (let at = to; at < to + length; at += 1) output[at] = output[at - distance] ?? 0
}

function readLength(block: Uint8Array, start: number, first: number): [number, number] {
  let length = first
  for (let at = need(block, start, 1); ; at = need(block, at + 1, 1)) {
    const byte = block[at] ?? 0
    length += byte
    if (byte !== 255) return [length, at + 1]
  }
}

function need(bytes: Uint8Array, at: number, length: number): number {
  if (at + length <= bytes.length) return at
  throw damagedArrow('an LZ4 frame is cut off')
}

function tooLong(): Error {
  return damagedArrow('an LZ4 frame does not have the length that is stated')
}

function assertChecksum(bytes: Uint8Array, stated: number): void {
  if (xxh32(bytes) !== stated) throw damagedArrow('the checksum of an LZ4 frame is wrong')
}

const primes = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1] as const
const rotate = (value: number, bits: number) => (value << bits) | (value >>> (32 - bits))

/** XXH32 with seed 0, unsigned. */
function xxh32(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [p1, p2, p3, p4, p5] = primes
  let at = 0
  let hash: number = p5
  if (bytes.length >= 16) {
    const lanes = Int32Array.of(p1 + p2, p2, 0, -p1)
    for (; at + 16 <= bytes.length; at += 16) {
      for (let lane = 0; lane < 4; lane += 1) {
        const sum = (lanes[lane] ?? 0) + Math.imul(view.getInt32(at + 4 * lane, true), p2)
        lanes[lane] = Math.imul(rotate(sum | 0, 13), p1)
      }
    }
    const [a = 0, b = 0, c = 0, d = 0] = lanes
    hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)
  }
  hash = (hash + bytes.length) | 0
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(view.getInt32(at, true), p3)) | 0, 17), p4)
  }
  for (; at < bytes.length; at += 1) {
    hash = Math.imul(rotate((hash + Math.imul(bytes[at] ?? 0, p5)) | 0, 11), p1)
  }
  hash = Math.imul(hash ^ (hash >>> 15), p2)
  hash = Math.imul(hash ^ (hash >>> 13), p3)
  return (hash ^ (hash >>> 16)) >>> 0
}
