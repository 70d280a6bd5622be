import type { Filter, FilterValue } from '@hypermesh/engine'
import type { Between, Binary, Expression, Membership, NullTest } from '../language/syntax-tree.ts'
import { aligned } from './compare.ts'
import { compileExpression } from './compile-expression.ts'
import type { Compiled, Source } from './scope.ts'
import type { Value } from './value-type.ts'

/** A column beside a constant, whichever stands left. */
export function columnAndConstant(
  expression: Expression,
  source: Source,
): { readonly operator: string; readonly name: string; readonly value: Value } | undefined {
  if (expression.kind !== 'binary') return undefined
  const { operator, left, right } = expression
  const isFlipped = left.kind !== 'column'
  const column = isFlipped ? right : left
  if (column.kind !== 'column') return undefined
  const compile = (one: Expression): Compiled => compileExpression(one, { sources: [source] })
  const [, constant] = aligned(compile(column), compile(isFlipped ? left : right))
  if (constant.constant === undefined || constant.constant === null) return undefined
  const shown = isFlipped ? (flipped.get(operator) ?? '') : operator
  return { operator: shown, name: column.name, value: constant.constant }
}

const flipped: ReadonlyMap<string, string> = new Map([
  ['=', '='],
  ['<>', '<>'],
  ['<', '>'],
  ['<=', '>='],
  ['>', '<'],
  ['>=', '<='],
])

const comparisons: ReadonlyMap<string, string> = new Map([
  ['=', 'eq'],
  ['<>', 'ne'],
  ['<', 'lt'],
  ['<=', 'lte'],
  ['>', 'gt'],
  ['>=', 'gte'],
  ['STARTS WITH', 'prefix'],
])
/** What the engine's filters may have: it refuses one that is deeper, has more parts or longer lists. */
const depthMax = 60
export const filterPartsMax = 1000
const operandsMax = 65_536

/** The condition as the engine checks it; undefined where it could not, or not in quite the same way. */
export function toFilter(expression: Expression, source: Source, depth = 1): Filter | undefined {
  if (depth > depthMax) return undefined
  switch (expression.kind) {
    case 'and':
    case 'or': {
      const parts = expression.operands.map((one) => toFilter(one, source, depth + 1))
      if (!parts.every((part) => part !== undefined)) return undefined
      return expression.kind === 'and' ? { and: parts } : { or: parts }
    }
    case 'not': {
      const not = toFilter(expression.operand, source, depth + 1)
      return not === undefined ? undefined : { not }
    }
    case 'between': {
      const [low, high] = halvesOf(expression) ?? []
      if (low === undefined || high === undefined) return undefined
      return toFilter({ kind: 'and', operands: [low, high] }, source, depth)
    }
    case 'binary':
      return comparisonFilter(expression, source)
    case 'in':
      return listFilter(expression, source)
    case 'isNull':
      return nullFilter(expression, source)
    default:
      return undefined
  }
}

/** How many conditions a filter is, with those that join them. */
export function partsOf(filter: Filter): number {
  if ('not' in filter) return 1 + partsOf(filter.not)
  if ('column' in filter) return 1
  const joined = 'and' in filter ? filter.and : filter.or
  return joined.reduce((sum, part) => sum + partsOf(part), 1)
}

/** The two comparisons of a BETWEEN; undefined where its value holds another, as that would be doubled. */
export function halvesOf({ value, low, high }: Between): readonly Expression[] | undefined {
  if (holdsBetween(value)) return undefined
  return [
    { kind: 'binary', operator: '>=', left: value, right: low },
    { kind: 'binary', operator: '<=', left: value, right: high },
  ]
}

function holdsBetween(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false
  return Reflect.get(node, 'kind') === 'between' || Object.values(node).some(holdsBetween)
}

function comparisonFilter(expression: Binary, source: Source): Filter | undefined {
  const test = columnAndConstant(expression, source)
  const name = comparisons.get(test?.operator ?? '')
  if (test === undefined || name === undefined) return undefined
  return toComparison(source, test.name, { name, values: [test.value] })
}

function listFilter({ value, list }: Membership, source: Source): Filter | undefined {
  if (value.kind !== 'column' || list.kind !== 'list') return undefined
  const sought = compileExpression(value, { sources: [source] })
  const values: Value[] = []
  for (const item of list.items) {
    const compiled = compileExpression(item, { sources: [source] })
    const { constant } = aligned(sought, compiled)[1]
    if (constant === undefined) return undefined
    values.push(constant)
  }
  if (values.length === 0 || values.length > operandsMax) return undefined
  return toComparison(source, value.name, { name: 'in', values })
}

function nullFilter({ operand, isNegated }: NullTest, source: Source): Filter | undefined {
  if (operand.kind !== 'column') return undefined
  const slot = source.slot(operand.name)
  const isPushed = slot.isProperty || slot.name === 'label'
  return isPushed ? { column: slot.column, isNull: !isNegated } : undefined
}

/** Columns whose nulls and order the engine has as the language has them. */
const fixedFiltered: ReadonlySet<string> = new Set(['event_ts', 'weight', 'label', 'arity'])

function toComparison(
  source: Source,
  column: string,
  { name, values }: { readonly name: string; readonly values: readonly Value[] },
): Filter | undefined {
  const slot = source.slot(column)
  if (!slot.isProperty && !fixedFiltered.has(column)) return undefined
  // Labels and truths have no order there.
  const isOrdered = slot.type !== 'bool' && slot.name !== 'label'
  if (!isOrdered && !['eq', 'ne', 'in'].includes(name)) return undefined
  if (!values.every((value) => isTypedAs(slot.type, value))) return undefined
  // Each is a scalar of the column's type.
  const given = values as readonly FilterValue[]
  return { column: slot.column, [name]: name === 'in' ? given : given[0] }
}

function isTypedAs(type: string, value: Value): boolean {
  if (type === 'string') return typeof value === 'string'
  if (type === 'bool') return typeof value === 'boolean'
  if (type === 'timestamp') return typeof value === 'bigint'
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value
  return typeof value === 'number'
}
