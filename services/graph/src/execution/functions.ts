import { printable } from '@hypermesh/contract'
import type { Call, Expression } from '../language/syntax-tree.ts'
import { within } from './arithmetic.ts'
import { toInstant } from './compare.ts'
import { invalidQuery, mismatch } from './query-error.ts'
import { type Compiled, type Scope, wholeSourceOf } from './scope.ts'
import { identityOf, isNumeric, type Value, type ValueType } from './value-type.ts'

type Inner = (expression: Expression) => Compiled

interface FunctionRow {
  readonly arguments: readonly [least: number, most: number]
  readonly compile: (given: readonly Compiled[], name: string) => Compiled
}

const microsPerSecond = 1_000_000n

/** What can be called for one row. */
const functions: ReadonlyMap<string, FunctionRow> = new Map<string, FunctionRow>([
  ['abs', { arguments: [1, 1], compile: ([value]) => compileAbs(value) }],
  ['bucket', { arguments: [2, 2], compile: ([at, width]) => compileBucket(at, width) }],
  ['coalesce', { arguments: [1, 100], compile: compileCoalesce }],
  ['lower', { arguments: [1, 1], compile: ([text]) => ofText(text, (one) => one.toLowerCase()) }],
  ['size', { arguments: [1, 1], compile: ([list]) => compileSize(list) }],
  ['timestamp', { arguments: [1, 1], compile: ([value]) => compileTimestamp(value) }],
  ['upper', { arguments: [1, 1], compile: ([text]) => ofText(text, (one) => one.toUpperCase()) }],
])

export const aggregateNames: ReadonlySet<string> = new Set([
  'count',
  'sum',
  'min',
  'max',
  'avg',
  'distinct',
])

export function compileFunction(call: Call, scope: Scope, inner: Inner): Compiled {
  const { name } = call
  if (aggregateNames.has(name)) throw invalidQuery(`${name}(…) has no place here: it is of groups`)
  if (name === 'shared') return compileShared(call, scope, inner)
  const row = functions.get(name)
  if (row === undefined || call.isStar || call.isDistinct) {
    const known = [...functions.keys(), 'shared', ...aggregateNames].join(', ')
    throw invalidQuery(`there is no function ${printable(name)} of that form; there are ${known}`)
  }
  const [least, most] = row.arguments
  const given = call.arguments
  if (given.length < least || given.length > most) {
    throw invalidQuery(`${name} takes ${least === most ? least : `${least} to ${most}`} arguments`)
  }
  return row.compile(given.map(inner), name)
}

/** How many nodes two lists have in common; a hyperedge stands for its members. */
function compileShared(call: Call, scope: Scope, inner: Inner): Compiled {
  const lists = call.arguments.map((one) => {
    const whole = one.kind === 'column' ? wholeSourceOf(scope, one) : undefined
    if (whole === undefined) return inner(one)
    const slot = whole.slot('members')
    return { type: slot.type, evaluate: (row: number) => slot.get(row) }
  })
  const [left, right] = lists
  if (left?.type !== 'list<node>' || right?.type !== 'list<node>' || lists.length !== 2) {
    throw mismatch('shared(a, b) takes two hyperedges, or two lists of members')
  }
  const evaluate = (row: number): Value => {
    const known = new Set((left.evaluate(row) as readonly Value[]).map(identityOf))
    let count = 0
    for (const node of right.evaluate(row) as readonly Value[]) {
      if (known.delete(identityOf(node))) count += 1
    }
    return count
  }
  return { type: 'int64', evaluate }
}

/** What is constant stays so. */
function derived(of: Compiled, type: ValueType, work: (value: Value) => Value): Compiled {
  const evaluate = (row: number): Value => {
    const value = of.evaluate(row)
    return value === null ? null : work(value)
  }
  return of.constant === undefined ? { type, evaluate } : { type, evaluate, constant: evaluate(0) }
}

function compileAbs(value: Compiled | undefined): Compiled {
  if (value === undefined || !(isNumeric(value.type) || value.type === 'null')) {
    throw mismatch(`abs takes a number, not ${value?.type}`)
  }
  return derived(value, value.type, (one) =>
    typeof one === 'bigint' ? within(one < 0n ? -one : one) : Math.abs(Number(one)),
  )
}

/** The start of the span of so many seconds that an instant is in. */
function compileBucket(at: Compiled | undefined, width: Compiled | undefined): Compiled {
  const instant = at === undefined ? undefined : toInstant(at)
  if (instant?.type !== 'timestamp' && instant?.type !== 'null') {
    throw mismatch(`bucket takes an instant, not ${instant?.type}`)
  }
  const micros = bucketMicrosOf(width)
  return derived(instant, 'timestamp', (one) => {
    const offset = BigInt.asIntN(64, one as bigint) % micros
    return (one as bigint) - (offset < 0n ? offset + micros : offset)
  })
}

/** Throws unless the width is a constant number of seconds above 0. */
export function bucketMicrosOf(width: Compiled | undefined): bigint {
  const seconds = width?.constant
  const isNumber = typeof seconds === 'number' && seconds > 0 && seconds <= 1e12
  const micros = isNumber ? BigInt(Math.round(seconds * Number(microsPerSecond))) : 0n
  if (micros > 0n) return micros
  throw invalidQuery('bucket takes an instant and a number of seconds above 0')
}

function compileCoalesce(given: readonly Compiled[]): Compiled {
  const type = given.find((one) => one.type !== 'null')?.type ?? 'null'
  const mixed = given.find((one) => one.type !== type && one.type !== 'null')
  if (mixed !== undefined) throw mismatch(`coalesce of ${type} and ${mixed.type}`)
  const evaluate = (row: number): Value => {
    for (const one of given) {
      const value = one.evaluate(row)
      if (value !== null) return value
    }
    return null
  }
  return { type, evaluate }
}

function ofText(text: Compiled | undefined, work: (text: string) => string): Compiled {
  if (text?.type !== 'string' && text?.type !== 'null') {
    throw mismatch(`a text is wanted, not ${text?.type}`)
  }
  return derived(text, 'string', (one) => work(String(one)))
}

function compileSize(list: Compiled | undefined): Compiled {
  if (list === undefined || !['list', 'list<node>', 'list<string>', 'string'].includes(list.type)) {
    throw mismatch(`size takes a list or a text, not ${list?.type}`)
  }
  return derived(list, 'int64', (one) =>
    typeof one === 'string' ? [...one].length : (one as readonly Value[]).length,
  )
}

function compileTimestamp(value: Compiled | undefined): Compiled {
  const instant = value === undefined ? undefined : toInstant(value)
  if (instant?.type === 'timestamp' || instant?.type === 'null') return instant
  throw mismatch('timestamp takes ISO 8601 text or a number, as a constant')
}
