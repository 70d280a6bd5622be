import { toMicrosByMagnitude } from '../instants.ts'
import type { BinaryOperator } from '../language/syntax-tree.ts'
import { mismatch } from './query-error.ts'
import { type Compiled, constantOf } from './scope.ts'
import { compareValues, isNumeric, type Value, type ValueType } from './value-type.ts'

type Test = (order: number) => boolean

const tests: ReadonlyMap<BinaryOperator, Test> = new Map<BinaryOperator, Test>([
  ['=', (order) => order === 0],
  ['<>', (order) => order !== 0],
  ['<', (order) => order < 0],
  ['<=', (order) => order <= 0],
  ['>', (order) => order > 0],
  ['>=', (order) => order >= 0],
])

export function isComparison(operator: BinaryOperator): boolean {
  return tests.has(operator)
}

/** As SQL: unknown where a side is null. Throws `type_mismatch` where the sides cannot be compared. */
export function compileComparison(
  operator: BinaryOperator,
  one: Compiled,
  other: Compiled,
): Compiled {
  const [left, right] = aligned(one, other)
  if (left.type === 'null' || right.type === 'null') return constantOf(null, 'bool')
  assertComparable(operator, left.type, right.type)
  const test = tests.get(operator) ?? (() => false)
  const evaluate = (row: number): Value => {
    const a = left.evaluate(row)
    const b = right.evaluate(row)
    return a === null || b === null ? null : test(compareValues(a, b))
  }
  return { type: 'bool', evaluate }
}

/** A constant beside an instant is one. */
export function aligned(one: Compiled, other: Compiled): readonly [Compiled, Compiled] {
  if (one.type === 'timestamp') return [one, toInstant(other)]
  if (other.type === 'timestamp') return [toInstant(one), other]
  return [one, other]
}

/** The constant as an instant: ISO 8601 text, or a number by its magnitude. */
export function toInstant(compiled: Compiled): Compiled {
  const { constant, type } = compiled
  const isGiven = type === 'string' || isNumeric(type)
  if (constant === undefined || !isGiven) return compiled
  return constantOf(toMicrosByMagnitude(constant, 'an instant'), 'timestamp')
}

/** Whether a value of a list is the one looked for, as `=` compares them. */
export function areEqual(left: Value, right: Value): boolean {
  return compareValues(left, right) === 0
}

/** Nodes are texts or integers, and never equal where one is a text. */
export function areComparable(left: ValueType, right: ValueType): boolean {
  if (left === right || left === 'null' || right === 'null') return true
  if (isNumeric(left) && isNumeric(right)) return true
  const other = left === 'node' ? right : right === 'node' ? left : undefined
  return other !== undefined && (other === 'string' || isNumeric(other))
}

function assertComparable(operator: BinaryOperator, left: ValueType, right: ValueType): void {
  if (areComparable(left, right)) return
  throw mismatch(`${left} ${operator} ${right}: these cannot be compared`)
}
