import { type Limits, printable } from '@hypermesh/contract'
import { fromJson } from '../json-nodes.ts'
import type { Expression } from '../language/syntax-tree.ts'
import { invalidQuery, tooLarge } from './query-error.ts'

export type Parameters = Readonly<Record<string, unknown>>

/**
 * The tree with every `$name` replaced by its value, which is data from there on. Throws `invalid` for one
 * that is not given, and for one that nothing asks for: it is misspelt.
 */
export function bindParameters<Tree>(tree: Tree, parameters: Parameters, limits: Limits): Tree {
  const bound = new Map<string, Bound>()
  let terms = 0
  const result = replace(tree, (name) => {
    if (!Object.hasOwn(parameters, name)) throw invalidQuery(`the parameter $${name} is not given`)
    const known = bound.get(name) ?? boundOf(parameters[name], { name, limits, depth: 1 })
    bound.set(name, known)
    // The tree is shared, but what is compiled from it is made for each use.
    terms += known.terms
    if (terms > limits.graphTermsMax) {
      const message = `the parameters have ${terms} elements, counted wherever they are used`
      throw tooLarge('graph_terms_max', limits.graphTermsMax, message)
    }
    return known.expression
  })
  const unused = Object.keys(parameters).find((name) => !bound.has(name))
  if (unused !== undefined) {
    throw invalidQuery(`the parameter ${printable(unused)} is not in the statement`)
  }
  return result as Tree
}

function replace(node: unknown, bound: (name: string) => Expression): unknown {
  if (Array.isArray(node)) return node.map((one) => replace(one, bound))
  if (typeof node !== 'object' || node === null) return node
  const { kind, name } = node as { readonly kind?: unknown; readonly name?: unknown }
  if (kind === 'parameter') return bound(String(name))
  if (kind === 'literal') return node
  return Object.fromEntries(Object.entries(node).map(([key, one]) => [key, replace(one, bound)]))
}

interface Bound {
  readonly expression: Expression
  /** The elements of its lists and records. */
  readonly terms: number
}

function boundOf(value: unknown, place: Place): Bound {
  const expression = toExpression(value, place)
  return { expression, terms: termsOf(expression) }
}

function termsOf(expression: Expression): number {
  const isList = expression.kind === 'list'
  if (!isList && expression.kind !== 'record') return 0
  const inner = isList ? expression.items : expression.entries.map(({ value }) => value)
  return inner.reduce((terms, one) => terms + 1 + termsOf(one), 0)
}

interface Place {
  readonly name: string
  readonly limits: Limits
  readonly depth: number
}

function toExpression(value: unknown, place: Place): Expression {
  const { name, limits, depth } = place
  if (depth > limits.graphQueryDepthMax) {
    const message = `the parameter $${name} is nested too deeply`
    throw tooLarge('graph_query_depth_max', limits.graphQueryDepthMax, message)
  }
  const exact = fromJson(value)
  if (typeof exact === 'string' || typeof exact === 'boolean' || exact === null) {
    return { kind: 'literal', value: exact }
  }
  if (typeof exact === 'bigint') return { kind: 'literal', value: toSafe(exact) }
  if (typeof exact === 'number' && Number.isFinite(exact)) return { kind: 'literal', value: exact }
  const inner = { ...place, depth: depth + 1 }
  if (Array.isArray(exact)) {
    if (exact.length > limits.graphTermsMax) {
      const message = `the parameter $${name} has ${exact.length} elements`
      throw tooLarge('graph_terms_max', limits.graphTermsMax, message)
    }
    return { kind: 'list', items: exact.map((one) => toExpression(one, inner)) }
  }
  if (typeof exact === 'object') {
    const entries = Object.entries(exact).map(([key, one]) => ({
      name: key,
      value: toExpression(one, inner),
    }))
    return { kind: 'record', entries }
  }
  throw invalidQuery(`the parameter $${name} is no value that a statement can have`)
}

function toSafe(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}
