import * as feeds from './graph-feeds.ts'
import type { RouteContract } from './route-contract.ts'

const table = '/v1/graph/:database/tables/:table'

/** The routes that join hyperedge tables with tables, SQL and vectors. */
export const graphFeedRoutes = {
  putGraphFeed: {
    method: 'PUT',
    path: `${table}/feed`,
    service: 'graph',
    access: 'writer',
    summary: 'say which rows of a table or query become hyperedges, and begin',
    body: feeds.graphFeedRequest,
    reply: feeds.graphFeed,
    status: 200,
  },
  getGraphFeed: {
    method: 'GET',
    path: `${table}/feed`,
    service: 'graph',
    access: 'reader',
    summary: 'what a hyperedge table is fed from, and how far it has come',
    reply: feeds.graphFeed,
    status: 200,
  },
  deleteGraphFeed: {
    method: 'DELETE',
    path: `${table}/feed`,
    service: 'graph',
    access: 'writer',
    summary: 'end a feed; the hyperedges stay',
    status: 204,
  },
  syncGraphFeed: {
    method: 'POST',
    path: `${table}/feed/sync`,
    service: 'graph',
    access: 'writer',
    summary: 'bring a hyperedge table to what its table or query is now',
    reply: feeds.graphFeed,
    status: 200,
    timeout: 'ingestTimeoutMs',
  },
  graphColumns: {
    method: 'GET',
    path: `${table}/columns`,
    service: 'graph',
    access: 'reader',
    summary: 'what a hyperedge table looks like to SQL',
    reply: feeds.graphColumns,
    status: 200,
  },
} as const satisfies Record<string, RouteContract>
