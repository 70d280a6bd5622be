import type { RouteId } from '@hypermesh/contract'
import type { GraphTableReference } from './graph-client.ts'
import type { GraphFeedClient } from './graph-feed-client.ts'
import { graphTableParameters } from './graph-methods.ts'
import { callForLargeReply, callForReply } from './reply.ts'
import type { CallOptions, Transport } from './transport.ts'

export function graphFeedMethods(transport: Transport): GraphFeedClient {
  return {
    putGraphFeed: (table, json, options) =>
      callForReply(transport, callOf('putGraphFeed', table, { json, options })),
    getGraphFeed: (table, options) =>
      callForReply(transport, callOf('getGraphFeed', table, { options })),
    deleteGraphFeed: async (table, options) => {
      await transport.send(callOf('deleteGraphFeed', table, { options }))
    },
    syncGraphFeed: (table, options) =>
      callForReply(transport, callOf('syncGraphFeed', table, { options })),
    putGraphPublication: (table, json, options) =>
      callForReply(transport, callOf('putGraphPublication', table, { json, options })),
    getGraphPublication: (table, options) =>
      callForReply(transport, callOf('getGraphPublication', table, { options })),
    deleteGraphPublication: async (table, options) => {
      await transport.send(callOf('deleteGraphPublication', table, { options }))
    },
    syncGraphPublication: (table, options) =>
      callForReply(transport, callOf('syncGraphPublication', table, { options })),
    graphColumns: (table, options) =>
      callForReply(transport, callOf('graphColumns', table, { options })),
    similarNodes: (database, json, options) =>
      callForLargeReply(
        transport,
        { id: 'similarNodes', parameters: { database }, json, options },
        { similar: 'array' },
      ),
  }
}

/** A call of a route below a hyperedge table. */
function callOf<Id extends RouteId>(
  id: Id,
  table: GraphTableReference,
  rest: { readonly json?: unknown; readonly options?: CallOptions | undefined },
) {
  return { id, parameters: graphTableParameters(table), ...rest }
}
