import type {
  GraphColumns,
  GraphFeed,
  GraphFeedRequest,
  GraphPublication,
  GraphPublicationRequest,
  GraphSimilarReply,
  GraphSimilarRequest,
} from '@hypermesh/contract'
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
  /**
   * Keeps an Iceberg table of the hyperedges.
   *
   * @example await client.putGraphPublication('social.calls', { table: 'main.calls' })
   */
  putGraphPublication(
    table: GraphTableReference,
    request: GraphPublicationRequest,
    options?: CallOptions,
  ): Promise<GraphPublication>
  getGraphPublication(table: GraphTableReference, options?: CallOptions): Promise<GraphPublication>
  /** The Iceberg table stays. */
  deleteGraphPublication(table: GraphTableReference, options?: CallOptions): Promise<void>
  /** Returns when the Iceberg table has what the hyperedge table had when this was called. */
  syncGraphPublication(table: GraphTableReference, options?: CallOptions): Promise<GraphPublication>
  /** What the table looks like to `hyperedges(…)` in SQL. */
  graphColumns(table: GraphTableReference, options?: CallOptions): Promise<GraphColumns>
  /**
   * Nodes near a vector, a text or a node, and what is reached from them.
   *
   * @example await client.similarNodes('social', { index: 'people', text: 'chess', expand: { table: 'calls' } })
   */
  similarNodes(
    database: string,
    request: GraphSimilarRequest,
    options?: CallOptions,
  ): Promise<GraphSimilarReply>
}
