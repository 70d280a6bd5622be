import { formatExpression, formatName } from '../language/format-expression.ts'
import type {
  Literal,
  OrderTerm,
  Parameter,
  ReturnItem,
  Returning,
} from '../language/syntax-tree.ts'
import { compileExpression } from './compile-expression.ts'
import { invalidQuery } from './query-error.ts'
import type { ResultColumn, Row } from './query-result.ts'
import { type Compiled, type Scope, wholeSourceOf } from './scope.ts'

/** A column of the result, and how it is worked out for a row. */
export interface OutputColumn extends ResultColumn {
  readonly compiled: Compiled
  /** What ORDER BY may call it, beside its alias. */
  readonly text: string
}

/** What RETURN * means. */
export type AllColumns = (scope: Scope) => readonly OutputColumn[]

export function outputColumns(
  items: Returning['items'],
  scope: Scope,
  all: AllColumns,
): readonly OutputColumn[] {
  const columns = items === 'all' ? all(scope) : items.flatMap((item) => outputsOf(item, scope))
  const names = new Set<string>()
  for (const { name } of columns) {
    if (names.has(name)) throw invalidQuery(`two columns are called ${name}; name one by AS`)
    names.add(name)
  }
  return columns
}

function outputColumn(item: ReturnItem, scope: Scope): OutputColumn {
  const compiled = compileExpression(item.expression, scope)
  const text = formatExpression(item.expression)
  return { name: item.alias ?? text, type: compiled.type, compiled, text }
}

/** A variable alone stands for all columns of its hyperedge. */
function outputsOf(item: ReturnItem, scope: Scope): readonly OutputColumn[] {
  const { expression } = item
  const whole = expression.kind === 'column' ? wholeSourceOf(scope, expression) : undefined
  const isReplaced = scope.replaced?.has(formatExpression(expression)) ?? false
  if (whole === undefined || isReplaced) return [outputColumn(item, scope)]
  return columnsOfSource(scope, whole.pattern.variable, item.alias ?? whole.pattern.variable)
}

/** All columns of one pattern, with the variable before their names where that is given. */
export function columnsOfSource(
  scope: Scope,
  variable: string | null,
  prefix: string | null,
): readonly OutputColumn[] {
  const source = scope.sources.find(({ pattern }) => pattern.variable === variable)
  return (source?.returnedNames ?? []).map((name) => {
    const column = outputColumn(
      { expression: { kind: 'column', variable, name }, alias: null },
      scope,
    )
    return { ...column, name: prefix === null ? name : `${prefix}.${name}` }
  })
}

export interface CompiledOrder {
  readonly keys: readonly Compiled[]
  readonly descending: readonly boolean[]
}

/** By aliases, by columns of the result, or by any expression of the scope. */
export function compileOrder(
  orderBy: readonly OrderTerm[],
  outputs: readonly OutputColumn[],
  scope: Scope,
): CompiledOrder {
  const replaced = new Map(scope.replaced)
  for (const { text, compiled } of outputs) replaced.set(text, compiled)
  for (const { name, compiled } of outputs) replaced.set(formatName(name), compiled)
  return {
    keys: orderBy.map(({ expression }) => compileExpression(expression, { ...scope, replaced })),
    descending: orderBy.map(({ isDescending }) => isDescending),
  }
}

export function evaluateRow(columns: readonly { readonly compiled: Compiled }[], row: number): Row {
  return columns.map(({ compiled }) => compiled.evaluate(row))
}

/** SKIP or LIMIT. Parameters are bound by then. */
export function countOf(value: Literal | Parameter | null, what: string): number | null {
  if (value === null) return null
  const count = value.kind === 'literal' ? value.value : undefined
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count
  throw invalidQuery(`${what} is a whole number from 0`)
}
