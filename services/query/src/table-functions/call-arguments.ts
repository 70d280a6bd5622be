import { HyperMeshError } from '@hypermesh/contract'
import type { TableCall } from '@hypermesh/duckdb'

interface Signature {
  /** Names of the arguments that stand in order. */
  readonly positional: readonly string[]
  /** Names of those that may be added as `name := value`. */
  readonly named: readonly string[]
}

/** The arguments by their names; all that stand in order must be there, those with names may be. */
export function argumentsOf(
  call: TableCall,
  { positional, named }: Signature,
): ReadonlyMap<string, unknown> {
  const [given, wanted] = [call.positional.length, positional.length]
  if (given !== wanted) {
    const form = [...positional, ...named.map((name) => `${name} := …`)].join(', ')
    throw wrongCall(call, `takes ${wanted} arguments, not ${given}: ${call.name}(${form})`)
  }
  const unknown = [...call.named.keys()].find((name) => !named.includes(name))
  if (unknown !== undefined) {
    const has = named.length === 0 ? 'none' : named.join(', ')
    throw wrongCall(call, `has no argument named ${unknown}; it has ${has}`)
  }
  return new Map([
    ...positional.map((name, index): [string, unknown] => [name, call.positional[index]?.value]),
    ...[...call.named].map(([name, { value }]): [string, unknown] => [name, value]),
  ])
}

/** A whole number; undefined where it was left out or is NULL. */
export function wholeArgument(call: TableCall, name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw wrongCall(call, `takes a whole number for ${name}`)
}

export function textArgument(call: TableCall, name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw wrongCall(call, `takes a text for ${name}`)
}

export function wrongCall(call: TableCall, what: string): HyperMeshError {
  const { name, position } = call
  const where = position && ` (line ${position.line}, column ${position.column})`
  return new HyperMeshError('invalid', `${name} ${what}${where ?? ''}`, {
    details: { reason: 'call', function: name, ...position },
  })
}
