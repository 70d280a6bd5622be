import type { ColumnType, Figure, Outcome, OutcomeColumn, Run } from './computation.ts'
import type { Side } from './hypergraph.ts'
import { TopRows } from './top-rows.ts'

/** Values by item, the first of which the rows are sorted by. */
export interface ItemValues {
  readonly of: Side
  readonly values: Readonly<Record<string, { type: ColumnType; values: ArrayLike<number> }>>
  readonly summary?: Readonly<Record<string, Figure>>
  readonly approximate?: string | null
}

/** The column that says which item a row is of. */
export function itemColumn(of: Side, items: ArrayLike<number>, name?: string): OutcomeColumn {
  // HYPEREDGE alone is a word of the query language.
  return of === 'nodes'
    ? { name: name ?? 'node', type: 'node', values: items }
    : { name: name ?? 'hyperedge_id', type: 'hyperedge', values: items }
}

/** One row an item, the greatest value first. */
export function itemRows({ of, values, summary, approximate }: ItemValues, run: Run): Outcome {
  const named = Object.entries(values)
  const ranked = named[0]?.[1].values ?? []
  const top = new TopRows(run.rowsMax)
  for (let item = 0; item < ranked.length; item++) top.offer(ranked[item] as number, item)
  const { firsts } = top.sorted()
  const columns = named.map(([name, { type, values: all }]) => {
    return { name, type, values: firsts.map((item) => all[item] as number) }
  })
  return {
    columns: [itemColumn(of, firsts), ...columns],
    rowCount: ranked.length,
    summary: summary ?? {},
    approximate: approximate ?? null,
  }
}

/** The mean of what is no NaN; null of nothing. */
export function meanOf(values: ArrayLike<number>): number | null {
  let sum = 0
  let count = 0
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  return count === 0 ? null : sum / count
}
