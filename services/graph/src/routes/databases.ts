import type { App } from '@hypermesh/kit'
import type { GraphDatabases } from '../graph-databases.ts'
import { databaseOf, mountGraphRoute } from './requests.ts'

export function mountDatabases(app: App, databases: GraphDatabases): void {
  mountGraphRoute(app, 'listGraphDatabases', async (c) =>
    c.json({ databases: await databases.list() }),
  )
  mountGraphRoute(app, 'createGraphDatabase', async (c) => {
    const { database, isNew } = await databases.create(c.req.param('database') ?? '')
    return c.json(database.summary(), isNew ? 201 : 200)
  })
  mountGraphRoute(app, 'getGraphDatabase', async (c) =>
    c.json(await (await databaseOf(c, databases)).detail()),
  )
  mountGraphRoute(app, 'deleteGraphDatabase', async (c) => {
    await databases.drop(c.req.param('database') ?? '')
    return c.body(null, 204)
  })
}
