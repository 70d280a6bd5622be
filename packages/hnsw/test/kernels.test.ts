import { expect, test } from 'vitest'
import { crc32c } from '../src/index.ts'
import { loadNative } from '../src/native.ts'
import { randomOf } from './_clusters.ts'

const native = loadNative()
const kernels = native.kernels().map((name, which) => ({ name, which }))

/** The nearest half, by its definition: ties to the even one. */
function halfOf(value: number): number {
  const magnitude = Math.abs(value)
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14)
  const unit = 2 ** (exponent - 10)
  const below = Math.floor(magnitude / unit)
  const rest = magnitude / unit - below
  const rounded = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
  return Math.sign(value) * rounded * unit
}

test('the first are plain C++, of which all machines are capable', () => {
  expect(kernels[0]?.name).toBe('scalar')
})

test.each(kernels)('$name agree with arithmetic, whatever the length', ({ which }) => {
  const random = randomOf(7)
  for (const length of [1, 2, 15, 16, 17, 31, 32, 33, 48, 100, 128, 784, 1000]) {
    const a = Float32Array.from({ length }, () => random() * 2 - 1)
    const b = Float32Array.from({ length }, () => random() * 2 - 1)
    const out = new Float32Array(4)
    native.kernelDistances(which, a, b, out)
    const halves = b.map(halfOf)
    const l2 = (other: Float32Array) =>
      a.reduce((sum, x, i) => sum + (x - (other[i] as number)) ** 2, 0)
    const ip = (other: Float32Array) =>
      1 - a.reduce((sum, x, i) => sum + x * (other[i] as number), 0)
    for (const [at, value] of [l2(b), ip(b), l2(halves), ip(halves)].entries()) {
      expect(Math.abs((out[at] as number) - value), `${length}, ${at}`).toBeLessThan(
        1e-5 * length + 1e-5,
      )
    }
  }
})

test.each(kernels)('$name round to halves as the standard says', ({ which }) => {
  const random = randomOf(9)
  const values = Float32Array.from({ length: 4000 }, (_, at) => {
    if (at < 64) return 2 ** Math.min(at - 40, 15)
    // Ties between two halves, and small ones.
    if (at < 1000) return 1 + (at + 0.5) / 1024
    if (at < 2000) return (at - 1000) * 2 ** -25
    return (random() - 0.5) * 10 ** Math.floor(random() * 9 - 5)
  })
  values.set([65504, -65504, 65519, 0, 2 ** -24, 2 ** -25, 1.5 * 2 ** -25])
  const rounded = Float32Array.from(values)
  native.kernelHalves(which, rounded)
  expect([...rounded]).toEqual([...values].map((value) => Math.fround(halfOf(value))))
})

test.each(kernels)('$name multiply codes exactly', ({ which }) => {
  const random = randomOf(13)
  for (const length of [1, 31, 32, 33, 64, 100, 8192]) {
    const codes = (max: number) =>
      Float32Array.from({ length }, () => Math.round((random() * 2 - 1) * max))
    const query = length === 8192 ? new Float32Array(length).fill(1023) : codes(1023)
    const stored = length === 8192 ? new Float32Array(length).fill(127) : codes(127)
    const product = query.reduce((sum, value, at) => sum + value * (stored[at] as number), 0)
    expect(native.kernelCodeProduct(which, query, stored)).toBe(product)
  }
})

test('a checksum is that of the standard, whatever computes it and however the bytes are cut', () => {
  const digits = Buffer.from('123456789')
  expect(crc32c(digits)).toBe(0xe3069283)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array(0))).toBe(0)
  const random = randomOf(3)
  for (const length of [1, 7, 8, 9, 63, 64, 1000]) {
    const bytes = Uint8Array.from({ length: length + 3 }, () => random() * 256).subarray(3)
    const whole = native.crc32c(bytes, 0, 1)
    expect(crc32c(bytes)).toBe(whole)
    for (const cut of [0, 1, length >> 1, length]) {
      const before = native.crc32c(bytes.subarray(0, cut), 0, 1)
      expect(crc32c(bytes.subarray(cut), before)).toBe(whole)
      expect(native.crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)), 1)).toBe(whole)
    }
  }
})
