import { parseDays, parseTimeMicros, parseTimestampMicros } from './civil-time.ts'
import type { Primitive } from './iceberg-type.ts'
import { encodeSingleValue, type Scalar } from './single-value.ts'

/** Texts are cut to this many code points, binaries to as many bytes, as other writers do. */
const boundLengthMax = 16

/**
 * The value that DuckDB writes as this text in `RETURN_STATS`. Undefined where the text does not
 * tell the value exactly (infinite dates, NaN, damaged text): then there is no bound.
 */
export function scalarFromText(type: Primitive, text: string): Scalar | undefined {
  switch (type.kind) {
    case 'boolean':
      return text === '1' || text === 'true'
        ? true
        : text === '0' || text === 'false'
          ? false
          : undefined
    case 'int': {
      const value = integerFromText(text, 32)
      return value === undefined ? undefined : Number(value)
    }
    case 'long':
      return integerFromText(text, 64)
    case 'float': {
      const value = doubleFromText(text)
      return value === undefined ? undefined : Math.fround(value)
    }
    case 'double':
      return doubleFromText(text)
    case 'decimal':
      return decimalFromText(text, type)
    case 'date':
      return parseDays(text)
    case 'time':
      return parseTimeMicros(text)
    case 'timestamp':
      return parseTimestampMicros(text, false)
    case 'timestamptz':
      return parseTimestampMicros(text, true)
    case 'string':
      return utf8FromText(text)
    case 'uuid':
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
        ? Buffer.from(text.replaceAll('-', ''), 'hex')
        : undefined
    case 'fixed':
      return text.length === 2 * type.length ? bytesFromHex(text) : undefined
    case 'binary':
      return bytesFromHex(text)
  }
}

/** A lower bound of a column from its least value as text. */
export function lowerBound(type: Primitive, text: string): Uint8Array | undefined {
  const value = scalarFromText(type, text)
  if (value === undefined) return undefined
  // To DuckDB the zeros are equal, so either may stand for both; the format orders -0.0 first.
  if (isFloating(type) && value === 0) return encodeSingleValue(type, -0)
  if (value instanceof Uint8Array && isCut(type)) return cut(type, value)
  return encodeSingleValue(type, value)
}

/** An upper bound from the greatest value; undefined when a cut text has no successor. */
export function upperBound(type: Primitive, text: string): Uint8Array | undefined {
  const value = scalarFromText(type, text)
  if (value === undefined) return undefined
  if (isFloating(type) && value === 0) return encodeSingleValue(type, 0)
  if (!(value instanceof Uint8Array) || !isCut(type)) return encodeSingleValue(type, value)
  const short = cut(type, value)
  if (short.length === value.length) return value
  return type.kind === 'string' ? nextText(short) : nextBytes(short)
}

const isFloating = (type: Primitive) => type.kind === 'float' || type.kind === 'double'
const isCut = (type: Primitive) => type.kind === 'string' || type.kind === 'binary'

function cut(type: Primitive, value: Uint8Array): Uint8Array {
  if (type.kind === 'binary') return value.subarray(0, boundLengthMax)
  // Sixteen code points are at most 64 bytes; the rest need not be decoded.
  const start = Buffer.from(value.subarray(0, 4 * boundLengthMax + 4)).toString('utf8')
  return Buffer.from([...start].slice(0, boundLengthMax).join(''))
}

/** The least text above every text with this start. UTF-8 orders as code points do. */
function nextText(start: Uint8Array): Uint8Array | undefined {
  const points = [...Buffer.from(start).toString('utf8')]
  for (let last = points.length - 1; last >= 0; last -= 1) {
    const point = (points[last]?.codePointAt(0) ?? 0) + 1
    if (point > 0x10ffff) continue
    // Surrogates are no characters: after U+D7FF comes U+E000.
    const next = String.fromCodePoint(point === 0xd800 ? 0xe000 : point)
    return Buffer.from(points.slice(0, last).join('') + next)
  }
  return undefined
}

function nextBytes(start: Uint8Array): Uint8Array | undefined {
  for (let last = start.length - 1; last >= 0; last -= 1) {
    const byte = start[last] ?? 255
    if (byte === 255) continue
    const next = start.slice(0, last + 1)
    next[last] = byte + 1
    return next
  }
  return undefined
}

function integerFromText(text: string, bits: number): bigint | undefined {
  if (!/^-?\d{1,20}$/.test(text)) return undefined
  const value = BigInt(text)
  return BigInt.asIntN(bits, value) === value ? value : undefined
}

export function doubleFromText(text: string): number | undefined {
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text)
  if (infinite !== null) {
    return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

/** The unscaled value; undefined when the text has more digits than the type. */
function decimalFromText(
  text: string,
  type: { readonly precision: number; readonly scale: number },
): bigint | undefined {
  const match = /^(-?)(\d{0,40})(?:\.(\d{0,40}))?$/.exec(text)
  const [, sign, whole = '', fraction = ''] = match ?? []
  const significant = fraction.replace(/0+$/, '')
  if (match === null || whole + fraction === '' || significant.length > type.scale) return undefined
  const unscaled = BigInt(whole + significant.padEnd(type.scale, '0'))
  if (unscaled >= 10n ** BigInt(type.precision)) return undefined
  return sign === '-' ? -unscaled : unscaled
}

function utf8FromText(text: string): Uint8Array | undefined {
  // DuckDB cuts long texts between bytes; a replacement character may stand for half a letter.
  if (text.includes('\uFFFD') || hasLoneSurrogate(text)) return undefined
  return Buffer.from(text)
}

function bytesFromHex(text: string): Uint8Array | undefined {
  return /^([0-9a-f]{2})*$/i.test(text) ? Buffer.from(text, 'hex') : undefined
}

function hasLoneSurrogate(text: string): boolean {
  return /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)
}
