import type {
  AggregateHyperedgesRequest,
  AlterGraphTableRequest,
  CreateGraphIndexRequest,
  CreateGraphTableRequest,
  DeclareGraphNodesRequest,
  DeleteGraphNodesRequest,
  DeleteHyperedgesRequest,
  ExpandHyperedgesRequest,
  ExportHyperedgesQuery,
  FindGraphNodesRequest,
  FindHyperedgesRequest,
  GraphBackup,
  GraphDatabase,
  GraphDatabaseDetail,
  GraphHyperedge,
  GraphHyperedgePage,
  GraphNode,
  GraphReceipt,
  GraphTable,
  GraphTableDetail,
  GraphTransactionRequest,
  HyperedgePathRequest,
  ImportHyperedgesQuery,
  InsertHyperedgesReply,
  InsertHyperedgesRequest,
  JoinHyperedgesRequest,
  ListHyperedgesQuery,
  RestoreGraphDatabaseRequest,
  SetGraphNodesRequest,
  UpdateHyperedgesRequest,
} from '@hypermesh/contract'
import type { Reply } from './client.ts'
import type { SqlStream } from './result-stream.ts'
import type { CallOptions } from './transport.ts'
import type { UploadBody } from './upload-body.ts'

/** A hyperedge table: `database.table`, or its two parts. */
export type GraphTableReference = string | { readonly database: string; readonly table: string }

/** Databases of temporal hyperedges: their tables and what is in them. */
export interface GraphClient {
  listGraphDatabases(options?: CallOptions): Promise<Reply<'listGraphDatabases'>>
  /** Where there is one of that name nothing changes. */
  createGraphDatabase(database: string, options?: CallOptions): Promise<GraphDatabase>
  getGraphDatabase(database: string, options?: CallOptions): Promise<GraphDatabaseDetail>
  deleteGraphDatabase(database: string, options?: CallOptions): Promise<void>

  listGraphTables(database: string, options?: CallOptions): Promise<Reply<'listGraphTables'>>
  /** @example await client.createGraphTable('social', { table: 'calls', properties: { amt: 'float64' } }) */
  createGraphTable(
    database: string,
    request: CreateGraphTableRequest,
    options?: CallOptions,
  ): Promise<GraphTable>
  getGraphTable(table: GraphTableReference, options?: CallOptions): Promise<GraphTableDetail>
  alterGraphTable(
    table: GraphTableReference,
    request: AlterGraphTableRequest,
    options?: CallOptions,
  ): Promise<GraphTable>
  dropGraphTable(table: GraphTableReference, options?: CallOptions): Promise<void>

