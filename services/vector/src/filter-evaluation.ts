import type { Filter, FilterRange } from './filter.ts'
import type { Scalar } from './metadata-field.ts'
import { nextAbove, nextBelow } from './number-column.ts'
import { wordsFor } from './slot-bits.ts'

/**
 * The slots in `[from, to)` that the filter lets through, dead ones too, as bits from slot 0 on; those
 * below `from` are not set. Requires: `from` is a multiple of 32.
 */
export function evaluateFilter(filter: Filter, from: number, to: number): Uint32Array {
  const words = new Uint32Array(wordsFor(to))
  switch (filter.kind) {
    case 'and':
      return evaluateAll(filter.parts, from, to)
    case 'or':
      for (const part of filter.parts) unite(words, evaluateFilter(part, from, to))
      return words
    case 'not':
      return inverted(evaluateFilter(filter.part, from, to), from, to)
    case 'exists':
      words.set(filter.field.present.words.subarray(from >>> 5, words.length), from >>> 5)
      break
    case 'any':
      matchAny(filter, from, words)
      break
    case 'prefix': {
      const { text } = filter
      const starts = (value: string | boolean) =>
        typeof value === 'string' && value.startsWith(text)
      filter.field.texts.match(starts, from, words)
      break
    }
    case 'range':
      matchRange(filter, from, words)
      break
  }
  return words
}

function evaluateAll(parts: readonly Filter[], from: number, to: number): Uint32Array {
  const [first, ...rest] = parts
  if (first === undefined) return inverted(new Uint32Array(wordsFor(to)), from, to)
  const words = evaluateFilter(first, from, to)
  for (const part of rest) {
    const other = evaluateFilter(part, from, to)
    for (let index = 0; index < words.length; index += 1) {
      words[index] = (words[index] as number) & (other[index] as number)
    }
  }
  return words
}

function unite(words: Uint32Array, other: Uint32Array): void {
  for (let index = 0; index < words.length; index += 1) {
    words[index] = (words[index] as number) | (other[index] as number)
  }
}

function inverted(words: Uint32Array, from: number, to: number): Uint32Array {
  for (let index = from >>> 5; index < words.length; index += 1) {
    words[index] = ~(words[index] as number)
  }
  const over = to & 31
  const last = words.length - 1
  if (over !== 0 && last >= 0) words[last] = (words[last] as number) & ((1 << over) - 1)
  return words
}

function matchAny(
  { field, values }: Extract<Filter, { kind: 'any' }>,
  from: number,
  words: Uint32Array,
): void {
  const isNumber = (value: Scalar) => typeof value === 'number'
  const texts = values.filter((value): value is string | boolean => !isNumber(value))
  const numbers = values.filter((value): value is number => isNumber(value))
  if (texts.length > 8) {
    const wanted = new Set(texts)
    field.texts.match((value) => wanted.has(value), from, words)
  } else {
    for (const value of texts) field.texts.matchValue(value, from, words)
  }
  const [only] = numbers
  if (numbers.length === 1 && only !== undefined) {
    field.numbers.matchRange({ low: only, high: only }, from, words)
  } else if (numbers.length > 1) {
    // A number that is −0 equals 0 and is looked up as it.
    field.numbers.matchAnyOf(new Set(numbers), from, words)
  }
}

function matchRange(
  { field, range }: Extract<Filter, { kind: 'range' }>,
  from: number,
  words: Uint32Array,
): void {
  const { operator, bound } = range
  if (typeof bound === 'number') {
    field.numbers.matchRange(numberRange(operator, bound), from, words)
    return
  }
  const compare = textComparisons[operator]
  field.texts.match((value) => typeof value === 'string' && compare(value, bound), from, words)
}

function numberRange(operator: FilterRange['operator'], bound: number) {
  const [lowest, highest] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  if (operator === 'lt') return { low: lowest, high: nextBelow(bound) }
  if (operator === 'lte') return { low: lowest, high: bound }
  return { low: operator === 'gt' ? nextAbove(bound) : bound, high: highest }
}

const textComparisons: Readonly<
  Record<FilterRange['operator'], (value: string, bound: string) => boolean>
> = {
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
}
