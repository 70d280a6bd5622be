import type { Limits } from '@hypermesh/contract'
import { FixedText } from '@hypermesh/duckdb'
import type { ColumnBatch, FindOptions, Hyperedge, Table } from '@hypermesh/engine'
import { type Ending, eventLoopTurn } from '@hypermesh/kit'
import { newSink } from './answer-sink.ts'
import { toPageRows } from './selection.ts'

/** What a read on this thread may look at: well below what holds up others. */
const examinedHereMax = 20_000

export interface Reading extends Ending {
  readonly limits: Limits
}

const pageHeads = {
  hyperedges: new FixedText('{"hyperedges":['),
  nodes: new FixedText('{"nodes":['),
}
const pageEnd = new FixedText('],"next_cursor":')
const nullText = new FixedText('null')
const seqHead = new FixedText(',"seq":')
const examinedHead = new FixedText(',"examined":')

/** A page of hyperedges as the JSON of an answer. */
export async function pageBytes(
  table: Table,
  find: FindOptions,
  reading: Reading,
): Promise<Uint8Array> {
  return rowsPage('hyperedges', await findPage(table, find, reading))
}

/** The rows under their name, and what is said of the page. */
export function rowsPage<Row>(name: keyof typeof pageHeads, batch: ColumnBatch<Row>): Uint8Array {
  const sink = newSink()
  sink.put(pageHeads[name])
  batch.writeJson(sink)
  sink.put(pageEnd)
  const { cursor } = batch
  if (cursor === null) sink.put(nullText)
  else sink.ascii(JSON.stringify(cursor))
  sink.put(seqHead)
  sink.integer(batch.snapshotSeq)
  sink.put(examinedHead)
  sink.integer(batch.rowsExamined)
  sink.byte(125)
  return sink.take()
}

/** The first row by itself; undefined where there is none. */
export function firstRow<Row>(batch: ColumnBatch<Row>): Uint8Array | undefined {
  if (batch.rowCount === 0) return undefined
  const sink = newSink()
  batch.writeJson(sink, ',', 1)
  return sink.take()
}

/** Here where that is short, which most lookups are; else on the engine's own threads. */
async function findPage(
  table: Table,
  find: FindOptions,
  reading: Reading,
): Promise<ColumnBatch<Hyperedge>> {
  const limit = toPageRows(find.limit, reading.limits)
  const maxBytes = reading.limits.graphPageBytesMax
  const turn = eventLoopTurn()
  if (turn !== undefined) await turn
  reading.throwIfAborted()
  // Spreading the question would take microseconds, as each has fields of its own.
  const bounds = { limit, maxBytes, maxExamined: examinedHereMax }
  const here = table.findSync(Object.assign({}, find, bounds))
  if (here.truncated !== 'examined') return here
  return table.find({ ...find, limit, maxBytes, signal: reading.signal })
}
