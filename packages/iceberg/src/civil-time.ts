// Dates and times as DuckDB writes them, in the proleptic Gregorian calendar. JavaScript's Date is
// not used: its range is smaller than that of either format, and it has milliseconds only.

const datePattern = String.raw`(\d{1,7})-(\d{2})-(\d{2})( \(BC\))?`
const timePattern = String.raw`(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?`
const zonePattern = String.raw`(Z|[+-]\d{2}(?::?\d{2})?(?::?\d{2})?)?`
const dateText = new RegExp(`^${datePattern}$`)
const timeText = new RegExp(`^${timePattern}$`)
const timestampText = new RegExp(`^${datePattern}[ T]${timePattern}${zonePattern}$`)

export const microsPerDay = 86_400_000_000n

/** Days since 1970-01-01; undefined for infinities and what is not a date. */
export function parseDays(text: string): number | undefined {
  const match = dateText.exec(text)
  return match === null ? undefined : daysOf(match)
}

/** Microseconds since midnight; undefined for 24:00:00, which Iceberg's `time` cannot hold. */
export function parseTimeMicros(text: string): bigint | undefined {
  const match = timeText.exec(text)
  const micros = match === null ? undefined : microsOf(match, 1)
  return micros === undefined || micros >= microsPerDay ? undefined : micros
}

/** Microseconds since 1970-01-01 of a text that has, or has not, a time zone. */
export function parseTimestampMicros(text: string, zoned: boolean): bigint | undefined {
  const match = timestampText.exec(text)
  if (match === null) return undefined
  const days = daysOf(match)
  const time = microsOf(match, 5)
  const zone = match[9]
  if (days === undefined || time === undefined || (zone !== undefined) !== zoned) return undefined
  const micros = BigInt(days) * microsPerDay + time - zoneMicros(zone ?? 'Z')
  return BigInt.asIntN(64, micros) === micros ? micros : undefined
}

function daysOf(match: RegExpExecArray): number | undefined {
  const [, yearText, monthText, dayText, isBc] = match
  const written = Number(yearText)
  const year = isBc === undefined ? written : 1 - written
  const month = Number(monthText)
  const day = Number(dayText)
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  const days = daysFromCivil(year, month, day)
  return days >= -2_147_483_646 && days <= 2_147_483_646 ? days : undefined
}

function microsOf(match: RegExpExecArray, first: number): bigint | undefined {
  const [hour, minute, second] = [match[first], match[first + 1], match[first + 2]].map(Number)
  if (hour === undefined || minute === undefined || second === undefined) return undefined
  if (hour > 24 || minute > 59 || second > 59) return undefined
  const fraction = BigInt((match[first + 3] ?? '').padEnd(6, '0'))
  return BigInt((hour * 60 + minute) * 60 + second) * 1_000_000n + fraction
}

function zoneMicros(zone: string): bigint {
  if (zone === 'Z') return 0n
  const digits = zone.slice(1).replaceAll(':', '')
  const [hours, minutes, seconds] = [0, 2, 4].map((at) => Number(digits.slice(at, at + 2)))
  const total = ((hours ?? 0) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)
  return BigInt(zone.startsWith('-') ? -total : total) * 1_000_000n
}

function daysInMonth(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0
}

/** Howard Hinnant's algorithm: eras of 400 years, years that start in March. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The inverse of `daysFromCivil`. */
export function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}
