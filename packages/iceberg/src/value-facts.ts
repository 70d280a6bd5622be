import { compareScalars, type Scalar } from './single-value.ts'
import type { Transform } from './transform.ts'

/**
 * What is known of the values of one column in some rows. All of it may be looser than the truth,
 * never tighter: what is unknown is assumed to be possible.
 */
export interface ValueFacts {
  readonly lower: Scalar | undefined
  readonly upper: Scalar | undefined
  readonly mayHaveNull: boolean
  readonly mayHaveValue: boolean
  readonly mayHaveNan: boolean
}

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>='

/** May a row compare so with the constant? NaN is greater than every number, as in DuckDB. */
export function mayCompare(op: Comparison, facts: ValueFacts, value: Scalar): boolean {
  if (!facts.mayHaveValue) return false
  // A bound is asked for only where it decides: reading it from a file's statistics costs most.
  switch (op) {
    case '=':
      return !(order(facts.lower, value) > 0 || order(facts.upper, value) < 0)
    case '!=':
      // Equal bounds are exact even if cut: the least and the greatest value lie between them.
      if (facts.mayHaveNan) return true
      return !(order(facts.lower, value) === 0 && order(facts.upper, value) === 0)
    case '<':
      return !(order(facts.lower, value) >= 0)
    case '<=':
      return !(order(facts.lower, value) > 0)
    case '>':
      return facts.mayHaveNan || !(order(facts.upper, value) <= 0)
    case '>=':
      return facts.mayHaveNan || !(order(facts.upper, value) < 0)
  }
}

/** NaN where there is no order or no bound: each test above is false for it, so nothing is pruned. */
function order(bound: Scalar | undefined, value: Scalar): number {
  return bound === undefined ? Number.NaN : compareScalars(bound, value)
}

/**
 * The same for rows of which only the transformed values are known, `value` being the transformed
 * constant. Rows on both sides of the constant may share its transformed value.
 */
export function mayCompareTransformed(
  op: Comparison,
  transform: Transform,
  facts: ValueFacts,
  value: Scalar,
): boolean {
  if (!facts.mayHaveValue) return false
  const low =
    facts.lower === undefined ? Number.NaN : compareScalars(facts.lower, nearest(transform, value))
  const high = facts.upper === undefined ? Number.NaN : compareScalars(facts.upper, value)
  if (op === '=') return !(low > 0 || high < 0)
  if (op === '!=' || transform.kind === 'bucket') return true
  return op === '<' || op === '<=' ? !(low > 0) : !(high < 0)
}

/** Old Java writers rounded times before 1970 up, so such files lie one unit higher. */
function nearest(transform: Transform, value: Scalar): Scalar {
  const isTime = ['year', 'month', 'day', 'hour'].includes(transform.kind)
  return isTime && typeof value === 'number' && value < 0 ? value + 1 : value
}
