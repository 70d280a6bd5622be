import {
  type GraphHyperedge,
  HyperMeshError,
  printable,
  type RouteId,
  resultMediaTypes,
} from '@hypermesh/contract'
import type { GraphClient, GraphTableReference } from './graph-client.ts'
import { nodeMethods, upkeepMethods } from './graph-database-methods.ts'
import { callForLargeReply, callForReply } from './reply.ts'
import { ndjsonRows, toSqlStream } from './result-stream.ts'
import type { CallOptions, Transport } from './transport.ts'

export function graphMethods(transport: Transport): GraphClient {
  return {
    ...tableMethods(transport),
    ...readMethods(transport),
    ...writeMethods(transport),
    ...nodeMethods(transport),
    ...upkeepMethods(transport),
  }
}

type TableMethods = Pick<
  GraphClient,
  | 'listGraphTables'
  | 'createGraphTable'
  | 'getGraphTable'
  | 'alterGraphTable'
  | 'dropGraphTable'
  | 'listGraphIndexes'
  | 'createGraphIndex'
  | 'dropGraphIndex'
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
    listGraphIndexes: (table, options) =>
      callForReply(transport, callOf('listGraphIndexes', table, { options })),
    createGraphIndex: (table, json, options) =>
      callForReply(transport, callOf('createGraphIndex', table, { json, options })),
    dropGraphIndex: async (table, index, options) => {
      const parameters = { ...graphTableParameters(table), index }
      await transport.send({ id: 'dropGraphIndex', parameters, options })
    },
  }
}

type ReadMethods = Pick<
  GraphClient,
  | 'listHyperedges'
  | 'findHyperedges'
  | 'streamHyperedges'
  | 'hyperedges'
  | 'getHyperedge'
  | 'aggregateHyperedges'
  | 'expandHyperedges'
  | 'findHyperedgePath'
  | 'joinHyperedges'
  | 'exportHyperedges'
>

function readMethods(transport: Transport): ReadMethods {
  const page = { hyperedges: 'array' } as const
  const stream: GraphClient['streamHyperedges'] = async (table, json, { format, ...options }) => {
    const headers = { accept: resultMediaTypes[format] }
    const call = { ...callOf('findHyperedges', table, { json, options }), headers }
    return toSqlStream(format, await transport.send(call), options.signal)
  }
  return {
    listHyperedges: (table, { newest_first, ...rest } = {}, options = {}) => {
      const newest = newest_first === undefined ? undefined : String(newest_first)
      const call = callOf('listHyperedges', table, { options })
      const query = { ...rest, newest_first: newest }
      return callForLargeReply(transport, { ...call, query }, page)
    },
    findHyperedges: (table, json = {}, options = {}) =>
      callForLargeReply(transport, callOf('findHyperedges', table, { json, options }), page),
    streamHyperedges: stream,
    async *hyperedges(table, request = {}, options = {}) {
      // Lines are what the contract says that hyperedges are.
      const rows = ndjsonRows(await stream(table, request, { ...options, format: 'ndjson' }))
      for await (const row of rows) yield row as GraphHyperedge
    },
    getHyperedge: (table, id, query = {}, options = {}) =>
      callForReply(transport, {
        id: 'getHyperedge',
        parameters: { ...graphTableParameters(table), id: String(id) },
        ...{ query, options },
      }),
    aggregateHyperedges: (table, json, options) =>
      callForLargeReply(transport, callOf('aggregateHyperedges', table, { json, options }), {
        groups: 'array',
      }),
    expandHyperedges: (table, json, options) =>
      callForLargeReply(transport, callOf('expandHyperedges', table, { json, options }), {
        nodes: 'array',
      }),
    findHyperedgePath: (table, json, options) =>
      callForReply(transport, callOf('findHyperedgePath', table, { json, options })),
    joinHyperedges: (database, json, options) => {
      const call = { id: 'joinHyperedges', parameters: { database }, json, options } as const
      return callForLargeReply(transport, call, { pairs: 'array' })
    },
    exportHyperedges: async (table, query = {}, options = {}) => {
      const call = { ...callOf('exportHyperedges', table, { options }), query }
      return toSqlStream('ndjson', await transport.send(call), options.signal).body
    },
  }
}

type WriteMethods = Pick<
  GraphClient,
  | 'insertHyperedges'
  | 'updateHyperedges'
  | 'deleteHyperedges'
  | 'commitGraphTransaction'
  | 'importHyperedges'
>

function writeMethods(transport: Transport): WriteMethods {
  return {
    insertHyperedges: (table, json, options) =>
      callForLargeReply(transport, callOf('insertHyperedges', table, { json, options }), {
        ids: 'array',
      }),
    updateHyperedges: (table, json, options) =>
      callForReply(transport, callOf('updateHyperedges', table, { json, options })),
    deleteHyperedges: (table, json, options) =>
      callForReply(transport, callOf('deleteHyperedges', table, { json, options })),
    commitGraphTransaction: (database, json, options) =>
      callForReply(transport, {
        id: 'commitGraphTransaction',
        parameters: { database },
        ...{ json, options },
      }),
    importHyperedges: (table, body, query = {}, options = {}) =>
      callForReply(transport, {
        ...callOf('importHyperedges', table, { options }),
        ...{ body, query },
        headers: { 'content-type': 'application/octet-stream' },
      }),
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
