import { printable } from '@hypermesh/contract'
import { formatExpression } from '../language/format-expression.ts'
import {
  arithmeticOperators,
  type Between,
  type Binary,
  type Expression,
  type Literal,
  type Membership,
} from '../language/syntax-tree.ts'
import { compileArithmetic, compileNegation } from './arithmetic.ts'
import { aligned, areComparable, areEqual, compileComparison, isComparison } from './compare.ts'
import { compileFunction } from './functions.ts'
import { invalidQuery, mismatch } from './query-error.ts'
import { type Compiled, constantOf, type Scope, sourceOf, wholeSourceOf } from './scope.ts'
import { toExact, type Value, type ValueType } from './value-type.ts'

/** An expression over the scope's columns. Throws `invalid` and `type_mismatch` before a row is read. */
export function compileExpression(expression: Expression, scope: Scope): Compiled {
  const replaced = scope.replaced?.get(formatExpression(expression))
  if (replaced !== undefined) return replaced
  const inner = (one: Expression) => compileExpression(one, scope)
  switch (expression.kind) {
    case 'literal':
      return compileLiteral(expression)
    case 'parameter':
      throw invalidQuery(`the parameter $${expression.name} is not given`)
    case 'column': {
      if (wholeSourceOf(scope, expression) !== undefined) {
        throw invalidQuery(`${expression.name} is a hyperedge: say which of its columns`)
      }
      if (expression.variable === null && scope.sources.length === 0) {
        throw invalidQuery(`there is no ${printable(expression.name)} here`)
      }
      const slot = sourceOf(scope, expression.variable).slot(expression.name)
      return { type: slot.type, evaluate: (row) => slot.get(row) }
    }
    case 'members':
      return compileRoleMembers(scope, expression.variable, inner(expression.role))
    case 'not': {
      const operand = asCondition(inner(expression.operand))
      return {
        type: 'bool',
        evaluate: (row) => {
          const value = operand.evaluate(row)
          return value === null ? null : !value
        },
      }
    }
    case 'negate':
      return compileNegation(inner(expression.operand))
    case 'and':
      return compileJunction(
        expression.operands.map((one) => asCondition(inner(one))),
        false,
      )
    case 'or':
      return compileJunction(
        expression.operands.map((one) => asCondition(inner(one))),
        true,
      )
    case 'binary':
      return compileBinary(expression, inner)
    case 'in':
      return compileMembership(expression, inner)
    case 'between':
      return compileBetween(expression, inner)
    case 'isNull': {
      const operand = inner(expression.operand)
      const { isNegated } = expression
      return { type: 'bool', evaluate: (row) => (operand.evaluate(row) === null) !== isNegated }
    }
    case 'list':
      return compileList(expression.items.map(inner))
    case 'record': {
      const entries = expression.entries.map(({ name, value }) => [name, inner(value)] as const)
      const evaluate = (row: number): Value =>
        Object.fromEntries(entries.map(([name, value]) => [name, value.evaluate(row)]))
      const isConstant = entries.every(([, value]) => value.constant !== undefined)
      return { type: 'record', evaluate, ...(isConstant ? { constant: evaluate(0) } : {}) }
    }
    case 'call':
      return compileFunction(expression, scope, inner)
  }
}

/** Throws `type_mismatch` unless it is true, false or unknown. */
export function asCondition(compiled: Compiled): Compiled {
  if (compiled.type === 'bool' || compiled.type === 'null') return compiled
  throw mismatch(`a condition is true or false, not ${compiled.type}`)
}

function compileLiteral({ value }: Literal): Compiled {
  if (value === null) return constantOf(null, 'null')
  if (typeof value === 'string') return constantOf(value, 'string')
  if (typeof value === 'boolean') return constantOf(value, 'bool')
  const isInteger = typeof value === 'bigint' || Number.isSafeInteger(value)
  return constantOf(value, isInteger ? 'int64' : 'float64')
}

/** `decisive` is the value that settles it: true of OR, false of AND. */
function compileJunction(operands: readonly Compiled[], decisive: boolean): Compiled {
  const evaluate = (row: number): Value => {
    let result: Value = !decisive
    for (const operand of operands) {
      const value = operand.evaluate(row)
      if (value === decisive) return decisive
      if (value === null) result = null
    }
    return result
  }
  return { type: 'bool', evaluate }
}

