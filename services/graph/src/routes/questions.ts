import {
  aggregateHyperedgesRequest,
  expandHyperedgesRequest,
  hyperedgePathRequest,
  joinHyperedgesRequest,
} from '@hypermesh/contract'
import type { ColumnBatch } from '@hypermesh/engine'
import { type App, readJson } from '@hypermesh/kit'
import type { GraphDatabases } from '../graph-databases.ts'
import { factsText, type ResultField, resultTexts } from '../result-rows.ts'
import {
  aggregateFields,
  pairFields,
  pathFields,
  reachedFields,
  toAggregate,
  toExpand,
  toJoin,
  toPath,
} from '../walks.ts'
import { jsonWhole } from './answers.ts'
import { databaseOf, mountGraphRoute, tableOf } from './requests.ts'

export function mountQuestions(app: App, databases: GraphDatabases): void {
  mountGraphRoute(app, 'aggregateHyperedges', async (c) => {
    const { table } = await tableOf(c, databases)
    const request = await readJson(c, aggregateHyperedgesRequest)
    const { limits, signal } = c.var
    const { schema } = table
    const options = toAggregate(request, { unit: request.time_unit, schema, limits, signal })
    const batch = await table.aggregate(options)
    return rowsText('groups', batch, aggregateFields(request, batch.columnNames, schema))
  })
  mountGraphRoute(app, 'expandHyperedges', async (c) => {
    const { table } = await tableOf(c, databases)
    const request = await readJson(c, expandHyperedgesRequest)
    const { limits, signal } = c.var
    const { schema } = table
    const options = toExpand(request, { unit: request.time_unit, schema, limits, signal })
    return rowsText('nodes', await table.expand(options), reachedFields)
  })
  mountGraphRoute(app, 'findHyperedgePath', async (c) => {
    const { table } = await tableOf(c, databases)
    const request = await readJson(c, hyperedgePathRequest)
    const { limits, signal } = c.var
    const { schema } = table
    const options = toPath(request, { unit: request.time_unit, schema, limits, signal })
    return rowsText('steps', await table.shortestPath(options), pathFields)
  })
  mountGraphRoute(app, 'joinHyperedges', async (c) => {
    const database = await databaseOf(c, databases)
    const request = await readJson(c, joinHyperedgesRequest)
    const { limits, signal } = c.var
    const terms = { unit: request.time_unit, limits, signal }
    const options = toJoin(request, terms, (name) => database.table(name).schema)
    return rowsText('pairs', await database.engine.join(options), pairFields)
  })
}

function rowsText<Row>(
  name: string,
  batch: ColumnBatch<Row>,
  fields: readonly ResultField[],
): Response {
  const rows = resultTexts(batch, fields).join(',')
  return jsonWhole(`{"${name}":[${rows}],${factsText(batch)}}`)
}
