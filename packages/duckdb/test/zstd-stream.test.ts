import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ZstdStream } from '../src/zstd-stream.ts'

// Written by zstd 1.5.4: level 19 with a checksum and a length; then `--no-check` from a pipe.
const fixtures = join(import.meta.dirname, 'fixtures')
const packed = readFileSync(join(fixtures, 'rows.csv.zst'))
const unchecked = readFileSync(join(fixtures, 'rows-unchecked.csv.zst'))
const rows = Buffer.from(
  Array.from({ length: 30_000 }, (_, row) => `${row % 50},n${(row * row) % 7}\n`).join(''),
)

function unpackAll(bytes: Uint8Array, step = bytes.length): Buffer {
  const stream = new ZstdStream()
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += step) {
    pieces.push(...stream.push(bytes.subarray(at, at + step)))
  }
  stream.end()
  return Buffer.concat(pieces)
}

test('frames of another writer are unpacked, in pieces of any size and one after the other', () => {
  for (const file of [packed, unchecked]) {
    for (const step of [1, 17, 4096, file.length]) {
      expect(unpackAll(file, step).equals(rows)).toBe(true)
    }
  }
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
  const both = unpackAll(Buffer.concat([packed, skippable, unchecked]))
  expect(both.equals(Buffer.concat([rows, rows]))).toBe(true)
})

test('no flipped bit and no missing end passes for the file', () => {
  for (let at = 0; at < packed.length; at += 1) {
    const flipped = Buffer.from(packed)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
    let result: Buffer | undefined
    try {
      result = unpackAll(flipped)
    } catch (error) {
      expect(error).toMatchObject({ name: 'HyperMeshError' })
    }
    // A flip may spare what the data says; it may not change it unnoticed.
    if (result !== undefined) expect(result.equals(rows)).toBe(true)
  }
  for (const file of [packed, unchecked]) {
    for (let length = 1; length < file.length; length += Math.ceil(file.length / 100)) {
      expect(() => unpackAll(file.subarray(0, length))).toThrow(/zstd/)
    }
    expect(() => unpackAll(Buffer.concat([file, Buffer.from('more bytes')]))).toThrow(
      'no zstd frame',
    )
  }
})

test('a window above the limit and a dictionary are refused', () => {
  // Magic, no single segment, window descriptor 0x88: 2^27 bytes.
  const wide = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00])
  expect(() => unpackAll(wide)).toThrow('needs a window of 134217728 bytes')
  const withDictionary = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x40, 0x07, 0x01, 0, 0])
  expect(() => unpackAll(withDictionary)).toThrow('needs a dictionary')
})

test('frames and blocks without a byte in them give a turn each', () => {
  const empty = [0x00, 0x00, 0x00]
  const frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00, ...empty, ...empty, 0x01, 0x00, 0x00]
  const stream = new ZstdStream()
  const pieces = [...stream.push(Buffer.from(Array.from({ length: 100 }, () => frame).flat()))]
  stream.end()
  expect(pieces.length).toBe(400)
  expect(Buffer.concat(pieces).length).toBe(0)
})

test('a block that asks for gigabytes is stopped', () => {
  // 32,512 sequences without literals, each a match of 131,074 bytes: RFC 8878, 3.1.1.3.2.
  const matches = Buffer.alloc(2 * 32_512, 0xff)
  const sequences = [0xff, 0, 0, 0x54, 0, 0, 52, ...matches, 0x01]
  const block = Buffer.from([0x08, 0x61, ...sequences])
  const head = Buffer.alloc(3)
  head.writeUIntLE((block.length << 3) | (2 << 1) | 1, 0, 3)
  const frame = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]), head, block])
  let error: unknown
  try {
    unpackAll(frame)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toMatchObject({
    code: 'invalid',
    cause: { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' },
  })
})
