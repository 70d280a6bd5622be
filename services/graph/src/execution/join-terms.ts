import { formatExpression } from '../language/format-expression.ts'
import type { Binary, Call, Expression } from '../language/syntax-tree.ts'
import { compileExpression } from './compile-expression.ts'
import { conjunctsOf } from './selection-push-down.ts'

/** Which of two patterns something is of. */
type Side = 'left' | 'right'

interface Variables {
  readonly left: string | null
  readonly right: string | null
}

/** Members in common, as the engine joins by them. */
export interface SharedTerm {
  readonly sharedMin: number
  readonly leftRole: string | undefined
  readonly rightRole: string | undefined
  /** The texts of what is the same figure. */
  readonly texts: readonly string[]
}

/** A condition on two patterns, divided by what it is of. */
export interface JoinTerms {
  readonly left: Expression | null
  readonly right: Expression | null
  /** What is of both: all of it is checked on pairs. */
  readonly both: readonly Expression[]
  readonly shared: SharedTerm | undefined
  /** `right.event_ts − left.event_ts` in milliseconds: no pair that matches lies outside. */
  readonly distanceMs: readonly [number, number]
}

/** About the longest span of time that there is. */
const spanMsMax = 9.2e15

export function joinTermsOf(where: Expression | null, variables: Variables): JoinTerms {
  const parts: Record<Side | 'both', Expression[]> = { left: [], right: [], both: [] }
  for (const conjunct of conjunctsOf(where))
    parts[sideOf(conjunct, variables) ?? 'both'].push(conjunct)
  let distanceMs: readonly [number, number] = [-spanMsMax, spanMsMax]
  let shared: SharedTerm | undefined
  for (const conjunct of parts.both) {
    if (conjunct.kind !== 'binary') continue
    shared ??= sharedOf(conjunct, variables)
    const [low, high] = distanceOf(conjunct, variables)
    distanceMs = [Math.max(distanceMs[0], low), Math.min(distanceMs[1], high)]
  }
  return {
    left: junction(parts.left),
    right: junction(parts.right),
    both: parts.both,
    shared,
    distanceMs,
  }
}

export function junction(operands: readonly Expression[]): Expression | null {
  const [first, ...others] = operands
  return first === undefined || others.length > 0 ? joined(operands) : first
}

function joined(operands: readonly Expression[]): Expression | null {
  return operands.length === 0 ? null : { kind: 'and', operands }
}

/** Undefined: of both, or of neither. */
function sideOf(expression: Expression, variables: Variables): Side | undefined {
  const used = new Set<unknown>()
  collectVariables(expression, used)
  const [only, ...others] = used
  if (only === undefined || others.length > 0) return undefined
  return only === variables.left ? 'left' : only === variables.right ? 'right' : undefined
}

/** `shared(a, b)` names hyperedges by themselves. */
function collectVariables(node: unknown, into: Set<unknown>): void {
  if (Array.isArray(node)) {
    for (const one of node) collectVariables(one, into)
    return
  }
  if (typeof node !== 'object' || node === null) return
  const { kind, variable, name } = node as Record<string, unknown>
  if (kind === 'column') into.add(variable ?? name)
  if (kind === 'members') into.add(variable)
  for (const one of Object.values(node)) collectVariables(one, into)
}

function constantOf(expression: Expression): number | undefined {
  if (expression.kind !== 'literal' && expression.kind !== 'negate') return undefined
  const { constant } = compileExpression(expression, { sources: [] })
  return typeof constant === 'number' ? constant : undefined
}

const mirrored: Readonly<Record<string, string>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '=': '=',
}

/** With the constant on the right. */
function aligned(binary: Binary) {
  const right = constantOf(binary.right)
  if (right !== undefined) return { of: binary.left, operator: binary.operator, value: right }
  const value = constantOf(binary.left)
  const operator = mirrored[binary.operator]
  return value === undefined || operator === undefined
    ? undefined
    : { of: binary.right, operator, value }
}

