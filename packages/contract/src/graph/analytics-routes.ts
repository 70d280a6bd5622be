import type { RouteContract } from '../route-contract.ts'
import * as analytics from './analytics.ts'

const measures = '/v1/graph/:database/tables/:table/analytics'

/** The measures of a hyperedge table. */
export const graphAnalyticsRoutes = {
  listGraphMeasures: {
    method: 'GET',
    path: measures,
    service: 'graph',
    access: 'reader',
    summary: 'the measures of a hyperedge table, what defines them and what they take',
    reply: analytics.graphMeasures,
    status: 200,
  },
  getGraphMeasure: {
    method: 'GET',
    path: `${measures}/:measure`,
    service: 'graph',
    access: 'reader',
    summary: 'a measure; other words of the query are its options; JSON, or NDJSON with progress',
    query: analytics.graphMeasureQuery,
    reply: analytics.graphMeasureReply,
    status: 200,
  },
  takeGraphMeasure: {
    method: 'POST',
    path: `${measures}/:measure`,
    service: 'graph',
    access: 'reader',
    summary: 'a measure of a part of a table; JSON, or NDJSON with progress',
    body: analytics.graphMeasureRequest,
    reply: analytics.graphMeasureReply,
    status: 200,
  },
} as const satisfies Record<string, RouteContract>
