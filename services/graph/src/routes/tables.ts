import {
  alterGraphTableRequest,
  createGraphIndexRequest,
  createGraphTableRequest,
  parseIdentifier,
} from '@hypermesh/contract'
import { type App, readJson } from '@hypermesh/kit'
import type { GraphDatabases } from '../graph-databases.ts'
import { databaseOf, mountGraphRoute, tableNameOf } from './requests.ts'

export function mountTables(app: App, databases: GraphDatabases): void {
  mountGraphRoute(app, 'listGraphTables', async (c) =>
    c.json({ tables: (await databaseOf(c, databases)).tables.list() }),
  )
  mountGraphRoute(app, 'createGraphTable', async (c) => {
    const { tables } = await databaseOf(c, databases)
    return c.json(await tables.create(await readJson(c, createGraphTableRequest)), 201)
  })
  mountGraphRoute(app, 'getGraphTable', async (c) => {
    const database = await databaseOf(c, databases)
    return c.json(await database.tableDetail(tableNameOf(c), c.var.signal))
  })
  mountGraphRoute(app, 'alterGraphTable', async (c) => {
    const { tables } = await databaseOf(c, databases)
    return c.json(await tables.alter(tableNameOf(c), await readJson(c, alterGraphTableRequest)))
  })
  mountGraphRoute(app, 'dropGraphTable', async (c) => {
    await (await databaseOf(c, databases)).tables.drop(tableNameOf(c))
    return c.body(null, 204)
  })
  mountGraphRoute(app, 'listGraphIndexes', async (c) => {
    const { indexes } = (await databaseOf(c, databases)).tables.describe(tableNameOf(c))
    return c.json({
      indexes: Object.entries(indexes).map(([index, columns]) => ({ index, columns })),
    })
  })
  mountGraphRoute(app, 'createGraphIndex', async (c) => {
    const { tables } = await databaseOf(c, databases)
    const { index, columns } = await readJson(c, createGraphIndexRequest)
    return c.json(await tables.createIndex(tableNameOf(c), index, columns), 201)
  })
  mountGraphRoute(app, 'dropGraphIndex', async (c) => {
    const index = parseIdentifier(c.req.param('index') ?? '')
    await (await databaseOf(c, databases)).tables.dropIndex(tableNameOf(c), index)
    return c.body(null, 204)
  })
}
