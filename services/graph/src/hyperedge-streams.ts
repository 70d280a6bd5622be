import { HyperMeshError } from '@hypermesh/contract'
import { exportArrow, type FindOptions, type PagesOptions, type Table } from '@hypermesh/engine'
import { newSink } from './answer-sink.ts'

/** Small enough to be on its way soon, large enough that few are made. */
const ndjsonPageRows = 4096

/** What is found as one JSON object a line, page by page over one state. */
export async function* ndjsonPieces(
  table: Table,
  { limit, ...find }: Omit<FindOptions, 'limit'> & { readonly limit?: number | undefined },
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = limit ?? Number.POSITIVE_INFINITY
  const pageRows = Math.min(left, ndjsonPageRows)
  const sink = newSink()
  for await (const batch of table.pages({ ...(find as PagesOptions), pageRows })) {
    const rows = Math.min(batch.rowCount, left)
    left -= rows
    batch.writeJson(sink, '\n', rows)
    if (rows > 0) sink.byte(10)
    yield sink.take()
    if (left <= 0) return
  }
}

/** What is found as an Arrow stream, one record batch a page. */
export function arrowPieces(
  table: Table,
  { limit, columns, cursor, ...find }: FindOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const [name, value] of Object.entries({ limit, columns, cursor })) {
    if (value === undefined) continue
    throw new HyperMeshError(
      'invalid',
      `an Arrow stream has all of what is found: it takes no ${name}`,
    )
  }
  return exportArrow(table, find)
}
