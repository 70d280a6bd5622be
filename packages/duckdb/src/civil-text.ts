/** Dates and times as text, from the integers that DuckDB holds. Proleptic Gregorian, ISO 8601. */

/** `2024-01-31`; years outside 0000–9999 in expanded form: `+010000-01-01`, `-000043-03-15`. */
export function dateText(days: number): string {
  const { year, month, day } = civilFromDays(days)
  return `${yearText(year)}-${two(month)}-${two(day)}`
}

/** `12:00:00`, with the fraction only where it is not zero, its trailing zeros cut. */
export function timeText(ticks: bigint, fractionDigits: number): string {
  const unit = 10n ** BigInt(fractionDigits)
  const seconds = Number(ticks / unit)
  const fraction = ticks % unit
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  if (fraction === 0n) return clock
  return `${clock}.${String(fraction).padStart(fractionDigits, '0').replace(/0+$/, '')}`
}

/** `2024-01-31T12:00:00.123456`; the separator is a choice. */
export function timestampText(ticks: bigint, fractionDigits: number, separator = 'T'): string {
  const dayTicks = 86_400n * 10n ** BigInt(fractionDigits)
  const within = ((ticks % dayTicks) + dayTicks) % dayTicks
  const days = Number((ticks - within) / dayTicks)
  return `${dateText(days)}${separator}${timeText(within, fractionDigits)}`
}

export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** Howard Hinnant's algorithm; year 0 is 1 BC. */
function civilFromDays(days: number): CivilDate {
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
  const monthPart = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthPart + 2) / 5) + 1
  const month = monthPart < 10 ? monthPart + 3 : monthPart - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0')
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
