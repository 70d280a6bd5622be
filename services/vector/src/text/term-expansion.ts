import type { EventLoopTurns } from './event-loop-turns.ts'

/** Other words that stand for one of the query. Neither is on unless asked for. */
export interface TermExpansion {
  /** Words that begin with it. */
  readonly prefix?: boolean | undefined
  /** Words that differ from it in at most so many letters. */
  readonly fuzzy?: 0 | 1 | 2 | undefined
}

export type WeightedTerm = readonly [term: string, weight: number]

const prefixWeight = 0.375
const fuzzyWeight = 0.45
const expansionsMax = 64
/** Of a word that is compared, in entries of posting lists. */
const comparisonCost = 25

/** Of the whole search: a query of many words would take no turn in any of them. */
export interface ExpansionTurns {
  readonly turns: EventLoopTurns
  readonly signal: AbortSignal | undefined
}

/** The word itself counts fully, others less the more they differ; the nearest 64 of them. */
export async function expandTerm(
  terms: ReadonlyMap<string, unknown>,
  word: string,
  { prefix = false, fuzzy = 0 }: TermExpansion,
  { turns, signal }: ExpansionTurns,
): Promise<WeightedTerm[]> {
  const exact: WeightedTerm[] = terms.has(word) ? [[word, 1]] : []
  if (!prefix && fuzzy === 0) return exact
  const others: WeightedTerm[] = []
  for (const term of terms.keys()) {
    if (turns.isOver(comparisonCost)) await turns.next(signal)
    if (term === word) continue
    const weight = Math.max(
      prefix ? weightAsPrefix(term, word) : 0,
      weightAsTypo(term, word, fuzzy),
    )
    if (weight > 0) others.push([term, weight])
  }
  others.sort(([a, weightA], [b, weightB]) => weightB - weightA || (a < b ? -1 : 1))
  return [...exact, ...others.slice(0, expansionsMax)]
}

function weightAsPrefix(term: string, word: string): number {
  if (!term.startsWith(word)) return 0
  return (prefixWeight * term.length) / (term.length + 0.3 * (term.length - word.length))
}

function weightAsTypo(term: string, word: string, distanceMax: number): number {
  if (Math.abs(term.length - word.length) > distanceMax) return 0
  const distance = editDistance(term, word, distanceMax)
  return distance > distanceMax ? 0 : (fuzzyWeight * term.length) / (term.length + distance)
}

/** Insertions, deletions and replacements between two words; above `max` it only says so. */
function editDistance(a: string, b: string, max: number): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    let least = i
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const distance = Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1)
      next.push(distance)
      least = Math.min(least, distance)
    }
    if (least > max) return least
    row = next
  }
  return row[b.length] ?? 0
}
