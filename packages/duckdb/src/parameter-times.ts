import * as duck from '@duckdb/node-api'

type Temporal = { readonly value: duck.DuckDBValue; readonly type: duck.DuckDBType }

interface TickType {
  readonly type: duck.DuckDBType
  readonly digits: number
  readonly zoned?: true
  wrap(ticks: bigint): duck.DuckDBValue
}

const tickTypes: Readonly<Record<string, TickType>> = {
  TIMESTAMP: {
    type: duck.TIMESTAMP,
    digits: 6,
    wrap: (ticks) => new duck.DuckDBTimestampValue(ticks),
  },
  TIMESTAMP_S: {
    type: duck.TIMESTAMP_S,
    digits: 0,
    wrap: (ticks) => new duck.DuckDBTimestampSecondsValue(ticks),
  },
  TIMESTAMP_MS: {
    type: duck.TIMESTAMP_MS,
    digits: 3,
    wrap: (ticks) => new duck.DuckDBTimestampMillisecondsValue(ticks),
  },
  TIMESTAMP_NS: {
    type: duck.TIMESTAMP_NS,
    digits: 9,
    wrap: (ticks) => new duck.DuckDBTimestampNanosecondsValue(ticks),
  },
  'TIMESTAMP WITH TIME ZONE': {
    type: duck.TIMESTAMPTZ,
    digits: 6,
    zoned: true,
    wrap: (ticks) => new duck.DuckDBTimestampTZValue(ticks),
  },
}

/** Dates, times and intervals from their wire form. Undefined: no such type. */
export function temporalValue(type: string, text: string): Temporal | 'mismatch' | undefined {
  const ticks = tickTypes[type]
  if (ticks) return timestampValue(ticks, text)
  if (type === 'DATE') {
    const days = daysOf(text)
    return days === undefined
      ? 'mismatch'
      : { value: new duck.DuckDBDateValue(days), type: duck.DATE }
  }
  if (type === 'TIME') {
    const micros = clockOf(text, 6)
    return micros === undefined
      ? 'mismatch'
      : { value: new duck.DuckDBTimeValue(micros), type: duck.TIME }
  }
  if (type === 'INTERVAL') return intervalValue(text)
  return undefined
}

const endOfTicks = 2n ** 63n - 1n
const endOfDays = 2_147_483_647

function timestampValue(of: TickType, text: string): Temporal | 'mismatch' {
  const { type, digits, zoned, wrap } = of
  if (text === 'infinity') return { value: wrap(endOfTicks), type }
  if (text === '-infinity') return { value: wrap(-endOfTicks), type }
  const match = /^(\S+?)(?:[T ]([\d:.]+)(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(text)
  const days = daysOf(match?.[1] ?? '')
  const clock = clockOf(match?.[2] ?? '00:00:00', digits)
  const zone = match?.[3]
  if (days === undefined || clock === undefined) return 'mismatch'
  if (Math.abs(days) === endOfDays || (zone !== undefined && !zoned)) return 'mismatch'
  const unit = 10n ** BigInt(digits)
  const ticks = BigInt(days) * 86_400n * unit + clock - BigInt(offsetSeconds(zone)) * unit
  if (ticks >= endOfTicks || ticks <= -endOfTicks) return 'mismatch'
  return { value: wrap(ticks), type }
}

function offsetSeconds(zone: string | undefined): number {
  if (zone === undefined || /^z$/i.test(zone)) return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || 0)
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60)
}

/** Days since 1970 of an ISO date; undefined where there is no such day. */
function daysOf(text: string): number | undefined {
  if (text === 'infinity') return endOfDays
  if (text === '-infinity') return -endOfDays
  const match = /^(\d{4}|[+-]\d{6,7})-(\d\d)-(\d\d)$/.exec(text)
  if (!match) return undefined
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number]
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
}

/** Ticks since midnight; undefined where the text is finer than the ticks. */
function clockOf(text: string, digits: number): bigint | undefined {
  const match = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?$/.exec(text)
  if (!match) return undefined
  const [hours, minutes, seconds] = [match[1], match[2], match[3] ?? 0].map(Number) as [
    number,
    number,
    number,
  ]
  const fraction = (match[4] ?? '').replace(/0+$/, '')
  const whole = hours * 3600 + minutes * 60 + seconds
  if (minutes > 59 || seconds > 59 || whole > 86_400 || fraction.length > digits) return undefined
  if (whole === 86_400 && fraction !== '') return undefined
  return BigInt(whole) * 10n ** BigInt(digits) + BigInt(fraction.padEnd(digits, '0') || '0')
}

function intervalValue(text: string): Temporal | 'mismatch' {
  const part = '(?:(-?\\d+)'
  const pattern = new RegExp(
    `^P${part}Y)?${part}M)?${part}W)?${part}D)?(?:T${part}H)?${part}M)?(?:(-?)(\\d+)(?:\\.(\\d{1,6}))?S)?)?$`,
  )
  const match = pattern.exec(text)
  if (!match || text === 'P' || text.endsWith('T')) return 'mismatch'
  const [years, months, weeks, days] = match.slice(1, 5).map((value) => Number(value ?? 0)) as [
    number,
    number,
    number,
    number,
  ]
  const [hours, minutes] = match.slice(5, 7).map((value) => BigInt(value ?? 0)) as [bigint, bigint]
  const size = BigInt(match[8] ?? 0) * 1_000_000n + BigInt((match[9] ?? '').padEnd(6, '0'))
  const seconds = match[7] === '-' ? -size : size
  const micros = hours * 3_600_000_000n + minutes * 60_000_000n + seconds
  const whole = [years * 12 + months, weeks * 7 + days] as const
  if (whole.some((value) => Math.abs(value) > endOfDays) || micros > endOfTicks) return 'mismatch'
  return { value: new duck.DuckDBIntervalValue(whole[0], whole[1], micros), type: duck.INTERVAL }
}
