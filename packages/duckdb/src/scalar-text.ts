/** Texts of scalar values that are rare enough to be made as strings. */

export function uuidText(data: Uint8Array, offset: number): string {
  let text = ''
  // Little endian, and the sign bit is flipped so that UUIDs sort as integers.
  for (let index = 15; index >= 0; index -= 1) {
    const byte = (data[offset + index] as number) ^ (index === 15 ? 0x80 : 0)
    text += byte.toString(16).padStart(2, '0')
    if (index === 12 || index === 10 || index === 8 || index === 6) text += '-'
  }
  return text
}

/** The first byte says how many leading bits are padding. */
export function bitText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes.subarray(1)) text += byte.toString(2).padStart(8, '0')
  return text.slice(bytes[0] ?? 0)
}

/** A JSON number where exact, else its digits as a JSON string. */
export function wholeJson(value: bigint): string {
  const exact = value >= -9007199254740991n && value <= 9007199254740991n
  return exact ? String(value) : `"${value}"`
}

/** Three bytes of header (sign, length), then the magnitude; all bits flipped where negative. */
function bigNumValue(bytes: Uint8Array): bigint {
  const negative = ((bytes[0] ?? 0) & 0x80) === 0
  let value = 0n
  for (const byte of bytes.subarray(3))
    value = (value << 8n) | BigInt(negative ? byte ^ 0xff : byte)
  return negative ? -value : value
}

export function bigNumText(bytes: Uint8Array): string {
  return wholeJson(bigNumValue(bytes))
}

/** The shortest text that gives the same 32-bit float again. */
export function floatText(value: number): string {
  // Normal numbers rarely need fewer digits, and trailing zeros go anyway; tiny ones have fewer.
  const first = Math.abs(value) < 1.2e-38 ? 1 : 6
  for (let precision = first; precision < 9; precision += 1) {
    const rounded = Number(value.toPrecision(precision))
    if (Math.fround(rounded) === value) return doubleText(rounded)
  }
  return doubleText(Number(value.toPrecision(9)))
}

export function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** An ISO 8601 duration: `P1Y2M3DT4H5M6.5S`, `PT0S` for none, parts negative as they are. */
export function durationText(months: number, days: number, micros: bigint): string {
  const years = Math.trunc(months / 12)
  const part = (value: number | bigint, unit: string) => (value ? `${value}${unit}` : '')
  const date = part(years, 'Y') + part(months - years * 12, 'M') + part(days, 'D')
  const sign = micros < 0n ? '-' : ''
  const rest = micros < 0n ? -micros : micros
  const seconds = (rest / 1_000_000n) % 60n
  const fraction = String(rest % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '')
  const signed = (value: bigint, unit: string) => (value ? `${sign}${value}${unit}` : '')
  const time =
    signed(rest / 3_600_000_000n, 'H') +
    signed((rest / 60_000_000n) % 60n, 'M') +
    (fraction ? `${sign}${seconds}.${fraction}S` : signed(seconds, 'S'))
  if (date === '' && time === '') return 'PT0S'
  return `P${date}${time === '' ? '' : `T${time}`}`
}
