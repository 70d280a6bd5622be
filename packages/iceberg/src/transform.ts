import { HyperMeshError, printable } from '@hypermesh/contract'
import { civilFromDays, microsPerDay } from './civil-time.ts'
import { type Primitive, parsePrimitive } from './iceberg-type.ts'
import { encodeSingleValue, type Scalar } from './single-value.ts'

/** A partition transform of format v2, taken apart. */
export type Transform =
  | { readonly kind: 'identity' | 'year' | 'month' | 'day' | 'hour' | 'void' }
  | { readonly kind: 'bucket' | 'truncate'; readonly width: number }

/** Undefined for a transform that the format does not define; readers must then not prune by it. */
export function findTransform(text: string): Transform | undefined {
  if (/^(identity|year|month|day|hour|void)$/.test(text)) {
    return { kind: text as 'identity' }
  }
  const match = /^(bucket|truncate)\[(\d{1,10})\]$/.exec(text)
  const width = Number(match?.[2])
  if (match === null || width < 1 || width > 2_147_483_647) return undefined
  return { kind: match[1] as 'bucket', width }
}

const temporal = ['date', 'timestamp', 'timestamptz']
const sources: Readonly<Record<string, readonly string[]>> = {
  bucket: ['int', 'long', 'decimal', 'time', ...temporal, 'string', 'uuid', 'fixed', 'binary'],
  truncate: ['int', 'long', 'decimal', 'string', 'binary'],
  year: temporal,
  month: temporal,
  day: temporal,
  hour: ['timestamp', 'timestamptz'],
}

/** Throws `invalid` unless the transform exists and takes values of the type. */
export function assertTransform(text: string, sourceType: string): Transform {
  const transform = findTransform(text)
  if (transform === undefined) {
    throw new HyperMeshError('invalid', `"${printable(text)}" is not a partition transform`)
  }
  const allowed = sources[transform.kind]
  if (allowed !== undefined && !allowed.includes(parsePrimitive(sourceType).kind)) {
    throw new HyperMeshError('invalid', `transform ${text} does not take values of ${sourceType}`)
  }
  return transform
}

/** The type of partition values; undefined for a transform that the format does not define. */
export function transformResult(text: string, sourceType: string): Primitive | undefined {
  const transform = findTransform(text)
  if (transform === undefined) return undefined
  if (transform.kind === 'day') return { kind: 'date' }
  const isInt = ['bucket', 'year', 'month', 'hour'].includes(transform.kind)
  return isInt ? { kind: 'int' } : parsePrimitive(sourceType)
}

/** Does a greater source value never give a lesser result? Then bounds may be transformed. */
export function isMonotone(transform: Transform): boolean {
  return transform.kind !== 'bucket' && transform.kind !== 'void'
}

/** The partition value of a source value; undefined where the transform does not take it. */
export function applyTransform(
  transform: Transform,
  type: Primitive,
  value: Scalar,
): Scalar | undefined {
  switch (transform.kind) {
    case 'identity':
      return value
    case 'truncate':
      return truncate(transform.width, type, value)
    case 'bucket':
      return bucket(transform.width, type, value)
    case 'void':
      return undefined
    default:
      return calendarUnit(transform.kind, type, value)
  }
}

function calendarUnit(
  unit: 'year' | 'month' | 'day' | 'hour',
  type: Primitive,
  value: Scalar,
): number | undefined {
  if (type.kind === 'date') {
    return typeof value === 'number' && unit !== 'hour' ? dayUnit(unit, value) : undefined
  }
  if (typeof value !== 'bigint') return undefined
  if (unit === 'hour') return Number(floorDivide(value, microsPerDay / 24n))
  return dayUnit(unit, Number(floorDivide(value, microsPerDay)))
}

function dayUnit(unit: 'year' | 'month' | 'day', days: number): number {
  if (unit === 'day') return days
  const { year, month } = civilFromDays(days)
  return unit === 'year' ? year - 1970 : (year - 1970) * 12 + month - 1
}

function truncate(width: number, type: Primitive, value: Scalar): Scalar | undefined {
  // Below the least value of the type it wraps around, as in Java.
  if (typeof value === 'number') return (value - (((value % width) + width) % width)) | 0
  if (typeof value === 'bigint') {
    const floored = floorDivide(value, BigInt(width)) * BigInt(width)
    return type.kind === 'long' ? BigInt.asIntN(64, floored) : floored
  }
  if (!(value instanceof Uint8Array)) return undefined
  if (type.kind !== 'string') return value.subarray(0, width)
  const points = [...Buffer.from(value).toString('utf8')]
  return points.length <= width ? value : Buffer.from(points.slice(0, width).join(''))
}

/** Appendix B of the specification: 32-bit Murmur3 of the value's hash form, seed 0. */
function bucket(width: number, type: Primitive, value: Scalar): number | undefined {
  const bytes = hashForm(type, value)
  return bytes === undefined ? undefined : (murmur3(bytes) & 0x7fffffff) % width
}

function hashForm(type: Primitive, value: Scalar): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  if (type.kind === 'decimal') return encodeSingleValue(type, value)
  if (typeof value === 'bigint') return encodeSingleValue({ kind: 'long' }, value)
  const isWhole = type.kind === 'int' || type.kind === 'date'
  return isWhole && typeof value === 'number'
    ? encodeSingleValue({ kind: 'long' }, BigInt(value))
    : undefined
}

/** The hash that bucket partitions are made of, by the form of the value. */
export const bucketHashes = {
  bytes: murmur3,
  long: (value: bigint) => murmur3(encodeSingleValue({ kind: 'long' }, value)),
  decimal: (unscaled: bigint) =>
    murmur3(encodeSingleValue({ kind: 'decimal', precision: 38, scale: 0 }, unscaled)),
}

export function murmur3(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks = bytes.length >>> 2
  let hash = 0
  for (let index = 0; index < blocks; index += 1) {
    hash ^= mix(view.getUint32(4 * index, true))
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let index = bytes.length - 1; index >= 4 * blocks; index -= 1) {
    tail = (tail << 8) | (bytes[index] ?? 0)
  }
  hash ^= mix(tail) ^ bytes.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) | 0
}

function mix(word: number): number {
  const scaled = Math.imul(word, 0xcc9e2d51)
  return Math.imul((scaled << 15) | (scaled >>> 17), 0x1b873593)
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}
