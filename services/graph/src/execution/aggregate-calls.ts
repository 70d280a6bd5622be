import { formatExpression } from '../language/format-expression.ts'
import type { Call, Expression, Returning } from '../language/syntax-tree.ts'
import { aggregateNames } from './functions.ts'
import { invalidQuery } from './query-error.ts'

/** The figures that a RETURN asks for, each once, by their text. */
export function aggregateCallsOf({ items, orderBy }: Returning): ReadonlyMap<string, Call> {
  const calls = new Map<string, Call>()
  const expressions = items === 'all' ? [] : items.map(({ expression }) => expression)
  for (const expression of [...expressions, ...orderBy.map((term) => term.expression)]) {
    visit(expression, (call) => {
      for (const given of call.arguments) {
        visit(given, () => {
          throw invalidQuery(`${call.name}(…) of a figure: figures do not stand in each other`)
        })
      }
      calls.set(formatExpression(call), call)
    })
  }
  return calls
}

export function hasAggregate(expression: Expression): boolean {
  let found = false
  visit(expression, () => {
    found = true
  })
  return found
}

function visit(node: unknown, found: (call: Call) => void): void {
  if (Array.isArray(node)) {
    for (const one of node) visit(one, found)
    return
  }
  if (typeof node !== 'object' || node === null) return
  const { kind, name } = node as { readonly kind?: unknown; readonly name?: unknown }
  if (kind === 'call' && aggregateNames.has(String(name))) {
    found(node as Call)
    return
  }
  for (const one of Object.values(node)) visit(one, found)
}
