import { oneLine } from './cell-text.ts'
import { UsageError } from './failure.ts'

/** Reads `NAME=VALUE`: what is JSON is taken as JSON, anything else as text. */
export function parseNamedValue(text: string, flag: string): [string, unknown] {
  const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? []
  if (name === undefined) throw new UsageError(`${flag} ${text}: write it as NAME=VALUE`)
  return [name, parseValue(value)]
}

function parseValue(text: string): unknown {
  // Beyond what a number of JSON holds exactly.
  if (/^-?\d{16,20}$/.test(text)) return { int: text }
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A value of a reply as a cell of a table. */
export function valueCell(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return oneLine(typeof value === 'object' ? JSON.stringify(value) : String(value))
}
