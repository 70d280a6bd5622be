import type { Expression } from '../language/syntax-tree.ts'
import { compileExpression } from './compile-expression.ts'
import { invalidQuery } from './query-error.ts'
import type { Value } from './value-type.ts'

/** The value of an argument, which needs no row. */
export function argumentOf(expression: Expression | undefined, what: string): Value {
  const { constant } =
    expression === undefined
      ? { constant: undefined }
      : compileExpression(expression, { sources: [] })
  if (constant === undefined) throw invalidQuery(`${what} is missing, or is no value`)
  return constant
}
