import type {
  LinkTableRequest,
  ResultFormat,
  RunningQuery,
  RunSavedRequest,
  SavedQuery,
  SaveQueryRequest,
  SqlReply,
  SqlRequest,
  VirtualTable,
} from '@hypermesh/contract'
import type { SqlStream } from './result-stream.ts'
import type { CallOptions } from './transport.ts'

export interface SqlCallOptions extends CallOptions {
  /** Names the statement from the start, so that `cancelQuery` can stop it. */
  readonly queryId?: string | undefined
}

/** The routes of the query service. */
export interface SqlClient {
  /**
   * Runs one read-only statement and returns the whole result.
   *
   * @example const { rows } = await client.sql('SELECT count(*) FROM main.cars')
   */
  sql(request: string | SqlRequest, options?: SqlCallOptions): Promise<SqlReply>
  /** Runs one statement and returns its result as bytes, while the server still produces it. */
  sqlStream(
    request: string | SqlRequest,
    options: SqlCallOptions & { readonly format: ResultFormat },
  ): Promise<SqlStream>
  /**
   * Runs one statement and yields its rows as objects; a result that was cut off throws.
   *
   * @example for await (const row of client.rows('SELECT * FROM main.cars')) use(row)
   */
  rows(
    request: string | SqlRequest,
    options?: SqlCallOptions,
  ): AsyncGenerator<Record<string, unknown>, void, undefined>

  /**
   * The page that `next` of the one before names; `gone` when the result is not kept any more.
   *
   * @example for (let page = await client.sql({ sql, pageRows: 1000 }); page.next; page = await client.sqlPage(page.next)) use(page.rows)
   */
  sqlPage(next: string, options?: CallOptions): Promise<SqlReply>
  /**
   * Runs one statement and yields its result page by page; `pageRows` or `pageBytes` say how large.
   *
   * @example for await (const page of client.sqlPages({ sql, pageRows: 1000 })) use(page.rows)
   */
  sqlPages(request: SqlRequest, options?: CallOptions): AsyncGenerator<SqlReply, void, undefined>
  /** Statements that wait or run now: one's own, to an admin all. */
  listQueries(options?: CallOptions): Promise<{ queries: RunningQuery[] }>
  /** Stops a statement; `not_found` when it has ended, or is another's. */
  cancelQuery(id: string, options?: CallOptions): Promise<void>

  /** Tables over files that are read where they lie. */
  listVirtualTables(options?: CallOptions): Promise<{ tables: VirtualTable[] }>
  /**
   * Makes a table of files of the server, without loading them.
   *
   * @example await client.linkVirtualTable({ table: 'logs.web', path: '/srv/logs/2024-*.csv' })
   */
  linkVirtualTable(request: LinkTableRequest, options?: CallOptions): Promise<VirtualTable>
  /** Forgets a virtual table; its files stay. */
  unlinkVirtualTable(table: string, options?: CallOptions): Promise<void>

  listSavedQueries(options?: CallOptions): Promise<{ queries: SavedQuery[] }>
  getSavedQuery(name: string, options?: CallOptions): Promise<SavedQuery>
  /** Checks a statement and keeps it; `create` refuses with `exists` where there is one. */
  saveQuery(
    name: string,
    request: SaveQueryRequest,
    options?: CallOptions & { readonly create?: boolean },
  ): Promise<SavedQuery>
  deleteSavedQuery(name: string, options?: CallOptions): Promise<void>
  /**
   * Runs a saved query and returns the whole result.
   *
   * @example await client.runSavedQuery('top_cars', { parameters: { count: 5 } })
   */
  runSavedQuery(
    name: string,
    request?: RunSavedRequest,
    options?: SqlCallOptions,
  ): Promise<SqlReply>
  /** Runs a saved query and returns its result as bytes. */
  streamSavedQuery(
    name: string,
    request: RunSavedRequest,
    options: SqlCallOptions & { readonly format: ResultFormat },
  ): Promise<SqlStream>
}
