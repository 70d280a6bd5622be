import { createClient } from '@hypermesh/client'
import { headers, sqlRequest } from '@hypermesh/contract'
import { type App, contextOf, type Fetch, mountRoute, readJson } from '@hypermesh/kit'
import { acceptedFormat } from '../accept-header.ts'
import type { QueryEngine } from '../query-engine.ts'
import { toResponse } from '../reply.ts'
import type { RunningStatements } from '../running-statements.ts'

export interface RouteParts {
  readonly engine: QueryEngine
  readonly running: RunningStatements
  readonly catalog: Fetch
}

export function mountSql(app: App, { engine, running, catalog: upstream }: RouteParts): void {
  mountRoute(app, 'sql', async (c) => {
    const { principal, signal } = c.var
    const format = acceptedFormat(c.req.header('accept'))
    const body = await readJson(c, sqlRequest)
    const catalog = createClient({
      fetch: (request) => upstream(request, { ...contextOf(c), signal: request.signal }),
    })
    const queryId = c.req.header(headers.queryId)
    const result = await engine.run({ body, format, catalog, principal, queryId, signal })
    return toResponse(format, result)
  })
  mountRoute(app, 'sqlPage', async (c) => {
    const { principal, signal } = c.var
    const format = acceptedFormat(c.req.header('accept'))
    const token = c.req.param('id') ?? ''
    return toResponse(format, await engine.page({ token, format, principal, signal }))
  })
  mountRoute(app, 'listQueries', (c) => c.json({ queries: running.list(c.var.principal) }))
  mountRoute(app, 'cancelQuery', (c) => {
    running.cancel(c.var.principal, c.req.param('id') ?? '')
    return c.body(null, 204)
  })
}
