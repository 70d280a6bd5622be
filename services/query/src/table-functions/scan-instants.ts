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

/** ISO 8601. */
export function microsText(micros: number): string {
  const fraction = ((micros % 1000) + 1000) % 1000
  const text = new Date((micros - fraction) / 1000).toISOString()
  return fraction === 0 ? text : `${text.slice(0, -1)}${String(fraction).padStart(3, '0')}Z`
}
