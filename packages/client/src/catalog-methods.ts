import { parseTableName } from '@hypermesh/contract'
import type { HyperMeshClient, TableReference } from './client.ts'
import { tableText } from './load-methods.ts'
import { callForLargeReply, callForPresence, callForReply, toLargeReply } from './reply.ts'
import type { Transport } from './transport.ts'

type TableMethods = Pick<
  HyperMeshClient,
  | 'listTables'
  | 'tableHistory'
  | 'describeTable'
  | 'diffTable'
  | 'appendFiles'
  | 'commitPosition'
  | 'relocateWarehouse'
  | 'findCommit'
  | 'settleCommit'
  | 'createTable'
  | 'tableExists'
  | 'commitTable'
  | 'commitTransaction'
  | 'registerTable'
  | 'renameTable'
  | 'reportMetrics'
  | 'dropTable'
>
type LoadingMethods = Pick<HyperMeshClient, 'loadTable' | 'refreshTable'>
type NamespaceMethods = Pick<
  HyperMeshClient,
  | 'icebergConfig'
  | 'icebergToken'
  | 'listNamespaces'
  | 'createNamespace'
  | 'loadNamespace'
  | 'namespaceExists'
  | 'dropNamespace'
  | 'updateNamespaceProperties'
  | 'icebergTables'
>

/** Table metadata grows with its history, so only its frame is checked. */
const metadataFields = { 'metadata-location': 'string', metadata: 'object' } as const

export function catalogMethods(
  transport: Transport,
): TableMethods & LoadingMethods & NamespaceMethods {
  return {
    ...namespaceMethods(transport),
    ...loadingMethods(transport),
    ...tableMethods(transport),
  }
}

function namespaceMethods(transport: Transport): NamespaceMethods {
  return {
    icebergConfig: (options) => callForReply(transport, { id: 'icebergConfig', options }),
    icebergToken: (request, options) =>
      callForReply(transport, {
        id: 'icebergToken',
        body: new TextEncoder().encode(String(new URLSearchParams(request))),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        options,
      }),
    listNamespaces: (query, options) =>
      callForReply(transport, { id: 'listNamespaces', query: { ...query }, options }),
    createNamespace: (json, options) =>
      callForReply(transport, { id: 'createNamespace', json, options }),
    loadNamespace: (namespace, options) =>
      callForReply(transport, { id: 'loadNamespace', parameters: { namespace }, options }),
    namespaceExists: (namespace, options) =>
      callForPresence(transport, { id: 'namespaceExists', parameters: { namespace }, options }),
    dropNamespace: async (namespace, options) => {
      await transport.send({ id: 'dropNamespace', parameters: { namespace }, options })
    },
    updateNamespaceProperties: (namespace, json, options) =>
      callForReply(transport, {
        id: 'updateNamespaceProperties',
        parameters: { namespace },
        json,
        options,
      }),
    icebergTables: (namespace, query, options) =>
      callForReply(transport, {
        id: 'icebergTables',
        parameters: { namespace },
        query: { ...query },
        options,
      }),
  }
}

function loadingMethods(transport: Transport): LoadingMethods {
  return {
    loadTable: async (table, options) =>
      callForLargeReply(
        transport,
        {
          id: 'loadTable',
          parameters: tableParts(table),
          query: { snapshots: options?.snapshots },
          options,
        },
        metadataFields,
      ),
    refreshTable: async (table, known, options) => {
      const headers = { 'if-none-match': known?.etag }
      const call = { id: 'loadTable', parameters: tableParts(table), headers, options } as const
      const { response, text } = await transport.read(call)
      if (response.status === 304 && known !== undefined) return known
      const reply = toLargeReply(call.id, text, metadataFields)
      return { ...reply, etag: response.headers.get('etag') ?? undefined, chars: text.length }
    },
  }
}

function tableMethods(transport: Transport): TableMethods {
  return {
    listTables: (options) => callForReply(transport, { id: 'listTables', options }),
    tableHistory: (table, options) =>
      callForReply(transport, {
        id: 'tableHistory',
        parameters: { table: tableText(table) },
        options,
      }),
    describeTable: (table, query, options) =>
      callForReply(transport, {
        id: 'describeTable',
        parameters: { table: tableText(table) },
        query: { ...query },
        options,
      }),
    diffTable: (table, query, options) =>
      callForReply(transport, {
        id: 'diffTable',
        parameters: { table: tableText(table) },
        query: { ...query },
        options,
      }),
    appendFiles: (table, json, options) =>
      callForReply(transport, {
        id: 'appendFiles',
        parameters: { table: tableText(table) },
        json,
        options,
      }),
    relocateWarehouse: (json, options) =>
      callForReply(transport, { id: 'relocateWarehouse', json, options }),
    commitPosition: (options) => callForReply(transport, { id: 'commitPosition', options }),
    findCommit: (commitId, options) =>
      callForReply(transport, { id: 'findCommit', parameters: { commitId }, options }),
    settleCommit: (commitId, json, options) =>
      callForReply(transport, { id: 'settleCommit', parameters: { commitId }, json, options }),
    createTable: (namespace, json, options) =>
      callForLargeReply(
        transport,
        { id: 'createTable', parameters: { namespace }, json, options },
        { metadata: 'object' },
      ),
    registerTable: (namespace, json, options) =>
      callForLargeReply(
        transport,
        { id: 'registerTable', parameters: { namespace }, json, options },
        metadataFields,
      ),
    tableExists: async (table, options) =>
      callForPresence(transport, { id: 'tableExists', parameters: tableParts(table), options }),
    commitTable: async (table, json, options) =>
      callForLargeReply(
        transport,
        { id: 'commitTable', parameters: tableParts(table), json, options },
        metadataFields,
      ),
    commitTransaction: async (json, options) => {
      await transport.send({ id: 'commitTransaction', json, options })
    },
    renameTable: async (from, to, options) => {
      const json = { source: toIdentifier(from), destination: toIdentifier(to) }
      await transport.send({ id: 'renameTable', json, options })
    },
    reportMetrics: async (table, json, options) => {
      await transport.send({ id: 'reportMetrics', parameters: tableParts(table), json, options })
    },
    dropTable: async (table, options) => {
      await transport.send({
        id: 'dropTable',
        parameters: tableParts(table),
        query: { purgeRequested: options?.purge ? 'true' : undefined },
        options,
      })
    },
  }
}

/** A name as the Iceberg protocol writes it. */
export function toIdentifier(reference: TableReference): { namespace: string[]; name: string } {
  const { namespace, table } = tableParts(reference)
  return { namespace: [namespace], name: table }
}

function tableParts(table: TableReference): { namespace: string; table: string } {
  const { namespace, table: name } = typeof table === 'string' ? parseTableName(table) : table
  return { namespace, table: name }
}
