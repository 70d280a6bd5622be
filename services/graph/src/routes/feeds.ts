import { graphFeedRequest } from '@hypermesh/contract'
import { type App, readJson } from '@hypermesh/kit'
import type { Feeds } from '../feed/feeds.ts'
import type { GraphDatabases } from '../graph-databases.ts'
import { mountGraphRoute, tableOf } from './requests.ts'

export function mountFeeds(app: App, databases: GraphDatabases, feeds: Feeds): void {
  mountGraphRoute(app, 'getGraphFeed', async (c) => {
    const { database, table } = await tableOf(c, databases)
    return c.json(await feeds.status(database, table.name, c.var.signal))
  })
  mountGraphRoute(app, 'putGraphFeed', async (c) => {
    const { database, table } = await tableOf(c, databases)
    const request = await readJson(c, graphFeedRequest)
    return c.json(await feeds.put(database, table.name, request, c.var.signal))
  })
  mountGraphRoute(app, 'deleteGraphFeed', async (c) => {
    const { database, table } = await tableOf(c, databases)
    await feeds.end(database, table.name)
    return c.body(null, 204)
  })
  mountGraphRoute(app, 'syncGraphFeed', async (c) => {
    const { database, table } = await tableOf(c, databases)
    return c.json(await feeds.sync(database, table.name, c.var.signal))
  })
}
