import { createClient } from '@hypermesh/client'
import { graphSimilarRequest } from '@hypermesh/contract'
import { type App, contextOf, type Fetch, readJson } from '@hypermesh/kit'
import type { GraphDatabases } from '../graph-databases.ts'
import { findSimilar } from '../similar/similar-nodes.ts'
import { databaseOf, mountGraphRoute } from './requests.ts'

export function mountSimilar(app: App, databases: GraphDatabases, vector: Fetch): void {
  mountGraphRoute(app, 'similarNodes', async (c) => {
    const database = await databaseOf(c, databases)
    const request = await readJson(c, graphSimilarRequest)
    const client = createClient({
      fetch: (sent) => vector(sent, { ...contextOf(c), signal: sent.signal }),
    })
    const { limits, signal } = c.var
    return c.json(await findSimilar(database, request, { vector: client, limits, signal }))
  })
}
