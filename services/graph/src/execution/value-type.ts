import type { GraphQueryType } from '@hypermesh/contract'

/** What a column or expression holds; lists of nodes and of roles are those of a hyperedge. */
export type ValueType = GraphQueryType

/** A timestamp is a bigint of microseconds; an integer a bigint where a number is not exact. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Value[]
  | { readonly [name: string]: Value }

export function isNumeric(type: ValueType): boolean {
  return type === 'int64' || type === 'float64'
}

/** By code points, as the engine orders texts: UTF-16 units would put U+FFFF before U+10000. */
function compareTexts(left: string, right: string): number {
  const end = Math.min(left.length, right.length)
  let at = 0
  while (at < end && left.charCodeAt(at) === right.charCodeAt(at)) at += 1
  if (at === end) return left.length - right.length
  return rank(left.charCodeAt(at)) - rank(right.charCodeAt(at))
}

/** Halves of pairs stand for code points above all others. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** Of two values of one type, or two numbers; nulls are the greatest, so that they end an ascending order. */
export function compareValues(left: Value, right: Value): number {
  if (left === null || right === null) return Number(left === null) - Number(right === null)
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right)
  // Nodes: integers before texts.
  if (typeof left === 'string') return 1
  if (typeof right === 'string') return -1
  if (Array.isArray(left) && Array.isArray(right)) return compareLists(left, right)
  return left < right ? -1 : Number(left > right)
}

function compareLists(left: readonly Value[], right: readonly Value[]): number {
  const end = Math.min(left.length, right.length)
  for (let at = 0; at < end; at++) {
    const order = compareValues(left[at] ?? null, right[at] ?? null)
    if (order !== 0) return order
  }
  return left.length - right.length
}

/** The same text for the same value, whatever its type: what groups and DISTINCT compare. */
export function identityOf(value: Value): string {
  if (typeof value === 'string') return `"${value.length}:${value}`
  if (Array.isArray(value)) return `[${value.map(identityOf).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([name, one]) => `${name}:${identityOf(one)}`)
      .join(',')}}`
  }
  return Object.is(value, -0) ? '0' : String(value)
}

/** A number where that is exact. */
export function toExact(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
