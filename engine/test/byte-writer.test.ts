import { expect, test } from 'vitest'
import { ByteWriter } from '../lib/byte-writer.ts'

test('a text keeps its length where it makes the buffer grow', () => {
  for (let before = 4060; before <= 4100; before++) {
    const writer = new ByteWriter()
    for (let at = 0; at < before; at++) writer.u8(7)
    writer.text('a text')
    const bytes = writer.bytes()
    expect(Buffer.from(bytes.subarray(before)).toString('latin1')).toBe('\x06\0\0\0a text')
  }
})

test('room made ahead changes nothing of what is written', () => {
  const writer = new ByteWriter()
  writer.u8(7)
  writer.expect(100_000)
  // More than there can be is refused where it is written, not where it is expected.
  writer.expect(2 ** 40)
  writer.array(new Uint8Array(100_000).fill(9))
  writer.u8(8)
  const bytes = writer.bytes()
  expect(bytes.length).toBe(100_002)
  expect([bytes[0], bytes[1], bytes[100_000], bytes[100_001]]).toEqual([7, 9, 9, 8])
})

test('whole numbers of any array become int64', () => {
  const numbers = [0, -1, 2 ** 31 - 1, -(2 ** 31)]
  const large = [...numbers, 2 ** 53 - 1, -(2 ** 53) + 1]
  const arrays = [
    { values: Int32Array.from(numbers), expected: numbers },
    { values: Uint32Array.of(0, 0xffff_ffff), expected: [0, 0xffff_ffff] },
    { values: Float64Array.from(large), expected: large },
  ]
  for (const { values, expected } of arrays) {
    const writer = new ByteWriter()
    expect(writer.integers(values)).toBe(-1)
    const written = new BigInt64Array(writer.bytes().slice().buffer)
    expect([...written]).toEqual(expected.map(BigInt))
  }
})

test('the row of a number that is no int64 is told, and nothing written', () => {
  const writer = new ByteWriter()
  expect(writer.integers(Float64Array.of(1, 0.5))).toBe(1)
  expect(writer.integers(Float64Array.of(1, Number.NaN))).toBe(1)
  expect(writer.integers(Float64Array.of(2 ** 53))).toBe(0)
  expect(writer.length).toBe(0)
  expect(writer.integers(Float64Array.of(1, Number.NaN), Uint8Array.of(1, 0))).toBe(-1)
  expect([...new BigInt64Array(writer.bytes().slice().buffer)]).toEqual([1n, 0n])
})

test('arrays of few and of many numbers come out as they lie in memory', () => {
  for (const count of [0, 1, 16, 17, 300]) {
    const numbers = Array.from({ length: count }, (_, place) => place * 1e9 - 0.5)
    const arrays = [
      Float64Array.from(numbers),
      Uint32Array.from(numbers),
      BigInt64Array.from(numbers, (number) => BigInt(Math.floor(number))),
      Uint8Array.from(numbers),
    ]
    for (const values of arrays) {
      const writer = new ByteWriter()
      writer.u8(7)
      writer.array(values)
      const written = writer.bytes().slice(1)
      expect(written).toEqual(new Uint8Array(values.buffer))
    }
  }
})
