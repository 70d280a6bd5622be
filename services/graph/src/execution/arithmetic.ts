import type { BinaryOperator } from '../language/syntax-tree.ts'
import { invalidQuery, mismatch } from './query-error.ts'
import type { Compiled } from './scope.ts'
import { isNumeric, toExact, type Value, type ValueType } from './value-type.ts'

type Number64 = number | bigint

const microsPerSecond = 1e6
/** The last instant, in microseconds. */
const instantMost = 2n ** 63n - 2n

/** Numbers, and instants with seconds. A division is of floats, and by zero NULL, as is a remainder. */
export function compileArithmetic(
  operator: BinaryOperator,
  left: Compiled,
  right: Compiled,
): Compiled {
  const type = typeOf(operator, left.type, right.type)
  const work = worker(operator, left.type, right.type)
  const evaluate = (row: number): Value => {
    const a = left.evaluate(row)
    const b = right.evaluate(row)
    // Numbers or instants, by the types.
    return a === null || b === null ? null : work(a as Number64, b as Number64)
  }
  if (left.constant === undefined || right.constant === undefined) return { type, evaluate }
  return { type, evaluate, constant: evaluate(0) }
}

export function compileNegation(operand: Compiled): Compiled {
  if (!isNumeric(operand.type) && operand.type !== 'null') throw mismatch(`−${operand.type}`)
  const evaluate = (row: number): Value => {
    const value = operand.evaluate(row)
    if (value === null) return null
    return typeof value === 'bigint' ? within(-value) : -Number(value)
  }
  const { type, constant } = operand
  return constant === undefined ? { type, evaluate } : { type, evaluate, constant: evaluate(0) }
}

function typeOf(operator: BinaryOperator, left: ValueType, right: ValueType): ValueType {
  if (left === 'null' || right === 'null') return 'null'
  const isSum = operator === '+' || operator === '-'
  if (left === 'timestamp' && right === 'timestamp' && operator === '-') return 'float64'
  if (left === 'timestamp' && isNumeric(right) && isSum) return 'timestamp'
  if (right === 'timestamp' && isNumeric(left) && operator === '+') return 'timestamp'
  if (!isNumeric(left) || !isNumeric(right)) throw mismatch(`${left} ${operator} ${right}`)
  return operator !== '/' && left === 'int64' && right === 'int64' ? 'int64' : 'float64'
}

function worker(
  operator: BinaryOperator,
  left: ValueType,
  right: ValueType,
): (a: Number64, b: Number64) => Value {
  if (left === 'timestamp' && right === 'timestamp') {
    return (a, b) => Number(BigInt(a) - BigInt(b)) / microsPerSecond
  }
  if (left === 'timestamp') {
    const sign = operator === '-' ? -1 : 1
    return (a, b) => shifted(BigInt(a), Number(b) * sign)
  }
  if (right === 'timestamp') return (a, b) => shifted(BigInt(b), Number(a))
  if (left === 'int64' && right === 'int64' && operator !== '/') {
    return (a, b) => integers(operator, a, b)
  }
  return (a, b) => floats(operator, Number(a), Number(b))
}

/** Throws where there is no such instant. */
function shifted(instant: bigint, seconds: number): bigint {
  const micros = Math.round(seconds * microsPerSecond)
  if (Number.isFinite(micros)) {
    const moved = instant + BigInt(micros)
    if (moved >= -instantMost && moved <= instantMost) return moved
  }
  throw invalidQuery(`an instant and ${seconds} seconds are beyond the instants that there are`)
}

function integers(operator: BinaryOperator, a: Number64, b: Number64): Value {
  if (operator === '%' && Number(b) === 0) return null
  if (typeof a === 'number' && typeof b === 'number') {
    const quick = floats(operator, a, b)
    if (Number.isSafeInteger(quick)) return quick
  }
  const [left, right] = [BigInt(a), BigInt(b)]
  if (operator === '+') return within(left + right)
  if (operator === '-') return within(left - right)
  return within(operator === '*' ? left * right : left % right)
}

/** Null also for what is no number, such as ∞ − ∞: it would compare equal to everything. */
function floats(operator: BinaryOperator, a: number, b: number): number | null {
  const result = floatOf(operator, a, b)
  return Number.isNaN(result) ? null : result
}

function floatOf(operator: BinaryOperator, a: number, b: number): number {
  if (operator === '+') return a + b
  if (operator === '-') return a - b
  if (operator === '*') return a * b
  if (b === 0) return Number.NaN
  return operator === '/' ? a / b : a % b
}

/** Throws where the integer does not fit 64 bits. */
export function within(value: bigint): Number64 {
  if (BigInt.asIntN(64, value) === value) return toExact(value)
  throw invalidQuery(`${value} is no integer of 64 bits`)
}
