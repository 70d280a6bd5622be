import { createClient } from '@hypermesh/client'
import { sqlRequest } from '@hypermesh/contract'
import { type App, type Fetch, mountRoute, readJson } from '@hypermesh/kit'
import { acceptedFormat } from './accept-header.ts'
import type { QueryEngine } from './query-engine.ts'
import { toResponse } from './reply.ts'

export function mountSql(app: App, engine: QueryEngine, catalogFetch: Fetch): void {
  mountRoute(app, 'sql', async (c) => {
    const { principal, requestId, signal } = c.var
    const format = acceptedFormat(c.req.header('accept'))
    const body = await readJson(c, sqlRequest)
    const catalog = createClient({
      fetch: (request) => catalogFetch(request, { principal, requestId, signal: request.signal }),
    })
    return toResponse(format, await engine.run({ body, format, catalog, signal }))
  })
}
