import type { RouteId } from '@hypermesh/contract'
import type { GraphClient } from './graph-client.ts'
import { callForLargeReply, callForReply } from './reply.ts'
import type { CallOptions, Transport } from './transport.ts'

type NodeMethods = Pick<
  GraphClient,
  'declareGraphNodes' | 'setGraphNodes' | 'getGraphNode' | 'findGraphNodes' | 'deleteGraphNodes'
>

export function nodeMethods(transport: Transport): NodeMethods {
  return {
    declareGraphNodes: (database, json, options) =>
      callForReply(transport, callOf('declareGraphNodes', database, { json, options })),
    setGraphNodes: (database, json, options) =>
      callForReply(transport, callOf('setGraphNodes', database, { json, options })),
    getGraphNode: (database, node, query = {}, options = {}) =>
      callForReply(transport, {
        id: 'getGraphNode',
        // Digits of a path are an integer: such a text stands in quotes.
        parameters: { database, node: toPathNode(node) },
        ...{ query, options },
      }),
    findGraphNodes: (database, json = {}, options = {}) =>
      callForLargeReply(transport, callOf('findGraphNodes', database, { json, options }), {
        nodes: 'array',
      }),
    deleteGraphNodes: (database, json, options) =>
      callForReply(transport, callOf('deleteGraphNodes', database, { json, options })),
  }
}

type UpkeepMethods = Pick<
  GraphClient,
  | 'listGraphDatabases'
  | 'createGraphDatabase'
  | 'getGraphDatabase'
  | 'deleteGraphDatabase'
  | 'listGraphBackups'
  | 'createGraphBackup'
  | 'deleteGraphBackup'
  | 'restoreGraphDatabase'
  | 'checkGraphDatabase'
  | 'compactGraphDatabase'
>

export function upkeepMethods(transport: Transport): UpkeepMethods {
  return {
    listGraphDatabases: (options) => callForReply(transport, { id: 'listGraphDatabases', options }),
    createGraphDatabase: (database, options) =>
      callForReply(transport, callOf('createGraphDatabase', database, { options })),
    getGraphDatabase: (database, options) =>
      callForReply(transport, callOf('getGraphDatabase', database, { options })),
    deleteGraphDatabase: async (database, options) => {
      await transport.send(callOf('deleteGraphDatabase', database, { options }))
    },
    listGraphBackups: (database, options) =>
      callForReply(transport, callOf('listGraphBackups', database, { options })),
    createGraphBackup: (database, json, options) =>
      callForReply(transport, callOf('createGraphBackup', database, { json, options })),
    deleteGraphBackup: async (database, backup, options) => {
      const parameters = { database, backup }
      await transport.send({ id: 'deleteGraphBackup', parameters, options })
    },
    restoreGraphDatabase: (database, json, options) =>
      callForReply(transport, callOf('restoreGraphDatabase', database, { json, options })),
    checkGraphDatabase: (database, options) =>
      callForReply(transport, callOf('checkGraphDatabase', database, { options })),
    compactGraphDatabase: (database, options) =>
      callForReply(transport, callOf('compactGraphDatabase', database, { options })),
  }
}

function callOf<Id extends RouteId>(
  id: Id,
  database: string,
  rest: { readonly json?: unknown; readonly options?: CallOptions | undefined },
) {
  return { id, parameters: { database }, ...rest }
}

function toPathNode(node: string | number): string {
  return typeof node === 'string' && /^(\d{1,20}|".*")$/s.test(node)
    ? JSON.stringify(node)
    : String(node)
}