function compileBinary(
  { operator, left, right }: Binary,
  inner: (expression: Expression) => Compiled,
): Compiled {
  const one = inner(left)
  const other = inner(right)
  if (isComparison(operator)) return compileComparison(operator, one, other)
  if ((arithmeticOperators as readonly string[]).includes(operator)) {
    return compileArithmetic(operator, one, other)
  }
  for (const { type } of [one, other]) {
    if (type !== 'string' && type !== 'null') throw mismatch(`${operator} is of texts, not ${type}`)
  }
  const evaluate = (row: number): Value => {
    const text = one.evaluate(row)
    const part = other.evaluate(row)
    if (typeof text !== 'string' || typeof part !== 'string') return null
    if (operator === 'STARTS WITH') return text.startsWith(part)
    return operator === 'ENDS WITH' ? text.endsWith(part) : text.includes(part)
  }
  return { type: 'bool', evaluate }
}

/** As SQL: unknown where nothing is equal and a null could be. */
function compileMembership(
  { value, list }: Membership,
  inner: (expression: Expression) => Compiled,
): Compiled {
  const sought = inner(value)
  const items =
    list.kind === 'list' ? list.items.map((item) => aligned(sought, inner(item))[1]) : []
  for (const { type } of items) {
    if (!areComparable(sought.type, type)) throw mismatch(`${sought.type} IN a list of ${type}`)
  }
  const listed = list.kind === 'list' ? undefined : inner(list)
  if (
    listed !== undefined &&
    !['list', 'list<node>', 'list<string>', 'null'].includes(listed.type)
  ) {
    throw mismatch(`IN takes a list, not ${listed.type}`)
  }
  const quick = quickMembership(sought, items)
  if (listed === undefined && quick !== undefined) return quick
  const listAt = (row: number): Value =>
    listed === undefined ? items.map((item) => item.evaluate(row)) : listed.evaluate(row)
  const evaluate = (row: number): Value => {
    const one = sought.evaluate(row)
    const many = listAt(row)
    if (!Array.isArray(many)) return null
    if (many.length === 0) return false
    if (one === null) return null
    let result: Value = false
    for (const item of many as readonly Value[]) {
      if (item === null) result = null
      else if (areEqual(one, item)) return true
    }
    return result
  }
  return { type: 'bool', evaluate }
}

/** Of constant scalars: looked up, however many they are. Undefined for other lists. */
function quickMembership(sought: Compiled, items: readonly Compiled[]): Compiled | undefined {
  const known = new Set<Value>()
  for (const { constant } of items) {
    if (constant === undefined || (typeof constant === 'object' && constant !== null)) {
      return undefined
    }
    known.add(keyOf(constant))
  }
  const isEmpty = known.size === 0
  const missed = known.delete(null) ? null : false
  const evaluate = (row: number): Value => {
    const value = sought.evaluate(row)
    if (isEmpty) return false
    if (value === null) return null
    return known.has(keyOf(value)) || missed
  }
  return { type: 'bool', evaluate }
}

/** One for all forms of a number. A truth is never compared with a number. */
function keyOf(value: Value): Value {
  if (typeof value === 'bigint') return toExact(value)
  const isLarge = Number.isInteger(value) && !Number.isSafeInteger(value)
  return isLarge ? BigInt(Number(value)) : value
}

/** The value is worked out once a row, for both comparisons. */
function compileBetween(
  { value, low, high }: Between,
  inner: (expression: Expression) => Compiled,
): Compiled {
  const sought = inner(value)
  let held: Value = null
  const shared: Compiled = { ...sought, evaluate: () => held }
  const within = compileJunction(
    [compileComparison('>=', shared, inner(low)), compileComparison('<=', shared, inner(high))],
    false,
  )
  const evaluate = (row: number): Value => {
    held = sought.evaluate(row)
    return within.evaluate(row)
  }
  return { type: 'bool', evaluate }
}

function compileRoleMembers(scope: Scope, variable: string | null, role: Compiled): Compiled {
  if (role.type !== 'string')
    throw mismatch(`members(…) takes the name of a role, not ${role.type}`)
  const source = sourceOf(scope, variable)
  const members = source.slot('members')
  const roles = source.slot('roles')
  const evaluate = (row: number): Value => {
    const wanted = role.evaluate(row)
    const given = roles.get(row) as readonly Value[]
    return (members.get(row) as readonly Value[]).filter((_, place) => given[place] === wanted)
  }
  return { type: 'list<node>', evaluate }
}

function compileList(items: readonly Compiled[]): Compiled {
  const evaluate = (row: number): Value => items.map((item) => item.evaluate(row))
  const type: ValueType = 'list'
  const isConstant = items.every(({ constant }) => constant !== undefined)
  return { type, evaluate, ...(isConstant ? { constant: evaluate(0) } : {}) }
}
