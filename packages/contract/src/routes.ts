import { z } from 'zod'
import { health, readiness } from './health.ts'
import * as iceberg from './iceberg-rest.ts'
import { ingestQuery, ingestReceipt, inspection } from './ingest.ts'
import { createdKey, createKeyRequest, keyList, keyRecord } from './keys.ts'
import { objectHead, objectListQuery, objectPage } from './objects.ts'
import type { Role } from './principal.ts'
import { sqlRoutes } from './sql-routes.ts'
import * as detail from './table-detail.ts'
import * as tables from './tables.ts'

export const serviceNames = ['gateway', 'storage', 'catalog', 'ingest', 'query'] as const
export type ServiceName = (typeof serviceNames)[number]

export interface RouteContract {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** Hono's form: `:name` is one segment, `:name{.+}` the rest of the path. */
  readonly path: string
  readonly service: ServiceName
  /** `open` needs no key; `metrics` is open only as configured. */
  readonly access: Role | 'open' | 'metrics'
  readonly summary: string
  readonly query?: z.ZodObject
  readonly body?: z.ZodType | 'bytes'
  readonly reply?: z.ZodType | 'bytes'
  readonly status: number
  /** Which limit bounds the time where the request names none. */
  readonly timeout?: 'ingestTimeoutMs'
}

const ns = '/iceberg/v1/namespaces'
const table = `${ns}/:namespace/tables/:table`

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
  icebergConfig: {
    method: 'GET',
    path: '/iceberg/v1/config',
    service: 'catalog',
    access: 'reader',
    summary: 'Iceberg REST: configuration and the endpoints served',
    reply: iceberg.catalogConfig,
    status: 200,
  },
  listNamespaces: {
    method: 'GET',
    path: ns,
    service: 'catalog',
    access: 'reader',
    summary: 'Iceberg REST: namespaces',
    query: iceberg.pageQuery,
    reply: iceberg.namespaceList,
    status: 200,
  },
  createNamespace: {
    method: 'POST',
    path: ns,
    service: 'catalog',
    access: 'writer',
    summary: 'Iceberg REST: create a namespace',
    body: iceberg.createNamespaceRequest,
    reply: iceberg.namespaceReply,
    status: 200,
  },
  loadNamespace: {
    method: 'GET',
    path: `${ns}/:namespace`,
    service: 'catalog',
    access: 'reader',
    summary: 'Iceberg REST: a namespace and its properties',
    reply: iceberg.namespaceReply,
    status: 200,
  },
  namespaceExists: {
    method: 'HEAD',
    path: `${ns}/:namespace`,
    service: 'catalog',
    access: 'reader',
    summary: 'Iceberg REST: whether a namespace exists',
    status: 204,
  },
  dropNamespace: {
    method: 'DELETE',
    path: `${ns}/:namespace`,
    service: 'catalog',
    access: 'writer',
    summary: 'Iceberg REST: drop an empty namespace',
    status: 204,
  },
  updateNamespaceProperties: {
    method: 'POST',
    path: `${ns}/:namespace/properties`,
    service: 'catalog',
    access: 'writer',
    summary: 'Iceberg REST: set and remove namespace properties',
    body: iceberg.updateNamespacePropertiesRequest,
    reply: iceberg.updateNamespacePropertiesReply,
    status: 200,
  },
  icebergTables: {
    method: 'GET',
    path: `${ns}/:namespace/tables`,
    service: 'catalog',
    access: 'reader',
    summary: 'Iceberg REST: tables of a namespace',
    query: iceberg.pageQuery,
    reply: iceberg.tableList,
    status: 200,
  },
  createTable: {
    method: 'POST',
    path: `${ns}/:namespace/tables`,
    service: 'catalog',
    access: 'writer',
    summary: 'Iceberg REST: create a table',
    body: iceberg.createTableRequest,
    reply: iceberg.loadTableReply,
    status: 200,
  },
  loadTable: {
    method: 'GET',
    path: table,
    service: 'catalog',
    access: 'reader',
    summary: 'Iceberg REST: a table’s metadata',
    reply: iceberg.loadTableReply,
    status: 200,
  },
  tableExists: {
    method: 'HEAD',
    path: table,
    service: 'catalog',
    access: 'reader',
    summary: 'Iceberg REST: whether a table exists',
    status: 204,
  },
  commitTable: {
    method: 'POST',
    path: table,
    service: 'catalog',
    access: 'writer',
    summary: 'Iceberg REST: commit updates under their requirements',
    body: iceberg.commitTableRequest,
    reply: iceberg.commitTableReply,
    status: 200,
  },
  dropTable: {
    method: 'DELETE',
    path: table,
    service: 'catalog',
    access: 'writer',
    summary: 'Iceberg REST: drop a table; purgeRequested=true removes its files',
    query: z.object({
      // Python's clients write True and False.
      purgeRequested: z
        .string()
        .toLowerCase()
        .pipe(z.enum(['true', 'false']))
        .optional(),
    }),
    status: 204,
  },
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
