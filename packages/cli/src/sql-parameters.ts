import type { SqlParameter, SqlRequest } from '@hypermesh/contract'
import { UsageError } from './failure.ts'

/**
 * Reads `--param` values: `5`, `name=5`, `:DATE=2024-01-31`, `since:TIMESTAMP=2024-01-31`.
 * What is JSON is taken as JSON, anything else as text.
 */
export function parseParameters(texts: readonly string[]): SqlRequest['parameters'] {
  const parsed = texts.map(parseParameter)
  const named = parsed.filter(({ name }) => name !== undefined)
  if (parsed.length === 0) return undefined
  if (named.length === 0) return parsed.map(({ value }) => value)
  if (named.length < parsed.length) {
    throw new UsageError('give every --param a name, or none of them')
  }
  return Object.fromEntries(parsed.map(({ name, value }) => [name, value]))
}

function parseParameter(text: string): { name: string | undefined; value: SqlParameter } {
  const match = /^([A-Za-z_]\w*)?(?::([A-Za-z][^=]*))?=(.*)$/s.exec(text)
  const [, name, type, value] = match ?? []
  if (value === undefined || (name === undefined && type === undefined)) {
    return { name: undefined, value: parseValue(text) }
  }
  if (type === undefined) return { name, value: parseValue(value) }
  return { name, value: { type, value: value === 'null' ? null : value } }
}

function parseValue(text: string): SqlParameter {
  if (/^-?\d{16,}$/.test(text)) return { type: 'HUGEINT', value: text }
  try {
    const value: unknown = JSON.parse(text)
    // Beyond every double: JSON would send null, the server tells what is wrong.
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
      return { type: 'DOUBLE', value: text }
    }
    if (value === null || typeof value !== 'object') return value as SqlParameter
  } catch {
    // Not JSON, so it is text.
  }
  return text
}
