import {
  findHyperedgesRequest,
  insertHyperedgesRequest,
  listHyperedgesQuery,
} from '@hypermesh/contract'
import { type App, readJson, readQuery } from '@hypermesh/kit'
import type { GraphDatabases } from '../graph-databases.ts'
import { pageText } from '../hyperedge-reading.ts'
import { assertBatch, toInputs } from '../hyperedge-rows.ts'
import { toFind } from '../selection.ts'
import { jsonText, readRows, receiptText } from './answers.ts'
import { toListFind } from './list-query.ts'
import { mountGraphRoute, tableOf } from './requests.ts'

export function mountHyperedges(app: App, databases: GraphDatabases): void {
  mountGraphRoute(app, 'insertHyperedges', async (c) => {
    const { database, table } = await tableOf(c, databases)
    const { request, hasLongs } = await readRows(c, insertHyperedgesRequest)
    const { hyperedges, time_unit: unit, durability } = request
    assertBatch(hyperedges.length, c.var.limits)
    const { schema } = table
    const declared = database.tables.declared(table.name)
    const rows = toInputs(hyperedges, { unit, hasLongs, schema, declared })
    c.var.signal.throwIfAborted()
    const receipt = await table.insertMany(rows, { durability })
    return jsonText(`{${receiptText(receipt)},"ids":[${receipt.ids.join(',')}]}`)
  })
  mountGraphRoute(app, 'listHyperedges', async (c) => {
    const { table } = await tableOf(c, databases)
    const find = toListFind(readQuery(c, listHyperedgesQuery))
    return jsonText(await pageText(table, find, c.var))
  })
  mountGraphRoute(app, 'findHyperedges', async (c) => {
    const { table } = await tableOf(c, databases)
    const request = await readJson(c, findHyperedgesRequest)
    const { limits } = c.var
    const find = toFind(request, { unit: request.time_unit, schema: table.schema, limits })
    return jsonText(await pageText(table, find, c.var))
  })
}
