import type { Computation, Outcome, Run } from '../computation.ts'
import { distinctSets } from '../distinct-sets.ts'
import type { Hypergraph } from '../hypergraph.ts'
import { MotifWindow } from '../motif-window.ts'
import type { MotifsOptions } from '../options.ts'
import { stepper } from '../steps.ts'

/**
 * How often two or three hyperedges that hang together come within a span of time, by pattern: which
 * of the regions that they divide their nodes into have any, in the order of time. Of three there are
 * 96 (Lee and Shin 2021: temporal hypergraph motifs), counted exactly in the manner of THyMe+.
 */
export const temporalMotifs: Computation<MotifsOptions> = (hypergraph, options, run) => {
  const counts = new Map<number, number>()
  const count = options.size === 2 ? countPairs : countTriples
  eachEvent(hypergraph, options.within_ms * 1000, run, (window, set) => count(window, set, counts))
  return toOutcome(counts, options.size, run)
}

/** Regions of nodes: in which of the first, second and third hyperedge; each a bit of a pattern. */
const regions = {
  2: ['first', 'second', 'both'],
  3: ['first', 'second', 'third', 'first+second', 'second+third', 'first+third', 'all'],
} as const

type Counts = Map<number, number>

/** Visits each hyperedge with the window before it: those earlier by at most so many microseconds. */
function eachEvent(
  hypergraph: Hypergraph,
  within: number,
  run: Run,
  visit: (window: MotifWindow, set: number) => void,
): void {
  const { edgeCount, edgeAt, edgeOffsets, edgeNodes } = hypergraph
  const { setOf, firstOf } = distinctSets(hypergraph, run)
  const window = new MotifWindow((set) => {
    const edge = firstOf[set] as number
    return edgeNodes.subarray(edgeOffsets[edge], edgeOffsets[edge + 1])
  })
  const step = stepper(run, 'hyperedges', edgeCount)
  let earliest = 0
  for (let edge = 0; edge < edgeCount; edge++) {
    const since = (edgeAt[edge] as number) - within
    while ((edgeAt[earliest] as number) < since) window.removeEarliest(setOf[earliest++] as number)
    const set = setOf[edge] as number
    visit(window, set)
    window.add(set, edge)
    step(edge)
  }
}

function countPairs(window: MotifWindow, last: number, counts: Counts): void {
  add(counts, 0b100, window.countOf(last))
  const size = window.sizeOf(last)
  for (const [other, shared] of window.neighbours(last)) {
    const pattern = bits([window.sizeOf(other) - shared, size - shared, shared])
    add(counts, pattern, window.countOf(other))
  }
}

/** Triples whose last is the set that came now. */
function countTriples(window: MotifWindow, last: number, counts: Counts): void {
  const again = window.countOf(last)
  add(counts, 0b1000000, pairsOf(again))
  const near = window.neighbours(last)
  const count = (first: number, second: number) => {
    const before = window.pairsInOrder(first, second)
    const all = window.countOf(first) * window.countOf(second)
    add(counts, before === 0 ? 0 : patternOf(window, [first, second, last]), before)
    const after = all - before
    add(counts, after === 0 ? 0 : patternOf(window, [second, first, last]), after)
  }
  const seen = [...near.keys()]
  for (const [at, first] of seen.entries()) {
    if (again > 0) count(first, last)
    const times = window.countOf(first)
    add(counts, times < 2 ? 0 : patternOf(window, [first, first, last]), pairsOf(times))
    for (let next = at + 1; next < seen.length; next++) count(first, seen[next] as number)
    for (const second of window.neighbours(first).keys()) {
      // Not next to the last: together by the first alone.
      if (second !== last && !near.has(second)) count(first, second)
    }
  }
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2
}

/** Which regions have nodes, by inclusion and exclusion. */
function patternOf(window: MotifWindow, sets: readonly [number, number, number]): number {
  const [a, b, c] = sets
  const ab = sharedBy(window, a, b)
  const bc = sharedBy(window, b, c)
  const ac = sharedBy(window, a, c)
  const abc = ab > 0 && bc > 0 && ac > 0 ? window.sharedByAll(a, b, c) : 0
  return bits([
    window.sizeOf(a) - ab - ac + abc,
    window.sizeOf(b) - ab - bc + abc,
    window.sizeOf(c) - bc - ac + abc,
    ab - abc,
    bc - abc,
    ac - abc,
    abc,
  ])
}

function sharedBy(window: MotifWindow, first: number, second: number): number {
  if (first === second) return window.sizeOf(first)
  return window.neighbours(first).get(second) ?? window.neighbours(second).get(first) ?? 0
}

function bits(counts: readonly number[]): number {
  return counts.reduce((pattern, count, at) => (count > 0 ? pattern | (1 << at) : pattern), 0)
}

function add(counts: Counts, pattern: number, count: number): void {
  if (count > 0) counts.set(pattern, (counts.get(pattern) ?? 0) + count)
}

function toOutcome(counts: Counts, size: 2 | 3, { rowsMax }: Run): Outcome {
  const names = regions[size]
  const found = [...counts].sort(([a, left], [b, right]) => right - left || a - b)
  const rows = found.slice(0, rowsMax)
  const textOf = (pattern: number) => names.map((_, at) => (pattern >> at) & 1).join('')
  const regionsOf = (pattern: number) =>
    names.filter((_, at) => ((pattern >> at) & 1) === 1).join(' ')
  return {
    columns: [
      { name: 'motif', type: 'text', values: rows.map(([pattern]) => textOf(pattern)) },
      { name: 'regions', type: 'text', values: rows.map(([pattern]) => regionsOf(pattern)) },
      { name: 'count', type: 'integer', values: rows.map(([, count]) => count) },
    ],
    rowCount: found.length,
    summary: { instances: found.reduce((sum, [, count]) => sum + count, 0), motifs: found.length },
    approximate: null,
  }
}
