import type { GraphTimeUnit } from '@hypermesh/contract'
import { HyperMeshError } from '@hypermesh/contract'
import { type Instant, toMicros } from '@hypermesh/engine'

/** The databases are opened with `ms`: such numbers pass as they are. */
export const engineTimeUnit = 'ms'

/** ISO 8601 text, or a number in the unit, as the engine takes it. */
export function toInstant(value: unknown, unit: GraphTimeUnit, what: string): Instant {
  if (typeof value === 'string') return value
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    const given = typeof value === 'number' ? String(value) : typeof value
    throw new HyperMeshError('invalid', `${what} is a number or ISO 8601 text, not ${given}`)
  }
  if (unit === 'ms') return value
  const micros = toMicros(value, unit, what)
  return typeof micros === 'bigint' ? micros : BigInt(micros)
}

/** The same of a text of a query string, where digits are a number. */
export function textToInstant(text: string, unit: GraphTimeUnit, what: string): Instant {
  return /^-?\d+(\.\d+)?$/.test(text) ? toInstant(Number(text), unit, what) : text
}

/** Of a query string: the number of a commit, or an instant. */
export function textToAsOf(text: string): number | string {
  return /^\d{1,16}$/.test(text) ? Number(text) : text
}

const secondsEnd = 1e11
const millisecondsEnd = 1e14

/**
 * Microseconds of an instant of the query language: ISO 8601 text, or a number that counts seconds
 * below 10^11, milliseconds below 10^14 and microseconds above, whichever sign it has.
 */
export function toMicrosByMagnitude(value: unknown, what: string): bigint {
  if (typeof value === 'number') {
    const size = Math.abs(value)
    const unit = size < secondsEnd ? 's' : size < millisecondsEnd ? 'ms' : 'us'
    return BigInt(toMicros(value, unit, what))
  }
  // A bigint is microseconds whatever the unit, and anything else is refused.
  return BigInt(toMicros(value, 'us', what))
}
