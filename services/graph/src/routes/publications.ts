import { graphPublicationRequest } from '@hypermesh/contract'
import { type App, readJson } from '@hypermesh/kit'
import type { GraphDatabases } from '../graph-databases.ts'
import type { Publications } from '../publication/publications.ts'
import { mountGraphRoute, tableOf } from './requests.ts'

export function mountPublications(
  app: App,
  databases: GraphDatabases,
  publications: Publications,
): void {
  mountGraphRoute(app, 'getGraphPublication', async (c) => {
    const { database, table } = await tableOf(c, databases)
    return c.json(await publications.status(database, table.name))
  })
  mountGraphRoute(app, 'putGraphPublication', async (c) => {
    const { database, table } = await tableOf(c, databases)
    const request = await readJson(c, graphPublicationRequest)
    return c.json(await publications.put(database, table.name, request, c.var.signal))
  })
  mountGraphRoute(app, 'deleteGraphPublication', async (c) => {
    const { database, table } = await tableOf(c, databases)
    await publications.end(database, table.name)
    return c.body(null, 204)
  })
  mountGraphRoute(app, 'syncGraphPublication', async (c) => {
    const { database, table } = await tableOf(c, databases)
    return c.json(await publications.sync(database, table.name, c.var.signal))
  })
}
