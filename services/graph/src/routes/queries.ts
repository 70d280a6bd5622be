import { graphQueryRequest, headers } from '@hypermesh/contract'
import { type App, acceptedFormat, readJson } from '@hypermesh/kit'
import type { GraphQueries, StartedQuery } from '../execution/graph-queries.ts'
import type { Row } from '../execution/query-result.ts'
import { ArrowResult } from '../execution/result-arrow.ts'
import { ndjsonText, replyText } from '../execution/result-text.ts'
import type { GraphDatabases } from '../graph-databases.ts'
import { pieceStream } from '../piece-stream.ts'
import { jsonWhole, receiptText } from './answers.ts'
import { databaseOf, mountGraphRoute } from './requests.ts'

const formats = ['json', 'ndjson', 'arrow'] as const
type Format = (typeof formats)[number]

export function mountQueries(app: App, databases: GraphDatabases, queries: GraphQueries): void {
  mountGraphRoute(app, 'queryGraph', async (c) => {
    const format = acceptedFormat(c.req.header('accept'), formats)
    const database = await databaseOf(c, databases)
    const request = await readJson(c, graphQueryRequest)
    const { principal, signal } = c.var
    const queryId = c.req.header(headers.queryId)
    const isStream = format !== 'json'
    const question = { database, principal, request, queryId, isStream, signal }
    const query = await queries.start(question)
    return isStream ? stream(query, format) : page(query, c.var.limits.graphPageBytesMax)
  })
  mountGraphRoute(app, 'listGraphQueries', async (c) =>
    c.json(queries.list(await databaseOf(c, databases), c.var.principal)),
  )
  mountGraphRoute(app, 'cancelGraphQuery', async (c) => {
    queries.cancel(await databaseOf(c, databases), c.var.principal, c.req.param('id') ?? '')
    return c.body(null, 204)
  })
}

async function page(query: StartedQuery, bytesMax: number): Promise<Response> {
  const rows: Row[] = []
  for await (const batch of query.batches) for (const row of batch) rows.push(row)
  query.signal.throwIfAborted()
  const { queryId, figures, columns } = query
  const { receipt } = figures
  const facts = { queryId, figures, elapsedMs: query.elapsedMs(), bytesMax }
  const written = receipt === null ? null : receiptText(receipt)
  return jsonWhole(replyText(columns, rows, { ...facts, receiptText: written }))
}

/** Rows are made no faster than they are taken, so many bytes at a time. */
async function stream(query: StartedQuery, format: Format): Promise<Response> {
  const body = await pieceStream(piecesOf(query, format), query.signal)
  const type = format === 'arrow' ? 'application/vnd.apache.arrow.stream' : 'application/x-ndjson'
  const known = { 'content-type': type, [headers.queryId]: query.queryId }
  return new Response(body, { headers: known })
}

async function* piecesOf(
  query: StartedQuery,
  format: Format,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = format === 'arrow' ? new ArrowResult(query.columns) : ndjsonOf(query)
  try {
    for await (const rows of query.batches) yield encoder.batch(rows)
    query.signal.throwIfAborted()
    yield encoder.end()
  } finally {
    query.close()
  }
}

function ndjsonOf({ columns }: StartedQuery) {
  const encoder = new TextEncoder()
  return {
    batch: (rows: readonly Row[]) => encoder.encode(ndjsonText(columns, rows)),
    end: () => new Uint8Array(0),
  }
}
