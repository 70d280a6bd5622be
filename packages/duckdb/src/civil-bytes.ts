import type { ByteSink } from './byte-sink.ts'
import { putFour, putPair } from './digit-words.ts'

/** `civil-text.ts` gives the same as texts, and of every date. */

const daysBefore1970 = 719_468
/** 0000-03-01 and 9999-12-31. */
const firstDay = -daysBefore1970
const lastDay = 2_932_896
const dateBytes = 10
const clockBytes = 15

/** `2024-01-31` for the years of four digits; false, and nothing is written, for others. */
export function writeDate(sink: ByteSink, days: number): boolean {
  if (!(days >= firstDay && days <= lastDay)) return false
  // Howard Hinnant's algorithm, in integers of 32 bits.
  const shifted = (days + daysBefore1970) | 0
  const era = (shifted / 146_097) | 0
  const dayOfEra = shifted - era * 146_097
  const leaps = ((dayOfEra / 1460) | 0) - ((dayOfEra / 36_524) | 0) + ((dayOfEra / 146_096) | 0)
  const yearOfEra = ((dayOfEra - leaps) / 365) | 0
  const dayOfYear = dayOfEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0))
  const monthPart = ((5 * dayOfYear + 2) / 153) | 0
  const day = dayOfYear - (((153 * monthPart + 2) / 5) | 0) + 1
  const month = monthPart < 10 ? monthPart + 3 : monthPart - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  sink.reserve(dateBytes)
  const { view } = sink
  let at = putFour(view, sink.length, year)
  view.setUint8(at, 45)
  at = putPair(view, at + 1, month)
  view.setUint8(at, 45)
  sink.length = putPair(view, at + 1, day)
  return true
}

/** `12:00:00.5`, from the microseconds of a day. */
export function writeClock(sink: ByteSink, micros: number): void {
  const seconds = Math.floor(micros / 1e6)
  const fraction = (micros - seconds * 1e6) | 0
  const minutes = (seconds / 60) | 0
  const hours = (minutes / 60) | 0
  sink.reserve(clockBytes)
  const { view } = sink
  let at = putPair(view, sink.length, hours)
  view.setUint8(at, 58)
  at = putPair(view, at + 1, minutes - hours * 60)
  view.setUint8(at, 58)
  at = putPair(view, at + 1, seconds - minutes * 60)
  if (fraction > 0) {
    view.setUint8(at, 46)
    const high = (fraction / 100) | 0
    at = putPair(view, putFour(view, at + 1, high), fraction - high * 100)
    while (view.getUint8(at - 1) === 48) at -= 1
  }
  sink.length = at
}
