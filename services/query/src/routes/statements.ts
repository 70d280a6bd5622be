import { createClient, createTableReader, type HyperMeshClient } from '@hypermesh/client'
import { headers, sqlRequest } from '@hypermesh/contract'
import {
  type App,
  acceptedFormat,
  contextOf,
  type Fetch,
  mountRoute,
  type RunningStatements,
  readJson,
  type Visit,
} from '@hypermesh/kit'
import type { QueryEngine } from '../query-engine.ts'
import { toResponse } from '../reply.ts'
import type { Peers } from '../table-functions/table-function.ts'

export interface RouteParts {
  readonly engine: QueryEngine
  readonly running: RunningStatements
  readonly catalog: Fetch
  readonly vector: Fetch
  readonly graph: Fetch
}

/** The other services as the caller of this request may use them. */
export function peersOf(c: Visit, { catalog, vector, graph }: RouteParts): Peers {
  const through = (upstream: Fetch) => ({
    fetch: (request: Request) => upstream(request, { ...contextOf(c), signal: request.signal }),
  })
  const clients: { vector?: HyperMeshClient; graph?: HyperMeshClient } = {}
  return {
    catalog: createTableReader(through(catalog)),
    // Few statements ask these, and a client takes as long to make as a call.
    get vector() {
      clients.vector ??= createClient(through(vector))
      return clients.vector
    },
    get graph() {
      clients.graph ??= createClient(through(graph))
      return clients.graph
    },
  }
}

export function mountSql(app: App, parts: RouteParts): void {
  const { engine, running } = parts
  mountRoute(app, 'sql', async (c) => {
    const { principal, signal } = c.var
    const format = acceptedFormat(c.req.header('accept'))
    const body = await readJson(c, sqlRequest)
    const peers = peersOf(c, parts)
    const queryId = c.req.header(headers.queryId)
    const result = await engine.run({ body, format, peers, principal, queryId, signal })
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
