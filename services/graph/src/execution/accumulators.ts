import { within } from './arithmetic.ts'
import { mismatch } from './query-error.ts'
import type { CellBudget } from './query-result.ts'
import type { Compiled } from './scope.ts'
import { compareValues, identityOf, isNumeric, type Value, type ValueType } from './value-type.ts'

/** One figure of one group, row by row. Nulls count for nothing, as in SQL. */
export interface Accumulator {
  add(value: Value): void
  finish(): Value
}

export interface AggregateShape {
  readonly name: string
  readonly isDistinct: boolean
  /** Null: of `count(*)`, where each row counts. */
  readonly of: Compiled | null
}

/** Throws `type_mismatch` where the figure is not of such values. */
export function aggregateType({ name, of }: AggregateShape): ValueType {
  const type = of?.type ?? 'null'
  if (name === 'count' || name === 'distinct') return 'int64'
  if (name === 'min' || name === 'max') return type
  if (!isNumeric(type) && type !== 'null') throw mismatch(`${name} takes numbers, not ${type}`)
  return name === 'avg' ? 'float64' : type
}

export function createAccumulator(shape: AggregateShape, budget: CellBudget): Accumulator {
  const plain = createPlain(shape)
  if (!shape.isDistinct && shape.name !== 'distinct') return plain
  const seen = new Set<string>()
  return {
    add(value) {
      const identity = identityOf(value)
      if (value === null || seen.has(identity)) return
      budget.count(1)
      seen.add(identity)
      plain.add(value)
    },
    finish: () => plain.finish(),
  }
}

function createPlain({ name, of }: AggregateShape): Accumulator {
  if (name === 'min') return extreme(-1)
  if (name === 'max') return extreme(1)
  if (name === 'sum') return of?.type === 'int64' ? integerSum() : floatSum((sum) => sum)
  if (name === 'avg') return floatSum((sum, count) => sum / count)
  let count = 0
  return {
    add(value) {
      if (of === null || value !== null) count += 1
    },
    finish: () => count,
  }
}

function extreme(sign: 1 | -1): Accumulator {
  let best: Value = null
  return {
    add(value) {
      if (value === null) return
      if (best === null || compareValues(value, best) * sign > 0) best = value
    },
    finish: () => best,
  }
}

/** Exact: what a number cannot hold goes into a bigint. */
function integerSum(): Accumulator {
  let exact = 0n
  let quick = 0
  let count = 0
  return {
    add(value) {
      if (value === null) return
      count += 1
      const next = typeof value === 'number' ? quick + value : Number.NaN
      if (Number.isSafeInteger(next)) {
        quick = next
      } else {
        exact += BigInt(quick) + BigInt(value as number | bigint)
        quick = 0
      }
    },
    finish: () => (count === 0 ? null : within(exact + BigInt(quick))),
  }
}

function floatSum(finish: (sum: number, count: number) => number): Accumulator {
  let sum = 0
  let count = 0
  return {
    add(value) {
      if (value === null) return
      sum += Number(value)
      count += 1
    },
    finish: () => (count === 0 ? null : finish(sum, count)),
  }
}
