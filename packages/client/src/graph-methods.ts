import { HyperMeshError, printable, type RouteId } from '@hypermesh/contract'
import type { GraphClient, GraphTableReference } from './graph-client.ts'
import { callForLargeReply, callForReply } from './reply.ts'
import type { CallOptions, Transport } from './transport.ts'

export function graphMethods(transport: Transport): GraphClient {
  return {
    ...databaseMethods(transport),
    ...tableMethods(transport),
    ...hyperedgeMethods(transport),
  }
}

type DatabaseMethods = Pick<
  GraphClient,
  'listGraphDatabases' | 'createGraphDatabase' | 'getGraphDatabase' | 'deleteGraphDatabase'
>

function databaseMethods(transport: Transport): DatabaseMethods {
  return {
    listGraphDatabases: (options) => callForReply(transport, { id: 'listGraphDatabases', options }),
    createGraphDatabase: (database, options) =>
      callForReply(transport, { id: 'createGraphDatabase', parameters: { database }, options }),
    getGraphDatabase: (database, options) =>
      callForReply(transport, { id: 'getGraphDatabase', parameters: { database }, options }),
    deleteGraphDatabase: async (database, options) => {
      await transport.send({ id: 'deleteGraphDatabase', parameters: { database }, options })
    },
  }
}

type TableMethods = Pick<
  GraphClient,
  'listGraphTables' | 'createGraphTable' | 'getGraphTable' | 'alterGraphTable' | 'dropGraphTable'
>

function tableMethods(transport: Transport): TableMethods {
  return {
    listGraphTables: (database, options) =>
      callForReply(transport, { id: 'listGraphTables', parameters: { database }, options }),
    createGraphTable: (database, json, options) =>
      callForReply(transport, { id: 'createGraphTable', parameters: { database }, json, options }),
    getGraphTable: (table, options) =>
      callForReply(transport, callOf('getGraphTable', table, { options })),
    alterGraphTable: (table, json, options) =>
      callForReply(transport, callOf('alterGraphTable', table, { json, options })),
    dropGraphTable: async (table, options) => {
      await transport.send(callOf('dropGraphTable', table, { options }))
    },
  }
}

type HyperedgeMethods = Pick<GraphClient, 'insertHyperedges' | 'listHyperedges' | 'findHyperedges'>

function hyperedgeMethods(transport: Transport): HyperedgeMethods {
  const page = { hyperedges: 'array' } as const
  return {
    insertHyperedges: (table, json, options) =>
      callForReply(transport, callOf('insertHyperedges', table, { json, options })),
    listHyperedges: (table, { newest_first, ...rest } = {}, options = {}) => {
      const query = {
        ...rest,
        newest_first: newest_first === undefined ? undefined : String(newest_first),
      }
      const call = callOf('listHyperedges', table, { options })
      return callForLargeReply(transport, { ...call, query }, page)
    },
    findHyperedges: (table, json = {}, options = {}) =>
      callForLargeReply(transport, callOf('findHyperedges', table, { json, options }), page),
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

/** The server judges the names themselves. */
export function graphTableParameters(table: GraphTableReference) {
  if (typeof table !== 'string') return { database: table.database, table: table.table }
  const dot = table.indexOf('.')
  if (dot > 0 && dot < table.length - 1) {
    return { database: table.slice(0, dot), table: table.slice(dot + 1) }
  }
  throw new HyperMeshError('invalid_name', `"${printable(table)}" is not database.table`)
}
