/** Bodies of the Iceberg REST protocol: the REST catalog OpenAPI specification. */
import { z } from 'zod'
import {
  icebergSchema,
  partitionSpec,
  sortOrder,
  stringMap,
  tableMetadata,
} from './table-metadata.ts'
import { tableRequirement, tableUpdate, viewRequirement, viewUpdate } from './updates.ts'
import { viewMetadata, viewVersion } from './view-metadata.ts'

export const catalogConfig = z.object({
  defaults: stringMap,
  overrides: stringMap,
  endpoints: z.array(z.string()),
  'idempotency-key-lifetime': z.string().optional().describe('ISO 8601 duration'),
})
export type CatalogConfig = z.infer<typeof catalogConfig>

/** A namespace of one level; deeper ones are refused with `invalid_name`. */
const namespaceIdent = z.array(z.string()).min(1)

export const createNamespaceRequest = z.object({
  namespace: namespaceIdent,
  properties: stringMap.optional(),
})
export const namespaceReply = z.object({ namespace: namespaceIdent, properties: stringMap })
export const namespaceList = z.object({
  namespaces: z.array(namespaceIdent),
  'next-page-token': z.string().nullish(),
})
export const updateNamespacePropertiesRequest = z.object({
  removals: z.array(z.string()).optional(),
  updates: stringMap.optional(),
})
export const updateNamespacePropertiesReply = z.object({
  updated: z.array(z.string()),
  removed: z.array(z.string()),
  missing: z.array(z.string()),
})
const tableIdent = z.object({ namespace: namespaceIdent, name: z.string() })
export const tableList = z.object({
  identifiers: z.array(tableIdent),
  'next-page-token': z.string().nullish(),
})
export const pageQuery = z.object({
  pageToken: z.string().optional(),
  pageSize: z.coerce.number().int().min(1).optional(),
})

export const createTableRequest = z.object({
  name: z.string(),
  location: z.string().optional(),
  schema: icebergSchema,
  'partition-spec': partitionSpec.optional(),
  'write-order': sortOrder.nullish(),
  'stage-create': z.boolean().optional(),
  properties: stringMap.optional(),
})
export type CreateTableRequest = z.infer<typeof createTableRequest>

/** `metadata-location` is absent where the table is only staged. */
export const createTableReply = z.object({
  'metadata-location': z.string().nullish(),
  metadata: tableMetadata,
  config: stringMap.optional(),
})
export type CreateTableReply = z.infer<typeof createTableReply>

export const registerRequest = z.object({
  name: z.string(),
  'metadata-location': z.string(),
  overwrite: z.boolean().optional(),
})
export type RegisterRequest = z.infer<typeof registerRequest>

export const renameRequest = z.object({ source: tableIdent, destination: tableIdent })
export type RenameRequest = z.infer<typeof renameRequest>

export const commitTableRequest = z.object({
  identifier: tableIdent.optional(),
  requirements: z.array(tableRequirement),
  updates: z.array(tableUpdate),
})
export type CommitTableRequest = z.infer<typeof commitTableRequest>

export const commitTransactionRequest = z.object({
  'table-changes': z.array(commitTableRequest.extend({ identifier: tableIdent })).min(1),
})
export type CommitTransactionRequest = z.infer<typeof commitTransactionRequest>

export const loadTableQuery = z.object({
  snapshots: z.enum(['all', 'refs']).optional(),
  'referenced-by': z.string().optional(),
})

export const loadTableReply = z.object({
  'metadata-location': z.string(),
  metadata: tableMetadata,
  config: stringMap.optional(),
})
export type LoadTableReply = z.infer<typeof loadTableReply>

export const commitTableReply = z.object({
  'metadata-location': z.string(),
  metadata: tableMetadata,
})

/** What a client measured of a scan or a commit; the report itself is the client's own matter. */
export const metricsReport = z.looseObject({ 'report-type': z.string() })

export const createViewRequest = z.object({
  name: z.string(),
  location: z.string().optional(),
  schema: icebergSchema,
  'view-version': viewVersion,
  properties: stringMap.optional(),
})
export type CreateViewRequest = z.infer<typeof createViewRequest>

export const commitViewRequest = z.object({
  identifier: tableIdent.optional(),
  requirements: z.array(viewRequirement).optional(),
  updates: z.array(viewUpdate),
})
export type CommitViewRequest = z.infer<typeof commitViewRequest>

export const loadViewReply = z.object({
  'metadata-location': z.string(),
  metadata: viewMetadata,
  config: stringMap.optional(),
})
export type LoadViewReply = z.infer<typeof loadViewReply>

/** The form of RFC 6749 that asks for a token; the secret is an API key. */
export const tokenRequest = z.looseObject({
  grant_type: z.string(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  scope: z.string().optional(),
})
export type TokenRequest = z.infer<typeof tokenRequest>

export const tokenReply = z.object({
  access_token: z.string(),
  token_type: z.literal('bearer'),
  issued_token_type: z.string(),
  scope: z.string().optional(),
})
export type TokenReply = z.infer<typeof tokenReply>

export const icebergError = z.object({
  error: z.object({ message: z.string(), type: z.string(), code: z.number().int() }),
})
