import type { ScanValue } from '@hypermesh/duckdb'

const instant = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/

/** Microseconds since 1970 of a constant of a plan; undefined where JSON would not hold them exactly. */
export function microsOf({ type, text }: ScanValue): number | undefined {
  const match = type === 'TIMESTAMP WITH TIME ZONE' && text !== null ? instant.exec(text) : null
  if (match === null) return undefined
  const [, date, time, fraction = ''] = match
  const micros = Date.parse(`${date}T${time}Z`) * 1000 + Number(fraction.padEnd(6, '0'))
  return Number.isSafeInteger(micros) ? micros : undefined
}

const iso =
  /^([+-]\d{6}|\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/i

/** Microseconds of an ISO 8601 text, without an offset in UTC; undefined where it is none, or JSON cannot hold them. */
export function instantOfText(text: string): number | undefined {
  const match = iso.exec(text.trim())
  if (match === null) return undefined
  const [, year, month = '01', day = '01', time = '00:00', fraction = '', zone = 'Z'] = match
  const midnight = Date.parse(`${year}-${month}-${day}T00:00Z`)
  // The 31st of February is taken for the 3rd of March.
  if (Number.isNaN(midnight) || new Date(midnight).getUTCDate() !== Number(day)) return undefined
  const offset = /^z$/i.test(zone)
    ? 'Z'
    : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  const milliseconds = Date.parse(`${year}-${month}-${day}T${time}${offset}`)
  const micros = milliseconds * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'))
  return Number.isSafeInteger(micros) ? micros : undefined
}