function sharedOf(binary: Binary, variables: Variables): SharedTerm | undefined {
  const test = aligned(binary)
  if (test?.of.kind !== 'call' || test.of.name !== 'shared' || !Number.isInteger(test.value)) {
    return undefined
  }
  const sharedMin = test.operator === '>' ? test.value + 1 : test.value
  if (!['=', '>=', '>'].includes(test.operator) || sharedMin < 1) return undefined
  return sharedTerm(test.of, sharedMin, variables)
}

function sharedTerm(call: Call, sharedMin: number, variables: Variables): SharedTerm | undefined {
  const sides = call.arguments.map((one) => listOf(one, variables))
  const left = sides.find((side) => side?.side === 'left')
  const right = sides.find((side) => side?.side === 'right')
  if (left === undefined || right === undefined || sides.length !== 2) return undefined
  const swapped = { ...call, arguments: [...call.arguments].reverse() }
  return {
    ...{ sharedMin, leftRole: left.role, rightRole: right.role },
    texts: [formatExpression(call), formatExpression(swapped)],
  }
}

/** A hyperedge, its members, or those in a role. */
function listOf(expression: Expression, { left, right }: Variables) {
  const isWhole = expression.kind === 'column' && expression.variable === null
  const isMembers = expression.kind === 'column' && expression.name === 'members'
  if (expression.kind !== 'members' && !isWhole && !isMembers) return undefined
  const name = isWhole ? expression.name : expression.variable
  const side = name === left ? ('left' as const) : name === right ? ('right' as const) : undefined
  if (side === undefined) return undefined
  if (expression.kind !== 'members') return { side, role: undefined }
  const { role } = expression
  if (role.kind !== 'literal' || typeof role.value !== 'string' || role.value === '')
    return undefined
  return { side, role: role.value }
}

/** What a condition says of `right − left`, in milliseconds and a little wider. */
function distanceOf(binary: Binary, variables: Variables): readonly [number, number] {
  const all = [-spanMsMax, spanMsMax] as const
  const order = orderOf(binary, variables)
  if (order !== undefined) return order
  const test = aligned(binary)
  if (test === undefined) return all
  const { of, operator, value } = test
  const wide = widened(value)
  if (of.kind === 'call' && of.name === 'abs') {
    const [inner] = of.arguments
    const isDistance = inner !== undefined && signOf(inner, variables) !== undefined
    return isDistance && ['<', '<=', '='].includes(operator) ? [-wide[1], wide[1]] : all
  }
  const sign = signOf(of, variables)
  if (sign === undefined) return all
  const range = rangeOf(operator, wide)
  return sign > 0 ? range : [-range[1], -range[0]]
}

function widened(seconds: number): readonly [number, number] {
  const ms = Math.min(Math.max(seconds * 1000, -spanMsMax), spanMsMax)
  return [Math.floor(ms) - 1, Math.ceil(ms) + 1]
}

function rangeOf(
  operator: string,
  [low, high]: readonly [number, number],
): readonly [number, number] {
  if (operator === '=') return [low, high]
  if (operator === '<' || operator === '<=') return [-spanMsMax, high]
  return operator === '>' || operator === '>=' ? [low, spanMsMax] : [-spanMsMax, spanMsMax]
}

/** 1 of `right.event_ts - left.event_ts`, −1 of the opposite. */
function signOf(expression: Expression, variables: Variables): 1 | -1 | undefined {
  if (expression.kind !== 'binary' || expression.operator !== '-') return undefined
  const [first, second] = [timeOf(expression.left, variables), timeOf(expression.right, variables)]
  if (first === 'right' && second === 'left') return 1
  return first === 'left' && second === 'right' ? -1 : undefined
}

function timeOf(expression: Expression, { left, right }: Variables): Side | undefined {
  if (expression.kind !== 'column' || expression.name !== 'event_ts') return undefined
  return expression.variable === left ? 'left' : expression.variable === right ? 'right' : undefined
}

/** `a.event_ts < b.event_ts`. */
function orderOf(
  { operator, left, right }: Binary,
  variables: Variables,
): readonly [number, number] | undefined {
  const [first, second] = [timeOf(left, variables), timeOf(right, variables)]
  if (first === undefined || second === undefined || first === second) return undefined
  const ofLeft = first === 'left' ? (mirrored[operator] ?? '') : operator
  return rangeOf(ofLeft, [-1, 1])
}
