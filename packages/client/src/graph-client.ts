import type {
  AlterGraphTableRequest,
  CreateGraphTableRequest,
  FindHyperedgesRequest,
  GraphDatabase,
  GraphDatabaseDetail,
  GraphHyperedgePage,
  GraphTable,
  GraphTableDetail,
  InsertHyperedgesReply,
  InsertHyperedgesRequest,
  ListHyperedgesQuery,
} from '@hypermesh/contract'
import type { Reply } from './client.ts'
import type { CallOptions } from './transport.ts'

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
}
