import { findHyperedgesRequest, listHyperedgesQuery, resultMediaTypes } from '@hypermesh/contract'
import type { FindOptions, Table } from '@hypermesh/engine'
import { type App, acceptedFormat, readJson, readQuery, type Visit } from '@hypermesh/kit'
import type { GraphDatabases } from '../graph-databases.ts'
import { pageBytes } from '../hyperedge-reading.ts'
import { assertBatch, toInputs, withKeys } from '../hyperedge-rows.ts'
import { arrowPieces, ndjsonPieces } from '../hyperedge-streams.ts'
import { pieceStream } from '../piece-stream.ts'
import { toFind } from '../selection.ts'
import { jsonWhole, receiptText } from './answers.ts'
import { readBatch } from './batch-body.ts'
import { toListFind } from './list-query.ts'
import { mountGraphRoute, tableOf } from './requests.ts'

const formats = ['json', 'ndjson', 'arrow'] as const

export function mountHyperedges(app: App, databases: GraphDatabases): void {
  mountGraphRoute(app, 'insertHyperedges', async (c) => {
    const { database, table } = await tableOf(c, databases)
    const { schema } = table
    const { rows, hasLongs, unit, durability, keyed } = await readBatch(c, schema)
    assertBatch(rows.length, c.var.limits)
    const declared = database.tables.declared(table.name)
    const given = toInputs(rows, { unit, hasLongs, schema, declared })
    const inputs = withKeys(given, keyed?.key)
    c.var.throwIfAborted()
    const receipt =
      keyed === undefined
        ? await table.insertMany(inputs, { durability })
        : await database.keyedInserts.insert(table, { ...keyed, rows: inputs, durability })
    database.compaction.wrote()
    return jsonWhole(`{${receiptText(receipt)},"ids":[${receipt.ids.join(',')}]}`)
  })
  mountGraphRoute(app, 'listHyperedges', async (c) => {
    const { table } = await tableOf(c, databases)
    return found(c, table, toListFind(readQuery(c, listHyperedgesQuery)))
  })
  mountGraphRoute(app, 'findHyperedges', async (c) => {
    const { table } = await tableOf(c, databases)
    const request = await readJson(c, findHyperedgesRequest)
    const { limits } = c.var
    const terms = { unit: request.time_unit, schema: table.schema, limits }
    return found(c, table, toFind(request, terms))
  })
}

/** A page as JSON, or all of it as a stream. */
async function found(c: Visit, table: Table, find: FindOptions): Promise<Response> {
  const format = acceptedFormat(c.req.header('accept'), formats)
  if (format === 'json') return jsonWhole(await pageBytes(table, find, c.var))
  const { signal } = c.var
  const options = { ...find, signal }
  const pieces = format === 'arrow' ? arrowPieces(table, options) : ndjsonPieces(table, options)
  const body = await pieceStream(pieces, signal)
  return new Response(body, { headers: { 'content-type': resultMediaTypes[format] } })
}
