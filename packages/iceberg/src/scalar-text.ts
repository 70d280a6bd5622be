import { civilFromDays, microsPerDay } from './civil-time.ts'
import type { Primitive } from './iceberg-type.ts'
import type { Scalar } from './single-value.ts'

/** A value for people to read; undefined when it does not fit the type. */
export function formatScalar(type: Primitive, value: Scalar): string | undefined {
  switch (type.kind) {
    case 'date':
      return typeof value === 'number' ? formatDays(value) : undefined
    case 'time':
      return typeof value === 'bigint' ? formatTimeOfDay(value) : undefined
    case 'timestamp':
      return typeof value === 'bigint' ? formatTimestamp(value) : undefined
    case 'timestamptz':
      return typeof value === 'bigint' ? `${formatTimestamp(value)}Z` : undefined
    case 'decimal':
      return typeof value === 'bigint' ? formatDecimal(value, type.scale) : undefined
    case 'string':
      return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined
    case 'uuid':
      return value instanceof Uint8Array ? formatUuid(value) : undefined
    default:
      return value instanceof Uint8Array ? `0x${Buffer.from(value).toString('hex')}` : String(value)
  }
}

function formatDays(days: number): string {
  const { year, month, day } = civilFromDays(days)
  const digits = String(Math.abs(year)).padStart(4, '0')
  return `${year < 0 ? '-' : ''}${digits}-${twoDigits(month)}-${twoDigits(day)}`
}

function formatTimestamp(micros: bigint): string {
  const timeOfDay = ((micros % microsPerDay) + microsPerDay) % microsPerDay
  const days = Number((micros - timeOfDay) / microsPerDay)
  return `${formatDays(days)}T${formatTimeOfDay(timeOfDay)}`
}

function formatTimeOfDay(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n)
  const fraction = micros % 1_000_000n
  const [hour, minute, second] = [seconds / 3600, (seconds / 60) % 60, seconds % 60]
  const whole = [hour, minute, second].map((part) => twoDigits(Math.floor(part))).join(':')
  return fraction === 0n ? whole : `${whole}.${String(fraction).padStart(6, '0')}`
}

function formatDecimal(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return unscaled < 0n ? `-${text}` : text
}

function formatUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-')
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
