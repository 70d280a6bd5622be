import { headers, runSavedRequest, saveQueryRequest } from '@hypermesh/contract'
import { type App, acceptedFormat, mountRoute, readJson } from '@hypermesh/kit'
import { toResponse } from '../reply.ts'
import type { SavedQueries } from '../saved-queries.ts'
import { peersOf, type RouteParts } from './statements.ts'

export function mountSavedQueries(app: App, saved: SavedQueries, parts: RouteParts): void {
  mountRoute(app, 'listSavedQueries', async (c) => c.json({ queries: await saved.list() }))
  mountRoute(app, 'getSavedQuery', async (c) => c.json(await saved.get(c.req.param('name') ?? '')))
  mountRoute(app, 'saveQuery', async (c) => {
    const { principal, signal } = c.var
    const body = await readJson(c, saveQueryRequest)
    const createOnly = c.req.header('if-none-match') === '*'
    const caller = { principal, signal, peers: peersOf(c, parts), createOnly }
    return c.json(await saved.save(c.req.param('name') ?? '', body, caller))
  })
  mountRoute(app, 'deleteSavedQuery', async (c) => {
    await saved.delete(c.req.param('name') ?? '')
    return c.body(null, 204)
  })
  mountRoute(app, 'runSavedQuery', async (c) => {
    const { principal, signal } = c.var
    const format = acceptedFormat(c.req.header('accept'))
    const request = await readJson(c, runSavedRequest)
    const body = await saved.toRequest(c.req.param('name') ?? '', request)
    const queryId = c.req.header(headers.queryId)
    const peers = peersOf(c, parts)
    const result = await parts.engine.run({ body, format, peers, principal, queryId, signal })
    return toResponse(format, result)
  })
}
