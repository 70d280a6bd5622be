import { z } from 'zod'
import { graphAnalyticsRoutes } from './graph/analytics-routes.ts'
import { graphFeedRoutes } from './graph/feed-routes.ts'
import { graphQueryRoutes } from './graph/query-routes.ts'
import { graphRoutes } from './graph/routes.ts'
import { health, readiness } from './health.ts'
import { icebergRoutes } from './iceberg/routes.ts'
import {
  ingestFilesQuery,
  ingestFilesReply,
  ingestQuery,
  ingestReceipt,
  inspection,
} from './ingest/files.ts'
import { jobRoutes } from './ingest/job-routes.ts'
import { job } from './ingest/jobs.ts'
import { createdKey, createKeyRequest, keyList, keyRecord } from './keys.ts'
import { objectHead, objectListQuery, objectPage } from './objects.ts'
import type { RouteContract } from './route-contract.ts'
import { sqlRoutes } from './sql/routes.ts'
import * as tables from './tables/commits.ts'
import * as detail from './tables/detail.ts'
import { relocateReply, relocateRequest } from './tables/relocate.ts'
import { vectorRoutes } from './vectors/routes.ts'

/** Every route of the platform. The gateway mounts these and nothing else. */
export const routes = {
  health: {
    method: 'GET',
    path: '/healthz',
    service: 'gateway',
    access: 'open',
    summary: 'the process answers',
    reply: health,
    status: 200,
  },
  readiness: {
    method: 'GET',
    path: '/readyz',
    service: 'gateway',
    access: 'open',
    summary: 'every service can serve',
    reply: readiness,
    status: 200,
  },
  openapi: {
    method: 'GET',
    path: '/openapi.json',
    service: 'gateway',
    access: 'open',
    summary: 'this contract as OpenAPI 3.1',
    reply: z.record(z.string(), z.unknown()),
    status: 200,
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    service: 'gateway',
    access: 'metrics',
    summary: 'Prometheus metrics',
    reply: 'bytes',
    status: 200,
  },
  listKeys: {
    method: 'GET',
    path: '/v1/keys',
    service: 'gateway',
    access: 'admin',
    summary: 'API keys, without their secrets',
    reply: keyList,
    status: 200,
  },
  createKey: {
    method: 'POST',
    path: '/v1/keys',
    service: 'gateway',
    access: 'admin',
    summary: 'mint an API key',
    body: createKeyRequest,
    reply: createdKey,
    status: 201,
  },
  revokeKey: {
    method: 'DELETE',
    path: '/v1/keys/:id',
    service: 'gateway',
    access: 'admin',
    summary: 'revoke an API key',
    reply: keyRecord,
    status: 200,
  },
  listObjects: {
    method: 'GET',
    path: '/v1/objects',
    service: 'storage',
    access: 'reader',
    summary: 'a page of objects, in byte order of their keys',
    query: objectListQuery,
    reply: objectPage,
    status: 200,
  },
  getObject: {
    method: 'GET',
    path: '/v1/objects/:key{.+}',
    service: 'storage',
    access: 'reader',
    summary: 'an object, or a byte range of it',
    reply: 'bytes',
    status: 200,
  },
  headObject: {
    method: 'HEAD',
    path: '/v1/objects/:key{.+}',
    service: 'storage',
    access: 'reader',
    summary: 'size and etag of an object',
    status: 200,
  },
  putObject: {
    method: 'PUT',
    path: '/v1/objects/:key{.+}',
    service: 'storage',
    access: 'writer',
    summary: 'store an object; If-None-Match: * creates only',
    body: 'bytes',
    reply: objectHead,
    status: 201,
  },
  deleteObject: {
    method: 'DELETE',
    path: '/v1/objects/:key{.+}',
    service: 'storage',
    access: 'writer',
    summary: 'delete an object',
    status: 204,
  },
  ingest: {
    method: 'PUT',
    path: '/v1/ingest/:table',
    service: 'ingest',
    access: 'writer',
    summary: 'load a file into a table',
    query: ingestQuery,
    body: 'bytes',
    reply: ingestReceipt,
    status: 200,
    accepted: job,
    timeout: 'ingestTimeoutMs',
  },
  ingestFiles: {
    method: 'POST',
    path: '/v1/ingest/:table',
    service: 'ingest',
    access: 'writer',
    summary: 'load the files of a form into a table, in their order; 207 where some fail',
    query: ingestFilesQuery,
    body: 'files',
    reply: ingestFilesReply,
    status: 200,
    timeout: 'ingestTimeoutMs',
  },
  inspect: {
    method: 'POST',
    path: '/v1/inspect',
    service: 'ingest',
    access: 'writer',
    summary: 'what ingest would do with a file',
    query: ingestQuery,
    body: 'bytes',
    reply: inspection,
    status: 200,
    timeout: 'ingestTimeoutMs',
  },
  ...jobRoutes,
  ...sqlRoutes,
  listTables: {
    method: 'GET',
    path: '/v1/tables',
    service: 'catalog',
    access: 'reader',
    summary: 'every table with its size',
    reply: tables.tableSummaries,
    status: 200,
  },
  tableHistory: {
    method: 'GET',
    path: '/v1/tables/:table/history',
    service: 'catalog',
    access: 'reader',
    summary: 'the snapshots of a table, newest first',
    reply: tables.tableHistory,
    status: 200,
  },
  describeTable: {
    method: 'GET',
    path: '/v1/tables/:table',
    service: 'catalog',
    access: 'reader',
    summary: 'schema, sizes, partitions and column statistics of a table',
    query: detail.tableDetailQuery,
    reply: detail.tableDetail,
    status: 200,
  },
  diffTable: {
    method: 'GET',
    path: '/v1/tables/:table/diff',
    service: 'catalog',
    access: 'reader',
    summary: 'what tells one snapshot of a table from another',
    query: detail.tableDiffQuery,
    reply: detail.tableDiff,
    status: 200,
  },
  appendFiles: {
    method: 'POST',
    path: '/v1/tables/:table/append-files',
    service: 'catalog',
    access: 'writer',
    summary: 'commit finished Parquet files',
    body: tables.appendFilesRequest,
    reply: tables.appendFilesReply,
    status: 200,
  },
  relocateWarehouse: {
    method: 'POST',
    path: '/v1/warehouse/relocate',
    service: 'catalog',
    access: 'admin',
    summary: 'write the URIs of every table anew after the warehouse has moved',
    body: relocateRequest,
    reply: relocateReply,
    status: 200,
    timeout: 'ingestTimeoutMs',
  },
  commitPosition: {
    method: 'GET',
    path: '/v1/commits',
    service: 'catalog',
    access: 'reader',
    summary: 'how far the commit log has come',
    reply: tables.commitPosition,
    status: 200,
  },
  findCommit: {
    method: 'GET',
    path: '/v1/commits/:commitId',
    service: 'catalog',
    access: 'reader',
    summary: 'what is remembered of a commit',
    reply: tables.findCommitReply,
    status: 200,
  },
  settleCommit: {
    method: 'POST',
    path: '/v1/commits/:commitId/settle',
    service: 'catalog',
    access: 'writer',
    summary: 'end doubt about a commit: it has landed, or never will',
    body: tables.settleCommitRequest,
    reply: tables.settleCommitReply,
    status: 200,
  },
  ...vectorRoutes,
  ...graphRoutes,
  ...graphFeedRoutes,
  ...graphAnalyticsRoutes,
  ...graphQueryRoutes,
  ...icebergRoutes,
} as const satisfies Record<string, RouteContract>

export type RouteId = keyof typeof routes

/** The route's path with its parameters filled in, each percent-encoded. */
export function routePath(id: RouteId, parameters: Readonly<Record<string, string>> = {}): string {
  return routes[id].path.replace(/:(\w+)(\{[^}]*\})?/g, (_, name: string, rest?: string) => {
    const value = parameters[name]
    if (value === undefined) throw new TypeError(`route ${id} needs the parameter ${name}`)
    return rest ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value)
  })
}
