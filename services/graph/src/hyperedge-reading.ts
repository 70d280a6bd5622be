import type { Limits } from '@hypermesh/contract'
import type { ColumnBatch, FindOptions, Hyperedge, Table } from '@hypermesh/engine'
import { hyperedgeTexts } from './hyperedge-text.ts'
import { toPageRows } from './selection.ts'

/** What a read on this thread may look at: well below what holds up others. */
const examinedHereMax = 20_000

export interface Reading {
  readonly limits: Limits
  readonly signal: AbortSignal
}

/** A page of hyperedges as the JSON of an answer. */
export async function pageText(
  table: Table,
  find: FindOptions,
  { limits, signal }: Reading,
): Promise<string> {
  const limit = toPageRows(find.limit, limits)
  const page = { ...find, limit, maxBytes: limits.graphPageBytesMax }
  const batch = await findPage(table, page, signal)
  const rows = hyperedgeTexts(batch, table.schema).join(',')
  const facts = `"seq":${batch.snapshotSeq},"examined":${batch.rowsExamined}`
  return `{"hyperedges":[${rows}],"next_cursor":${JSON.stringify(batch.cursor)},${facts}}`
}

/** Here where that is short, which most lookups are; else on the engine's own threads. */
async function findPage(
  table: Table,
  find: FindOptions,
  signal: AbortSignal,
): Promise<ColumnBatch<Hyperedge>> {
  signal.throwIfAborted()
  const here = table.findSync({ ...find, maxExamined: examinedHereMax })
  return here.truncated === 'examined' ? table.find({ ...find, signal }) : here
}
