import type { GraphColumns, GraphFeed, GraphFeedRequest } from '@hypermesh/contract'
import type { GraphTableReference } from './graph-client.ts'
import type { CallOptions } from './transport.ts'

/** What joins hyperedge tables with tables, SQL and vectors. */
export interface GraphFeedClient {
  /**
   * Makes hyperedges of the rows of a table or query, now and as they change.
   *
   * @example await client.putGraphFeed('social.calls', { table: 'main.calls', time: 'at', members: [{ column: 'who' }] })
   */
  putGraphFeed(
    table: GraphTableReference,
    request: GraphFeedRequest,
    options?: CallOptions,
  ): Promise<GraphFeed>
  getGraphFeed(table: GraphTableReference, options?: CallOptions): Promise<GraphFeed>
  /** The hyperedges stay. */
  deleteGraphFeed(table: GraphTableReference, options?: CallOptions): Promise<void>
  /** Returns when the table has what its rows were when this was called. */
  syncGraphFeed(table: GraphTableReference, options?: CallOptions): Promise<GraphFeed>
  /** What the table looks like to `hyperedges(…)` in SQL. */
  graphColumns(table: GraphTableReference, options?: CallOptions): Promise<GraphColumns>
}
