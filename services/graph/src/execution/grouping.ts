import { formatExpression, formatName } from '../language/format-expression.ts'
import type { Call, Expression, ReturnItem, Returning } from '../language/syntax-tree.ts'
import {
  type Accumulator,
  type AggregateShape,
  aggregateType,
  createAccumulator,
} from './accumulators.ts'
import { hasAggregate } from './aggregate-calls.ts'
import { compileExpression } from './compile-expression.ts'
import { invalidQuery } from './query-error.ts'
import type { CellBudget, Row } from './query-result.ts'
import { type Compiled, type Scope, wholeSourceOf } from './scope.ts'
import { identityOf, type Value, type ValueType } from './value-type.ts'

/** A figure: its text, and what it is of. */
export interface Figure extends AggregateShape {
  readonly text: string
  readonly call: Call
  readonly type: ValueType
}

/** What is grouped by, and the figures of each group. A group's row is its keys, then its figures. */
export interface Grouping {
  readonly keys: readonly { readonly expression: Expression; readonly compiled: Compiled }[]
  readonly figures: readonly Figure[]
}

/** Grouped by everything in RETURN that has no figure in it. */
export function groupingOf(
  { items }: Returning,
  calls: ReadonlyMap<string, Call>,
  scope: Scope,
): Grouping {
  if (items === 'all') throw invalidQuery('RETURN * has no place beside figures; name the columns')
  const keys = items
    .filter(({ expression }) => !hasAggregate(expression))
    .map(({ expression }) => ({ expression, compiled: compileExpression(expression, scope) }))
  return { keys, figures: [...calls].map(([text, call]) => figureOf(text, call, scope)) }
}

function figureOf(text: string, call: Call, scope: Scope): Figure {
  const { name, isDistinct, isStar } = call
  const [given, ...more] = call.arguments
  const isOfRows = isStar || (given?.kind === 'column' && wholeSourceOf(scope, given) !== undefined)
  const isValid = isStar ? name === 'count' : given !== undefined && more.length === 0
  if (!isValid || (isOfRows && (name !== 'count' || isDistinct))) {
    throw invalidQuery(`${name} takes one value, and count takes * or a hyperedge as well`)
  }
  // The first test leaves what is given.
  const of = isOfRows ? null : compileExpression(given as Expression, scope)
  const shape = { name, isDistinct, of }
  return { ...shape, text, call, type: aggregateType(shape) }
}

/** Groups rows in memory. */
export class GroupTable {
  readonly #grouping: Grouping
  readonly #budget: CellBudget
  readonly #groups = new Map<string, { readonly keys: Row; readonly figures: Accumulator[] }>()

  constructor(grouping: Grouping, budget: CellBudget) {
    this.#grouping = grouping
    this.#budget = budget
  }

  add(row: number): void {
    const { keys, figures } = this.#grouping
    const values = keys.map(({ compiled }) => compiled.evaluate(row))
    const group = this.#groupOf(values)
    for (const [at, figure] of figures.entries()) {
      group[at]?.add(figure.of === null ? true : figure.of.evaluate(row))
    }
  }

  /** Without keys there is one group, even of no rows. */
  finish(): Row[] {
    if (this.#grouping.keys.length === 0 && this.#groups.size === 0) this.#groupOf([])
    return [...this.#groups.values()].map(({ keys, figures }) => [
      ...keys,
      ...figures.map((figure) => figure.finish()),
    ])
  }

  #groupOf(keys: Row): readonly Accumulator[] {
    const identity = identityOf(keys)
    const known = this.#groups.get(identity)
    if (known !== undefined) return known.figures
    this.#budget.hold(keys)
    this.#budget.count(this.#grouping.figures.length)
    const figures = this.#grouping.figures.map((one) => createAccumulator(one, this.#budget))
    this.#groups.set(identity, { keys, figures })
    return figures
  }
}

/** The scope of what is worked out from groups: keys and figures by their texts, keys by aliases too. */
export function groupScope(
  { keys, figures }: Grouping,
  items: readonly ReturnItem[],
  rows: readonly Row[],
): Scope {
  const replaced = new Map<string, Compiled>()
  const cell = (place: number, type: ValueType): Compiled => ({
    type,
    evaluate: (row: number): Value => rows[row]?.[place] ?? null,
  })
  for (const [place, { expression, compiled }] of keys.entries()) {
    replaced.set(formatExpression(expression), cell(place, compiled.type))
  }
  for (const [place, { text, type }] of figures.entries()) {
    replaced.set(text, cell(keys.length + place, type))
  }
  for (const { expression, alias } of items) {
    const key = replaced.get(formatExpression(expression))
    // What is called so already, as in `RETURN a AS x, b AS a`, is not what the alias means.
    const isFree = alias !== null && !hasAggregate(expression) && !replaced.has(formatName(alias))
    if (isFree && key !== undefined) replaced.set(formatName(alias), key)
  }
  return { sources: [], replaced }
}
