import type { Limits } from '@hypermesh/contract'
import type { ColumnBatch, FindOptions, Hyperedge, Table, TableSchema } from '@hypermesh/engine'
import { type Ending, eventLoopTurn } from '@hypermesh/kit'
import { hyperedgeWriter, newSink } from './hyperedge-json.ts'
import { toPageRows } from './selection.ts'

/** What a read on this thread may look at: well below what holds up others. */
const examinedHereMax = 20_000

export interface Reading extends Ending {
  readonly limits: Limits
}

/** A page of hyperedges as the JSON of an answer. */
export async function pageBytes(
  table: Table,
  find: FindOptions,
  reading: Reading,
): Promise<Uint8Array> {
  const { limits } = reading
  const limit = toPageRows(find.limit, limits)
  const page = { ...find, limit, maxBytes: limits.graphPageBytesMax }
  return rowsPage('hyperedges', await findPage(table, page, reading), table.schema)
}

/** The rows under their name, and what is said of the page. */
export function rowsPage<Row>(
  name: 'hyperedges' | 'nodes',
  batch: ColumnBatch<Row>,
  schema: TableSchema,
): Uint8Array {
  const sink = newSink()
  const write = hyperedgeWriter(batch, schema, sink)
  sink.ascii(`{"${name}":[`)
  for (let row = 0; row < batch.rowCount; row += 1) {
    if (row > 0) sink.byte(44)
    write(row)
  }
  const facts = `"seq":${batch.snapshotSeq},"examined":${batch.rowsExamined}`
  sink.ascii(`],"next_cursor":${JSON.stringify(batch.cursor)},${facts}}`)
  return sink.take()
}

/** The first row by itself; undefined where there is none. */
export function firstRow<Row>(
  batch: ColumnBatch<Row>,
  schema: TableSchema,
): Uint8Array | undefined {
  if (batch.rowCount === 0) return undefined
  const sink = newSink()
  hyperedgeWriter(batch, schema, sink)(0)
  return sink.take()
}

/** Here where that is short, which most lookups are; else on the engine's own threads. */
async function findPage(
  table: Table,
  find: FindOptions,
  ending: Ending,
): Promise<ColumnBatch<Hyperedge>> {
  await eventLoopTurn()
  ending.throwIfAborted()
  const here = table.findSync({ ...find, maxExamined: examinedHereMax })
  return here.truncated === 'examined' ? table.find({ ...find, signal: ending.signal }) : here
}
