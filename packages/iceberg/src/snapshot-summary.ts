import type { Snapshot } from '@hypermesh/contract'

export interface FileTotals {
  readonly files: number
  readonly rows: number
  readonly bytes: number
}

export const noFiles: FileTotals = { files: 0, rows: 0, bytes: 0 }

export interface SummaryFacts {
  readonly operation: 'append' | 'overwrite'
  readonly added: FileTotals
  readonly removed: FileTotals
  readonly removedDeleteFiles: number
  readonly changedPartitions: number
  readonly parent: Snapshot | undefined
  readonly extra: Readonly<Record<string, string>>
}

/** The summary of a snapshot, with the keys and the text values that the specification lists. */
export function summarize(facts: SummaryFacts): NonNullable<Snapshot['summary']> {
  const { added, removed } = facts
  return {
    ...facts.extra,
    operation: facts.operation,
    ...positive({
      'added-data-files': added.files,
      'added-records': added.rows,
      'added-files-size': added.bytes,
      'deleted-data-files': removed.files,
      'deleted-records': removed.rows,
      'removed-files-size': removed.bytes,
      'removed-delete-files': facts.removedDeleteFiles,
    }),
    'changed-partition-count': String(facts.changedPartitions),
    ...totals(facts),
  }
}

function positive(counts: Readonly<Record<string, number>>): Record<string, string> {
  const some = Object.entries(counts).filter(([, count]) => count > 0)
  return Object.fromEntries(some.map(([key, count]) => [key, String(count)]))
}

/** A total that the parent does not state is left out: an engine may not have counted it. */
function totals(facts: SummaryFacts): Record<string, string> {
  const { added, removed, parent } = facts
  const isReset = facts.operation === 'overwrite' || parent === undefined
  const sum = (key: string, change: number, after: number) => {
    const before = parent?.summary?.[key]
    if (isReset) return [[key, String(after)]]
    if (before === undefined || !/^\d{1,15}$/.test(before)) return []
    return [[key, String(Math.max(0, Number(before) + change))]]
  }
  return Object.fromEntries([
    ...sum('total-data-files', added.files - removed.files, added.files),
    ...sum('total-records', added.rows - removed.rows, added.rows),
    ...sum('total-files-size', added.bytes - removed.bytes, added.bytes),
    ...sum('total-delete-files', 0, 0),
    ...sum('total-position-deletes', 0, 0),
    ...sum('total-equality-deletes', 0, 0),
  ])
}
