import { invalid, quote } from './errors.ts'

/**
 * Throws `invalid` unless the value is an object that has no other fields: what is misspelt would
 * otherwise be as good as not given.
 */
export function assertFields(value: unknown, known: ReadonlySet<string>, what: string): void {
  if (typeof value !== 'object' || value === null) {
    throw invalid(`${what} must be an object, not ${quote(value)}`)
  }
  for (const name in value) {
    if (!known.has(name)) {
      throw invalid(`${what} has no ${quote(name)}; known are ${[...known].join(', ')}`)
    }
  }
}