  /**
   * Inserts all of the hyperedges or none of them.
   *
   * @example await client.insertHyperedges('social.calls', { hyperedges: [{ at, members: ['ann', 'bob'] }] })
   */
  insertHyperedges(
    table: GraphTableReference,
    request: InsertHyperedgesRequest,
    options?: CallOptions,
  ): Promise<InsertHyperedgesReply>
  /** @example await client.listHyperedges('social.calls', { member: 'ann', from: '2024-01-01' }) */
  listHyperedges(
    table: GraphTableReference,
    query?: ListHyperedgesQuery,
    options?: CallOptions,
  ): Promise<GraphHyperedgePage>
  findHyperedges(
    table: GraphTableReference,
    request?: FindHyperedgesRequest,
    options?: CallOptions,
  ): Promise<GraphHyperedgePage>
  /** All of them as bytes, of one state, while the server still reads them. */
  streamHyperedges(
    table: GraphTableReference,
    request: FindHyperedgesRequest,
    options: CallOptions & { readonly format: 'ndjson' | 'arrow' },
  ): Promise<SqlStream>
  /** @example for await (const hyperedge of client.hyperedges('social.calls')) use(hyperedge) */
  hyperedges(
    table: GraphTableReference,
    request?: FindHyperedgesRequest,
    options?: CallOptions,
  ): AsyncGenerator<GraphHyperedge, void, undefined>
  getHyperedge(
    table: GraphTableReference,
    id: number,
    query?: { readonly as_of?: string | number },
    options?: CallOptions,
  ): Promise<GraphHyperedge>
  /** Changes all of them or none; what is not given stays. */
  updateHyperedges(
    table: GraphTableReference,
    request: UpdateHyperedgesRequest,
    options?: CallOptions,
  ): Promise<GraphReceipt>
  deleteHyperedges(
    table: GraphTableReference,
    request: DeleteHyperedgesRequest,
    options?: CallOptions,
  ): Promise<GraphReceipt>
  /** @example await client.aggregateHyperedges('social.calls', { group_by: ['label'], measures: { n: 'count' } }) */
  aggregateHyperedges(
    table: GraphTableReference,
    request: AggregateHyperedgesRequest,
    options?: CallOptions,
  ): Promise<Reply<'aggregateHyperedges'>>
  /** The nodes that can be reached, by hyperedges each later than the one before unless said. */
  expandHyperedges(
    table: GraphTableReference,
    request: ExpandHyperedgesRequest,
    options?: CallOptions,
  ): Promise<Reply<'expandHyperedges'>>
  findHyperedgePath(
    table: GraphTableReference,
    request: HyperedgePathRequest,
    options?: CallOptions,
  ): Promise<Reply<'findHyperedgePath'>>
  joinHyperedges(
    database: string,
    request: JoinHyperedgesRequest,
    options?: CallOptions,
  ): Promise<Reply<'joinHyperedges'>>
  /** One commit of inserts, changes and deletes, of any tables and of nodes. */
  commitGraphTransaction(
    database: string,
    request: GraphTransactionRequest,
    options?: CallOptions,
  ): Promise<InsertHyperedgesReply>

  listGraphIndexes(
    table: GraphTableReference,
    options?: CallOptions,
  ): Promise<Reply<'listGraphIndexes'>>
  createGraphIndex(
    table: GraphTableReference,
    request: CreateGraphIndexRequest,
    options?: CallOptions,
  ): Promise<GraphTable>
  dropGraphIndex(table: GraphTableReference, index: string, options?: CallOptions): Promise<void>
  /** Reads a file; with an `idempotencyKey` in the options it may be sent again. */
  importHyperedges(
    table: GraphTableReference,
    body: UploadBody,
    query?: ImportHyperedgesQuery,
    options?: CallOptions,
  ): Promise<Reply<'importHyperedges'>>
  exportHyperedges(
    table: GraphTableReference,
    query?: ExportHyperedgesQuery,
    options?: CallOptions,
  ): Promise<ReadableStream<Uint8Array>>

  declareGraphNodes(
    database: string,
    request: DeclareGraphNodesRequest,
    options?: CallOptions,
  ): Promise<Reply<'declareGraphNodes'>>
  setGraphNodes(
    database: string,
    request: SetGraphNodesRequest,
    options?: CallOptions,
  ): Promise<GraphReceipt>
  getGraphNode(
    database: string,
    node: string | number,
    query?: { readonly as_of?: string | number },
    options?: CallOptions,
  ): Promise<GraphNode>
  findGraphNodes(
    database: string,
    request?: FindGraphNodesRequest,
    options?: CallOptions,
  ): Promise<Reply<'findGraphNodes'>>
  deleteGraphNodes(
    database: string,
    request: DeleteGraphNodesRequest,
    options?: CallOptions,
  ): Promise<GraphReceipt>

  listGraphBackups(database: string, options?: CallOptions): Promise<Reply<'listGraphBackups'>>
  createGraphBackup(
    database: string,
    request: { readonly backup: string },
    options?: CallOptions,
  ): Promise<GraphBackup>
  deleteGraphBackup(database: string, backup: string, options?: CallOptions): Promise<void>
  /** Makes the database, which must not be there, of a backup. */
  restoreGraphDatabase(
    database: string,
    request: RestoreGraphDatabaseRequest,
    options?: CallOptions,
  ): Promise<GraphDatabase>
  checkGraphDatabase(database: string, options?: CallOptions): Promise<Reply<'checkGraphDatabase'>>
  compactGraphDatabase(database: string, options?: CallOptions): Promise<GraphDatabaseDetail>
}
