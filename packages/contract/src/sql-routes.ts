import { runningQueries, sqlReply, sqlRequest } from './sql.ts'
import { linkTableRequest, virtualTable, virtualTables } from './virtual-tables.ts'

/** The routes of the query service. */
export const sqlRoutes = {
  sql: {
    method: 'POST',
    path: '/v1/sql',
    service: 'query',
    access: 'reader',
    summary: 'one read-only SQL statement; JSON, NDJSON, CSV, Arrow or Parquet by Accept',
    body: sqlRequest,
    reply: sqlReply,
    status: 200,
  },
  sqlPage: {
    method: 'GET',
    path: '/v1/sql/pages/:id',
    service: 'query',
    access: 'reader',
    summary: 'the page of a result that `next` of the page before named',
    reply: sqlReply,
    status: 200,
  },
  listQueries: {
    method: 'GET',
    path: '/v1/sql/queries',
    service: 'query',
    access: 'reader',
    summary: 'statements that wait or run now: one’s own, to an admin all',
    reply: runningQueries,
    status: 200,
  },
  cancelQuery: {
    method: 'DELETE',
    path: '/v1/sql/queries/:id',
    service: 'query',
    access: 'reader',
    summary: 'stop a statement by its query id',
    status: 204,
  },
  listVirtualTables: {
    method: 'GET',
    path: '/v1/virtual-tables',
    service: 'query',
    access: 'reader',
    summary: 'tables over files that are read where they lie',
    reply: virtualTables,
    status: 200,
  },
  linkVirtualTable: {
    method: 'POST',
    path: '/v1/virtual-tables',
    service: 'query',
    access: 'writer',
    summary: 'make a table of files of the server, without loading them',
    body: linkTableRequest,
    reply: virtualTable,
    status: 201,
  },
  unlinkVirtualTable: {
    method: 'DELETE',
    path: '/v1/virtual-tables/:table',
    service: 'query',
    access: 'writer',
    summary: 'forget a virtual table; its files stay',
    status: 204,
  },
} as const
