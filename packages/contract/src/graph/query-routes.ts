import type { RouteContract } from '../route-contract.ts'
import * as query from './query.ts'

const one = '/v1/graph/:database'

/** The routes of the query language of the graph service. */
export const graphQueryRoutes = {
  queryGraph: {
    method: 'POST',
    path: `${one}/query`,
    service: 'graph',
    access: 'reader',
    summary:
      'one statement of the graph language, as far as the key’s role allows; a page of JSON, or all as NDJSON or Arrow by Accept',
    body: query.graphQueryRequest,
    reply: query.graphQueryReply,
    status: 200,
  },
  listGraphQueries: {
    method: 'GET',
    path: `${one}/queries`,
    service: 'graph',
    access: 'reader',
    summary: 'statements that wait or run now: one’s own, to an admin all',
    reply: query.runningGraphQueries,
    status: 200,
  },
  cancelGraphQuery: {
    method: 'DELETE',
    path: `${one}/queries/:id`,
    service: 'graph',
    access: 'reader',
    summary: 'stop a statement by its query id',
    status: 204,
  },
} as const satisfies Record<string, RouteContract>
