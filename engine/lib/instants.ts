import { invalid, quote } from './errors.ts'

/** What a plain number of time counts. */
export type TimeUnit = 's' | 'ms' | 'us'

/**
 * A point in time: a number in the database's `timeUnit` (milliseconds unless said), a bigint of
 * microseconds, a `Date`, or an ISO 8601 string (`2024-01-31`, `2024-01-31T12:00:00.000001+02:00`;
 * without an offset UTC). Stored as microseconds since 1970 UTC.
 */
export type Instant = number | bigint | Date | string

/** Microseconds: a number where that is exact, else a bigint. */
export type Micros = number | bigint

/** The instants that can be stored: all of int64 but its ends. */
export const microsMin = -(2n ** 63n) + 1n
export const microsMax = 2n ** 63n - 2n
/** `until` of what never ends. */
export const microsNever = 2n ** 63n - 1n

const two32 = 2 ** 32

/** Microseconds of a unit. */
export const microsPer: Readonly<Record<TimeUnit, number>> = { s: 1e6, ms: 1e3, us: 1 }
const iso =
  /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i

/** Checks and converts an instant; `name` says in errors which argument it was. */
export function toMicros(value: unknown, unit: TimeUnit, name: string): Micros {
  if (typeof value === 'number') return microsOfNumber(value, unit, name)
  if (typeof value === 'bigint') return checkRange(value, name)
  if (typeof value === 'string') return microsOfText(value, name)
  if (value instanceof Date) {
    const milliseconds = value.getTime()
    if (Number.isNaN(milliseconds)) throw invalid(`${name} is an invalid Date`)
    return microsOfNumber(milliseconds, 'ms', name)
  }
  throw invalid(`${name} must be a number, a bigint, a Date or an ISO string, not ${quote(value)}`)
}

/** A span of time in milliseconds as microseconds. */
export function toMicrosSpan(milliseconds: unknown, name: string): Micros {
  if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds)) {
    throw invalid(`${name} must be a finite number of milliseconds, not ${quote(milliseconds)}`)
  }
  return microsOfNumber(milliseconds, 'ms', name)
}

/** Microseconds as ISO 8601 UTC; `…us` where a calendar does not reach. Read back by `toMicros`. */
export function microsToText(micros: bigint): string {
  const fraction = ((micros % 1000n) + 1000n) % 1000n
  const milliseconds = Number((micros - fraction) / 1000n)
  if (Math.abs(milliseconds) > 8.64e15) return `${micros}us`
  const text = new Date(milliseconds).toISOString()
  if (fraction === 0n) return text
  return `${text.slice(0, -1)}${String(fraction).padStart(3, '0')}Z`
}

/** As `microsToText`, without a bigint for each; null of `microsNever`. */
export function microsToTexts(values: BigInt64Array): (string | null)[] {
  const { buffer, byteOffset, length } = values
  const lows = new Uint32Array(buffer, byteOffset, length * 2)
  const highs = new Int32Array(buffer, byteOffset, length * 2)
  const texts = new Array<string | null>(length)
  for (let row = 0; row < length; row++) {
    const micros = (highs[row * 2 + 1] ?? 0) * two32 + (lows[row * 2] ?? 0)
    if (Number.isSafeInteger(micros)) {
      const fraction = ((micros % 1000) + 1000) % 1000
      const text = new Date((micros - fraction) / 1000).toISOString()
      texts[row] =
        fraction === 0 ? text : `${text.slice(0, -1)}${String(fraction).padStart(3, '0')}Z`
    } else {
      const exact = values[row] ?? microsNever
      texts[row] = exact === microsNever ? null : microsToText(exact)
    }
  }
  return texts
}

function microsOfNumber(value: number, unit: TimeUnit, name: string): Micros {
  if (!Number.isFinite(value)) throw invalid(`${name} must be a finite number, not ${value}`)
  const micros = Math.round(value * microsPer[unit])
  // −0 would be written as 0, but reads oddly in tests and messages.
  if (Number.isSafeInteger(micros)) return micros + 0
  // The product is no longer exact as a number; units and the fraction of one are, each by itself.
  const units = Math.trunc(value)
  const fraction = BigInt(Math.round((value - units) * microsPer[unit]))
  return checkRange(BigInt(units) * BigInt(microsPer[unit]) + fraction, name)
}

function checkRange(micros: bigint, name: string): bigint {
  if (micros >= microsMin && micros <= microsMax) return micros
  throw invalid(`${name} is out of range: ${micros} µs is not within ±(2^63 − 2)`)
}

function microsOfText(text: string, name: string): Micros {
  const match = iso.exec(text)
  if (match === null) {
    if (/^-?\d{1,20}us$/.test(text)) return checkRange(BigInt(text.slice(0, -2)), name)
    throw invalid(`${name} is no ISO 8601 instant: ${quote(text)}`)
  }
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone] = match
  const date = `${year}-${month}-${day}`
  const milliseconds = Date.parse(`${date}T${hour}:${minute}:${second}.000Z`)
  const midnight = Date.parse(`${date}T00:00:00.000Z`)
  // Date.parse takes the 31st of February for the 3rd of March.
  if (Number.isNaN(milliseconds) || new Date(midnight).getUTCDate() !== Number(day)) {
    throw invalid(`${name} is no instant of the calendar: ${quote(text)}`)
  }
  const micros = Number(fraction.slice(0, 6).padEnd(6, '0'))
  const total = BigInt(milliseconds - offsetOf(zone, name) * 60_000) * 1000n + BigInt(micros)
  const checked = checkRange(total, name)
  const exact = Number(checked)
  return Number.isSafeInteger(exact) ? exact : checked
}

/** Minutes east of UTC. */
function offsetOf(zone: string | undefined, name: string): number {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0
  const digits = zone.slice(1).replace(':', '')
  const hours = Number(digits.slice(0, 2))
  const minutes = Number(digits.slice(2) || '0')
  if (hours > 23 || minutes > 59) throw invalid(`${name} has no such offset: ${zone}`)
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
