import type { GraphQueryReply, GraphQueryRequest, RunningGraphQueries } from '@hypermesh/contract'
import type { SqlCallOptions } from './sql-client.ts'
import type { CallOptions } from './transport.ts'

/** The query language of the graph service. */
export interface GraphQueryClient {
  /**
   * Runs one statement and returns a page of its rows; `next_cursor` says where it goes on.
   *
   * @example
   * const query = 'MATCH HYPEREDGE (he:calls) WHERE $who IN he.members RETURN he.event_ts, he.members'
   * const { rows } = await client.queryGraph('social', { query, parameters: { who: 'ann' } })
   */
  queryGraph(
    database: string,
    request: string | GraphQueryRequest,
    options?: SqlCallOptions,
  ): Promise<GraphQueryReply>
  /**
   * Runs one statement and yields all of its rows as objects; a result that was cut off throws.
   *
   * @example for await (const row of client.graphRows('social', 'MATCH HYPEREDGE (he:calls) RETURN *')) use(row)
   */
  graphRows(
    database: string,
    request: string | GraphQueryRequest,
    options?: SqlCallOptions,
  ): AsyncGenerator<Record<string, unknown>, void, undefined>
  /** Runs one statement and returns all of its rows as an Arrow IPC stream. */
  graphArrow(
    database: string,
    request: string | GraphQueryRequest,
    options?: SqlCallOptions,
  ): Promise<ReadableStream<Uint8Array>>
  /** Statements that wait or run now: one's own, to an admin all. */
  listGraphQueries(database: string, options?: CallOptions): Promise<RunningGraphQueries>
  /** Stops a statement; `not_found` when it has ended, or is another's. */
  cancelGraphQuery(database: string, id: string, options?: CallOptions): Promise<void>
}
