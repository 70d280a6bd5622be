import type {
  AppendFilesReply,
  AppendFilesRequest,
  CatalogConfig,
  CommitTableRequest,
  CommitTransactionRequest,
  CommitViewRequest,
  Compression,
  CreatedKey,
  CreateKeyRequest,
  CreateTableReply,
  CreateTableRequest,
  CreateViewRequest,
  FileFormat,
  FindCommitReply,
  IngestFilesReply,
  IngestMode,
  IngestReceipt,
  Inspection,
  KeyRecord,
  LoadTableReply,
  LoadViewReply,
  ObjectHead,
  ObjectPage,
  RegisterRequest,
  RelocateReply,
  RouteId,
  routes,
  SettleCommitReply,
  SettleCommitRequest,
  TableDetail,
  TableDiff,
  TableHistory,
  TableName,
  TableSummary,
  TokenReply,
} from '@hypermesh/contract'
import { catalogMethods } from './catalog-methods.ts'
import type { NamedFile } from './form-body.ts'
import type { GraphAnalyticsClient } from './graph-analytics-client.ts'
import { graphAnalyticsMethods } from './graph-analytics-methods.ts'
import type { GraphClient } from './graph-client.ts'
import type { GraphFeedClient } from './graph-feed-client.ts'
import { graphFeedMethods } from './graph-feed-methods.ts'
import { graphMethods } from './graph-methods.ts'
import type { GraphQueryClient } from './graph-query-client.ts'
import { graphQueryMethods } from './graph-query-methods.ts'
import type { JobClient } from './job-client.ts'
import { jobMethods } from './job-methods.ts'
import { loadMethods } from './load-methods.ts'
import { objectMethods } from './object-methods.ts'
import { platformMethods } from './platform-methods.ts'
import type { SqlClient } from './sql-client.ts'
import { sqlMethods } from './sql-methods.ts'
import { type CallOptions, type ClientOptions, Transport } from './transport.ts'
import type { UploadBody } from './upload-body.ts'
import type { VectorClient } from './vector-client.ts'
import { vectorMethods } from './vector-methods.ts'
import { viewMethods } from './view-methods.ts'

/** What a route replies, as the contract types it. */
export type Reply<Id extends RouteId> = (typeof routes)[Id] extends {
  readonly reply: { parse(value: unknown): infer Value }
}
  ? Value
  : never

/** A table by name: `namespace.table`, or its two parts. */
export type TableReference = string | TableName

/** How files are loaded, whatever they are. */
export interface LoadTerms {
  readonly mode?: IngestMode
  readonly format?: FileFormat
  /** How the file is packed; without it the name and the first bytes tell. */
  readonly compression?: Compression
  /** Column name → SQL type, in place of what would be inferred. */
  readonly types?: Readonly<Record<string, string>>
  /** How a table that the load creates is partitioned: `day(ts), bucket(16, id)`. */
  readonly partitionBy?: string
  /** And the order of the rows in its files: `ts desc, name`. */
  readonly sortBy?: string
  /** `skip` leaves rows out that are malformed or do not fit; the receipt counts them. */
  readonly onBadRows?: 'fail' | 'skip'
  /** With `skip`: more bad rows than these fail the load. */
  readonly badRowsMax?: number
  /** Load the bytes even if the table has them already. */
  readonly again?: boolean
}

/** A file to load: sent as `body`, or read where it lies on the server as `source`. */
export interface LoadRequest extends LoadTerms {
  readonly body?: UploadBody
  /** An absolute path on the server, under one of its `[ingest] allowed_roots`. */
  readonly source?: string
  /** The file's name; its endings tell format and packing. */
  readonly name?: string
}

/** Bytes from `start` up to but not including `end`, or the last `suffix` bytes. */
export type ObjectRange =
  | { readonly start: number; readonly end?: number }
  | { readonly suffix: number }

export interface ObjectDownload {
  readonly bytes: number
  readonly etag: string | undefined
  readonly body: ReadableStream<Uint8Array>
}

export interface PageQuery {
  readonly pageToken?: string
  readonly pageSize?: number
}

/** A table's metadata and the tag by which the catalog tells whether it has changed. */
export interface TaggedTable extends LoadTableReply {
  readonly etag: string | undefined
  /** How long the reply was. */
  readonly chars: number
}

