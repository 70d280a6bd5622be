import type { Filter, MemberTerm, Selection } from '@hypermesh/engine'
import type { Expression } from '../language/syntax-tree.ts'
import { asCondition, compileExpression } from './compile-expression.ts'
import {
  columnAndConstant,
  filterPartsMax,
  halvesOf,
  partsOf,
  toFilter,
} from './filter-push-down.ts'
import type { Source } from './scope.ts'
import type { Value } from './value-type.ts'

/** What of a condition the engine answers by itself, and what is left to check on its rows. */
export interface PushedSelection {
  readonly selection: Selection
  readonly rest: readonly Expression[]
  /** No row can match. */
  readonly isEmpty: boolean
}

interface Draft {
  from: bigint | undefined
  to: bigint | undefined
  ids: readonly number[] | undefined
  keys: readonly string[] | undefined
  readonly all: MemberTerm[]
  any: { readonly terms: readonly MemberTerm[]; readonly of: Expression } | undefined
  readonly where: Filter[]
  /** Of the conditions in `where`. */
  parts: number
  readonly rest: Expression[]
  isEmpty: boolean
}

const instantEnd = 2n ** 63n - 2n
/** Of one question to the engine. */
const memberTermsMax = 65_536

/** The parts that must all hold. */
export function conjunctsOf(where: Expression | null): readonly Expression[] {
  if (where === null) return []
  if (where.kind === 'and') return where.operands.flatMap(conjunctsOf)
  return (where.kind === 'between' ? halvesOf(where) : undefined) ?? [where]
}

/**
 * Divides a condition on one table: what the engine takes, as far as it takes so much at once, and the
 * rest. Throws where it is none, or its types do not fit.
 */
export function pushDown(conjuncts: readonly Expression[], source: Source): PushedSelection {
  const draft: Draft = {
    ...{ from: undefined, to: undefined, ids: undefined, keys: undefined, any: undefined },
    ...{ all: [], where: [], parts: 0, rest: [], isEmpty: false },
  }
  for (const conjunct of conjuncts) {
    const compiled = asCondition(compileExpression(conjunct, { sources: [source] }))
    if (compiled.type === 'null' || compiled.constant === false || compiled.constant === null) {
      draft.isEmpty = true
    } else if (!pushOne(draft, conjunct, source)) draft.rest.push(conjunct)
  }
  if (draft.all.length > 0 && draft.any !== undefined) draft.rest.push(draft.any.of)
  return { selection: toSelection(draft), rest: draft.rest, isEmpty: isEmpty(draft) }
}

function isEmpty({ isEmpty: found, from, to }: Draft): boolean {
  return found || (from !== undefined && to !== undefined && from >= to)
}

function toSelection(draft: Draft): Selection {
  const { from, to, ids, keys, all, any, where } = draft
  const [only] = where
  const filter = where.length > 1 ? { and: where } : only
  const members = all.length > 0 ? { all } : any === undefined ? undefined : { any: any.terms }
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(ids === undefined ? {} : { ids }),
    ...(keys === undefined ? {} : { keys }),
    ...(members === undefined ? {} : { members }),
    ...(filter === undefined ? {} : { where: filter }),
  }
}

function pushOne(draft: Draft, conjunct: Expression, source: Source): boolean {
  return (
    pushTime(draft, conjunct, source) ||
    pushNames(draft, conjunct, source) ||
    pushMembers(draft, conjunct, source) ||
    pushFilter(draft, conjunct, source)
  )
}

function pushTime(draft: Draft, conjunct: Expression, source: Source): boolean {
  const test = columnAndConstant(conjunct, source)
  if (test?.name !== 'event_ts' || typeof test.value !== 'bigint') return false
  const { operator, value } = test
  // The end of a span is not in it; the greatest instant has none after it.
  if (value >= instantEnd) return false
  const least = operator === '>' ? value + 1n : value
  const end = operator === '<' ? value : value + 1n
  if (['=', '>', '>='].includes(operator)) {
    draft.from = draft.from === undefined || least > draft.from ? least : draft.from
  }
  if (['=', '<', '<='].includes(operator)) {
    draft.to = draft.to === undefined || end < draft.to ? end : draft.to
  }
  return ['=', '>', '>=', '<', '<='].includes(operator)
}

/** `id` and `key`, equal to one or to some. */
function pushNames(draft: Draft, conjunct: Expression, source: Source): boolean {
  const equal = columnAndConstant(conjunct, source)
  let name = equal?.operator === '=' ? equal.name : undefined
  let values: readonly Value[] = equal === undefined ? [] : [equal.value]
  if (conjunct.kind === 'in' && conjunct.value.kind === 'column') {
    const list = compileExpression(conjunct.list, { sources: [source] }).constant
    if (Array.isArray(list) && list.length > 0) {
      name = conjunct.value.name
      values = list
    }
  }
  if (name === 'id' && draft.ids === undefined && values.every(isId)) {
    draft.ids = [...new Set(values)]
    return true
  }
  const isKey = (value: Value): value is string => typeof value === 'string' && value !== ''
  if (name === 'key' && draft.keys === undefined && values.every(isKey)) {
    draft.keys = [...new Set(values)]
    return true
  }
  return false
}

function isId(value: Value): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function pushMembers(draft: Draft, conjunct: Expression, source: Source): boolean {
  const one = memberTermOf(conjunct, source)
  if (one !== undefined && draft.all.length < memberTermsMax) {
    draft.all.push(one)
    return true
  }
  // The engine takes one of: all of these, any of these.
  if (conjunct.kind !== 'or' || draft.any !== undefined) return false
  if (conjunct.operands.length > memberTermsMax) return false
  const terms = conjunct.operands.map((operand) => memberTermOf(operand, source))
  if (!terms.every((term) => term !== undefined)) return false
  draft.any = { terms, of: conjunct }
  return true
}

/** `x IN he.members`, `x IN he.members('role')`. */
function memberTermOf(expression: Expression, source: Source): MemberTerm | undefined {
  if (expression.kind !== 'in') return undefined
  const { value, list } = expression
  const node = compileExpression(value, { sources: [source] }).constant
  if (!isNode(node)) return undefined
  if (list.kind === 'column' && list.name === 'members') return { node }
  if (list.kind !== 'members') return undefined
  const role = compileExpression(list.role, { sources: [source] }).constant
  return typeof role === 'string' && role !== '' ? { node, role } : undefined
}

export function isNode(value: Value | undefined): value is string | number | bigint {
  if (typeof value === 'string') return value !== ''
  if (typeof value === 'bigint') return value >= 0n && value < 2n ** 64n
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function pushFilter(draft: Draft, conjunct: Expression, source: Source): boolean {
  const filter = toFilter(conjunct, source)
  if (filter === undefined) return false
  const parts = draft.parts + partsOf(filter)
  if (parts > filterPartsMax) return false
  draft.parts = parts
  draft.where.push(filter)
  return true
}
