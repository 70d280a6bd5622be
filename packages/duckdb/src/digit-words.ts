/**
 * Digits of whole numbers, four at a time: a table holds the ASCII of 0000 to 9999 as words.
 * Each function writes at `at` and returns where the text ends; up to three bytes after that may be
 * written too.
 */

const fourDigits = Int32Array.from({ length: 10_000 }, (_, value) => {
  const digit = (unit: number) => 48 + (Math.floor(value / unit) % 10)
  return digit(1000) | (digit(100) << 8) | (digit(10) << 16) | (digit(1) << 24)
})

/** Digits of 2^53. */
export const integerBytesMax = 16

/** Exactly four digits of a value under 10^4. */
export function putFour(view: DataView, at: number, value: number): number {
  view.setInt32(at, fourDigits[value] as number, true)
  return at + 4
}

/** Exactly eight digits of a value under 10^8. */
export function putEight(view: DataView, at: number, value: number): number {
  const high = (value / 10_000) | 0
  putFour(view, at, high)
  return putFour(view, at + 4, value - high * 10_000)
}

/** Exactly two digits of a value under 100. */
export function putPair(view: DataView, at: number, value: number): number {
  view.setInt16(at, (fourDigits[value] as number) >>> 16, true)
  return at + 2
}

/** A whole number from 0 to 2^53, without leading zeros. */
export function putWhole(view: DataView, at: number, value: number): number {
  if (value < 1e8) return putLeading(view, at, value)
  const high = Math.floor(value / 1e8)
  return putEight(view, putLeading(view, at, high), value - high * 1e8)
}

function putLeading(view: DataView, at: number, value: number): number {
  if (value < 10_000) return putShort(view, at, value)
  const high = (value / 10_000) | 0
  return putFour(view, putShort(view, at, high), value - high * 10_000)
}

function putShort(view: DataView, at: number, value: number): number {
  const count = value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4
  view.setInt32(at, (fourDigits[value] as number) >>> (32 - count * 8), true)
  return at + count
}