/** Every route of the platform as a method of the same name, and two ways to read large results. */
export interface HyperMeshClient
  extends SqlClient,
    JobClient,
    VectorClient,
    GraphClient,
    GraphFeedClient,
    GraphAnalyticsClient,
    GraphQueryClient {
  health(options?: CallOptions): Promise<Reply<'health'>>
  readiness(options?: CallOptions): Promise<Reply<'readiness'>>
  openapi(options?: CallOptions): Promise<Reply<'openapi'>>
  /** The metrics as Prometheus text. */
  metrics(options?: CallOptions): Promise<string>

  listKeys(options?: CallOptions): Promise<{ keys: KeyRecord[] }>
  createKey(request: CreateKeyRequest, options?: CallOptions): Promise<CreatedKey>
  revokeKey(id: string, options?: CallOptions): Promise<KeyRecord>

  listObjects(
    query?: { readonly prefix?: string; readonly after?: string; readonly limit?: number },
    options?: CallOptions,
  ): Promise<ObjectPage>
  getObject(
    key: string,
    options?: CallOptions & { readonly range?: ObjectRange },
  ): Promise<ObjectDownload>
  /** The object's size and etag; undefined when there is none. */
  headObject(
    key: string,
    options?: CallOptions,
  ): Promise<{ bytes: number; etag: string | undefined } | undefined>
  /** Stores an object; `create` refuses with `exists` or `precondition` where there is one. */
  putObject(
    key: string,
    body: UploadBody,
    options?: CallOptions & { readonly create?: boolean },
  ): Promise<ObjectHead>
  deleteObject(key: string, options?: CallOptions): Promise<void>

  /**
   * Loads one file into a table, which is created when it is missing.
   *
   * @example await client.ingest('main.cars', { body: csv, format: 'csv' })
   */
  ingest(table: TableReference, request: LoadRequest, options?: CallOptions): Promise<IngestReceipt>
  /**
   * Loads files in their order, and tells of each what became of it; `atomic` loads all of them in
   * one commit, or none.
   *
   * @example await client.ingestFiles('main.cars', [{ name: 'a.csv', body: 'a\n1\n' }])
   */
  ingestFiles(
    table: TableReference,
    files: Iterable<NamedFile>,
    terms?: LoadTerms & { readonly atomic?: boolean },
    options?: CallOptions,
  ): Promise<IngestFilesReply>
  /** What `ingest` would do with the file. */
  inspect(request: LoadRequest, options?: CallOptions): Promise<Inspection>

  listTables(options?: CallOptions): Promise<{ tables: TableSummary[] }>
  tableHistory(table: TableReference, options?: CallOptions): Promise<TableHistory>
  describeTable(
    table: TableReference,
    query?: { readonly snapshot?: string },
    options?: CallOptions,
  ): Promise<TableDetail>
  /** Without `to` the current snapshot, without `from` the parent of `to`. */
  diffTable(
    table: TableReference,
    query?: { readonly from?: string; readonly to?: string },
    options?: CallOptions,
  ): Promise<TableDiff>
  appendFiles(
    table: TableReference,
    request: AppendFilesRequest,
    options?: CallOptions,
  ): Promise<AppendFilesReply>
  /** Gives the warehouse another URI; without `apply` only tells what that would change. */
  relocateWarehouse(
    request: { readonly from: string; readonly to: string; readonly apply?: boolean },
    options?: CallOptions,
  ): Promise<RelocateReply>
  /** How far the commit log has come. */
  commitPosition(options?: CallOptions): Promise<Reply<'commitPosition'>>
  /** What is remembered of a commit id. */
  findCommit(commitId: string, options?: CallOptions): Promise<FindCommitReply>
  /** Ends doubt: the commit has landed, or from now on never will. */
  settleCommit(
    commitId: string,
    request: SettleCommitRequest,
    options?: CallOptions,
  ): Promise<SettleCommitReply>

  /** The token that an Iceberg client would be given for an API key: the key. */
  icebergToken(
    request: { readonly grant_type: string } & Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<TokenReply>
  icebergConfig(options?: CallOptions): Promise<CatalogConfig>
  listNamespaces(query?: PageQuery, options?: CallOptions): Promise<Reply<'listNamespaces'>>
  createNamespace(
    request: { readonly namespace: string[]; readonly properties?: Record<string, string> },
    options?: CallOptions,
  ): Promise<Reply<'createNamespace'>>
  loadNamespace(namespace: string, options?: CallOptions): Promise<Reply<'loadNamespace'>>
  namespaceExists(namespace: string, options?: CallOptions): Promise<boolean>
  dropNamespace(namespace: string, options?: CallOptions): Promise<void>
  updateNamespaceProperties(
    namespace: string,
    request: { readonly updates?: Record<string, string>; readonly removals?: string[] },
    options?: CallOptions,
  ): Promise<Reply<'updateNamespaceProperties'>>
  icebergTables(
    namespace: string,
    query?: PageQuery,
    options?: CallOptions,
  ): Promise<Reply<'icebergTables'>>
  /** With `stage-create` nothing is stored until a commit with `assert-create`. */
  createTable(
    namespace: string,
    request: CreateTableRequest,
    options?: CallOptions,
  ): Promise<CreateTableReply>
  /** Takes in a table that exists in the warehouse, by its metadata file. */
  registerTable(
    namespace: string,
    request: RegisterRequest,
    options?: CallOptions,
  ): Promise<LoadTableReply>
  /** The table's metadata; integers above 2^53 in it are bigints. */
  loadTable(
    table: TableReference,
    options?: CallOptions & { readonly snapshots?: 'all' | 'refs' },
  ): Promise<LoadTableReply>
  /** As `loadTable`; `known`, an earlier answer, is returned itself while the table is the same. */
  refreshTable(
    table: TableReference,
    known?: TaggedTable,
    options?: CallOptions,
  ): Promise<TaggedTable>
  tableExists(table: TableReference, options?: CallOptions): Promise<boolean>
  commitTable(
    table: TableReference,
    request: CommitTableRequest,
    options?: CallOptions,
  ): Promise<Reply<'commitTable'>>
  /** Commits to several tables, to all or to none. */
  commitTransaction(request: CommitTransactionRequest, options?: CallOptions): Promise<void>
  renameTable(from: TableReference, to: TableReference, options?: CallOptions): Promise<void>
  reportMetrics(
    table: TableReference,
    report: { readonly 'report-type': string },
    options?: CallOptions,
  ): Promise<void>
  listViews(
    namespace: string,
    query?: PageQuery,
    options?: CallOptions,
  ): Promise<Reply<'listViews'>>
  createView(
    namespace: string,
    request: CreateViewRequest,
    options?: CallOptions,
  ): Promise<LoadViewReply>
  loadView(view: TableReference, options?: CallOptions): Promise<LoadViewReply>
  viewExists(view: TableReference, options?: CallOptions): Promise<boolean>
  replaceView(
    view: TableReference,
    request: CommitViewRequest,
    options?: CallOptions,
  ): Promise<LoadViewReply>
  registerView(
    namespace: string,
    request: RegisterRequest,
    options?: CallOptions,
  ): Promise<LoadViewReply>
  renameView(from: TableReference, to: TableReference, options?: CallOptions): Promise<void>
  dropView(view: TableReference, options?: CallOptions): Promise<void>
  dropTable(
    table: TableReference,
    options?: CallOptions & { readonly purge?: boolean },
  ): Promise<void>
}

/**
 * A client of one platform, by its address or through a `fetch` of the caller's.
 *
 * @example const client = createClient({ url: 'http://127.0.0.1:3210', key })
 */
export function createClient(options: ClientOptions = {}): HyperMeshClient {
  const transport = new Transport(options)
  return {
    ...platformMethods(transport),
    ...objectMethods(transport),
    ...loadMethods(transport),
    ...jobMethods(transport),
    ...sqlMethods(transport),
    ...catalogMethods(transport),
    ...viewMethods(transport),
    ...vectorMethods(transport),
    ...graphMethods(transport),
    ...graphFeedMethods(transport),
    ...graphAnalyticsMethods(transport),
    ...graphQueryMethods(transport),
  }
}

/** What asks the catalog for tables and views. */
export type TableReader = Pick<HyperMeshClient, 'refreshTable' | 'tableExists' | 'loadView'>

/**
 * These methods alone, for a service that needs a client for each request: making all of them takes
 * longer than a call.
 */
export function createTableReader(options: ClientOptions): TableReader {
  const transport = new Transport(options)
  const { refreshTable, tableExists } = catalogMethods(transport)
  const { loadView } = viewMethods(transport)
  return { refreshTable, tableExists, loadView }
}
