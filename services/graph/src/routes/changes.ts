import {
  deleteHyperedgesRequest,
  getHyperedgeQuery,
  graphTransactionRequest,
  HyperMeshError,
  printable,
  updateHyperedgesRequest,
} from '@hypermesh/contract'
import { type App, readJson, readQuery } from '@hypermesh/kit'
import type { GraphDatabases } from '../graph-databases.ts'
import { runGraphTransaction } from '../graph-transaction.ts'
import { firstRow } from '../hyperedge-reading.ts'
import { assertBatch, toChanges } from '../hyperedge-rows.ts'
import { textToAsOf } from '../instants.ts'
import { jsonWhole, readRows, receiptText } from './answers.ts'
import { databaseOf, mountGraphRoute, tableOf } from './requests.ts'

export function mountChanges(app: App, databases: GraphDatabases): void {
  mountGraphRoute(app, 'getHyperedge', async (c) => {
    const { table } = await tableOf(c, databases)
    const text = c.req.param('id') ?? ''
    const { as_of } = readQuery(c, getHyperedgeQuery)
    if (!/^[1-9]\d{0,15}$/.test(text)) {
      throw new HyperMeshError('invalid', `"${printable(text)}" is no id of a hyperedge`)
    }
    const past = as_of === undefined ? {} : { asOf: textToAsOf(as_of) }
    const batch = table.findSync({ ids: [Number(text)], ...past })
    const found = firstRow(batch)
    if (found === undefined) throw new HyperMeshError('not_found', `no hyperedge ${text}`)
    return jsonWhole(found)
  })
  mountGraphRoute(app, 'updateHyperedges', async (c) => {
    const { database, table } = await tableOf(c, databases)
    const { request, hasLongs } = await readRows(c, updateHyperedgesRequest)
    const { changes, time_unit: unit, durability } = request
    assertBatch(changes.length, c.var.limits)
    const declared = database.tables.declared(table.name)
    const rows = toChanges(changes, { unit, hasLongs, schema: table.schema, declared })
    c.var.throwIfAborted()
    const receipt = await table.updateMany(rows, { durability })
    database.compaction.wrote()
    return jsonWhole(`{${receiptText(receipt)}}`)
  })
  mountGraphRoute(app, 'deleteHyperedges', async (c) => {
    const { database, table } = await tableOf(c, databases)
    const { ids, durability } = await readJson(c, deleteHyperedgesRequest)
    assertBatch(ids.length, c.var.limits)
    c.var.throwIfAborted()
    const receipt = await table.delete(ids, { durability })
    database.compaction.wrote()
    return jsonWhole(`{${receiptText(receipt)}}`)
  })
  mountGraphRoute(app, 'commitGraphTransaction', async (c) => {
    const database = await databaseOf(c, databases)
    const { request, hasLongs } = await readRows(c, graphTransactionRequest)
    c.var.throwIfAborted()
    const receipt = await runGraphTransaction(database, request, hasLongs)
    database.compaction.wrote()
    return jsonWhole(`{${receiptText(receipt)},"ids":[${receipt.ids.join(',')}]}`)
  })
}
