import type { Turns } from './turns.ts'

type Order<One> = (left: One, right: One) => number

const rowsOfRun = 1024

/** Sorts in place, in turns: runs by themselves, then two and two of them into one. Stable. */
export async function sortInTurns<One>(
  rows: One[],
  order: Order<One>,
  turns: Turns,
): Promise<void> {
  let runs: One[][] = []
  for (let start = 0; start < rows.length; start += rowsOfRun) {
    runs.push(rows.slice(start, start + rowsOfRun).sort(order))
    await turns.next()
  }
  while (runs.length > 1) {
    const merged: One[][] = []
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(await mergeInTurns([runs[at] ?? [], runs[at + 1] ?? []], order, turns))
    }
    runs = merged
  }
  for (const [at, row] of (runs[0] ?? []).entries()) rows[at] = row
}

async function mergeInTurns<One>(
  [left, right]: readonly [One[], One[]],
  order: Order<One>,
  turns: Turns,
): Promise<One[]> {
  const merged: One[] = []
  let at = 0
  for (const row of left) {
    for (; at < right.length; at++) {
      // Within bounds.
      const other = right[at] as One
      if (order(row, other) <= 0) break
      merged.push(other)
      if (turns.isOver()) await turns.next()
    }
    merged.push(row)
    if (turns.isOver()) await turns.next()
  }
  for (; at < right.length; at++) merged.push(right[at] as One)
  return merged
}
