import { HyperMeshError, type Limits } from '@hypermesh/contract'
import type { ColumnBatch, FindOptions, Hyperedge, Table } from '@hypermesh/engine'
import { hyperedgeTexts } from './hyperedge-text.ts'

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
  assertPage(find.limit ?? 0, limits)
  const batch = await findPage(table, { ...find, maxBytes: limits.graphPageBytesMax }, signal)
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

/** Throws `too_large` past the limit of a page. */
export function assertPage(rows: number, { graphPageMax }: Limits): void {
  if (rows <= graphPageMax) return
  throw new HyperMeshError('too_large', `a page has at most ${graphPageMax} rows, not ${rows}`, {
    details: { limit: 'graph_page_max', pageMax: graphPageMax },
  })
}
