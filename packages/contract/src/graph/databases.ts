import { z } from 'zod'
import { HyperMeshError } from '../errors.ts'
import { identifier, parseIdentifier, printable } from '../names.ts'

/** Tables whose names begin so are the graph service's own. */
const reserved = /^hm_/i

/** Returns the name if it can be that of a user's hyperedge table; throws `invalid_name`. */
export function parseGraphTableName(text: string): string {
  const name = parseIdentifier(text)
  if (!reserved.test(name)) return name
  throw new HyperMeshError(
    'invalid_name',
    `"${printable(text)}" is reserved: names that begin with hm_ are the service’s own`,
  )
}

export const graphPropertyTypes = ['bool', 'int64', 'float64', 'string', 'timestamp'] as const
export type GraphPropertyType = (typeof graphPropertyTypes)[number]

/** What a plain number of time counts; texts are ISO 8601 whatever it is. */
export const graphTimeUnits = ['s', 'ms', 'us'] as const
export type GraphTimeUnit = (typeof graphTimeUnits)[number]
export const graphTimeUnit = z
  .enum(graphTimeUnits)
  .default('ms')
  .describe('what numbers of time count; texts are ISO 8601')

/** A number in the request’s `time_unit`, or ISO 8601 text. */
export const graphInstant = z.union([z.number(), z.string()])
export type GraphInstant = z.infer<typeof graphInstant>

/** An integer that JSON cannot hold exactly, as `{"int": "18446744073709551615"}`. */
const graphLongInteger = z.strictObject({ int: z.string().regex(/^-?\d{1,20}$/) })

/** A text or an unsigned integer: 7 and "7" are two nodes. */
export const graphNodeId = z.union([z.string(), z.number(), graphLongInteger])
export type GraphNodeId = z.infer<typeof graphNodeId>

export const graphPropertyValue = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  graphLongInteger,
  z.null(),
])
export const graphProperties = z.record(z.string(), graphPropertyValue)
export type GraphProperties = z.infer<typeof graphProperties>

const graphDurabilities = ['sync', 'os'] as const
export const graphDurability = z
  .enum(graphDurabilities)
  .default('sync')
  .describe('what an answered write survives: sync a power failure, os the end of the process')

const graphDatabaseStates = ['ready', 'read_only', 'damaged'] as const
export const graphDatabase = z.object({
  database: z.string(),
  state: z
    .enum(graphDatabaseStates)
    .describe('read_only: its log is damaged, what is before is served; damaged: nothing is'),
  problem: z.string().optional(),
  tables: z.number().int().min(0),
})
export type GraphDatabase = z.infer<typeof graphDatabase>
export const graphDatabases = z.object({ databases: z.array(graphDatabase) })

const declaredProperties = z.record(identifier, z.enum(graphPropertyTypes))
const indexColumns = z
  .array(z.string())
  .min(1)
  .max(2)
  .describe('label or properties; all but the last are compared for equality')
const span = z.number().min(0.001)
const ttl = span.nullable().describe('hyperedges older than this are neither seen nor kept')
const history = z
  .number()
  .min(0)
  .nullable()
  .describe('how long replaced versions can be read as of the past; null: for ever')
const arityMax = z.number().int().min(1).max(0xffff_ffff).describe('most members of one hyperedge')
/** A thousand years. */
export const graphBucketSecondsMax = 31_622_400_000
const bucketSeconds = z
  .number()
  .int()
  .min(1)
  .max(graphBucketSecondsMax)
  .nullable()
  .describe('the span of time that the table is looked at by, as BUCKET_SECONDS declares it')

export const createGraphTableRequest = z.strictObject({
  table: identifier,
  members: z
    .array(identifier)
    .max(255)
    .default([])
    .describe('the kinds of members, which are the roles that they may have; none: any role'),
  bucket_seconds: bucketSeconds.default(null),
  properties: declaredProperties.default({}),
  indexes: z.record(identifier, indexColumns).default({}),
  ttl_ms: ttl.default(null),
  history_ms: history.default(null),
  arity_max: arityMax.optional(),
})
export type CreateGraphTableRequest = z.input<typeof createGraphTableRequest>

export const alterGraphTableRequest = z
  .strictObject({
    add_properties: declaredProperties,
    bucket_seconds: bucketSeconds,
    ttl_ms: ttl,
    history_ms: history,
    arity_max: arityMax,
  })
  .partial()
export type AlterGraphTableRequest = z.input<typeof alterGraphTableRequest>

export const graphTable = z.object({
  table: z.string(),
  members: z.array(z.string()),
  bucket_seconds: z.number().nullable(),
  properties: z.record(z.string(), z.enum(graphPropertyTypes)),
  indexes: z.record(z.string(), z.array(z.string())),
  ttl_ms: z.number().nullable(),
  history_ms: z.number().nullable(),
  arity_max: z.number().int(),
})
export type GraphTable = z.infer<typeof graphTable>
export const graphTables = z.object({ tables: z.array(graphTable) })

export const graphTableDetail = graphTable.extend({
  stats: z.object({
    hyperedges: z.number().int().describe('those that live'),
    records: z.number().int().describe('versions in segments'),
    deleted: z.number().int().describe('of these replaced or deleted'),
    segments: z.number().int(),
    bytes: z.number().int(),
  }),
})
export type GraphTableDetail = z.infer<typeof graphTableDetail>

export const graphIndexes = z.object({
  indexes: z.array(z.object({ index: z.string(), columns: z.array(z.string()) })),
})
export const createGraphIndexRequest = z.strictObject({ index: identifier, columns: indexColumns })
export type CreateGraphIndexRequest = z.input<typeof createGraphIndexRequest>

export const graphDatabaseDetail = graphDatabase.extend({
  seq: z.number().int().describe('the newest commit'),
  history_floor: z.number().int().describe('the oldest commit that as_of reaches'),
  nodes: z.number().int(),
  log_bytes: z.number().int(),
  disk_bytes: z.number().int(),
  memory_bytes: z.number().int().describe('of commits that are not in segments yet'),
  commits: z.number().int().describe('since the database was opened, as the next three'),
  syncs: z.number().int(),
  flushes: z.number().int(),
  merges: z.number().int(),
  node_properties: z.record(z.string(), z.enum(graphPropertyTypes)),
  node_indexes: z.record(z.string(), z.array(z.string())),
})
export type GraphDatabaseDetail = z.infer<typeof graphDatabaseDetail>

export const graphCheck = z.object({
  files: z.number().int(),
  bytes: z.number().int(),
  records: z.number().int(),
  faults: z.array(z.string()).describe('empty: sound'),
})

export const createGraphBackupRequest = z.strictObject({ backup: identifier })
export const graphBackup = z.object({
  backup: z.string(),
  bytes: z.number().int().describe('of its files; some may be shared with the database'),
  files: z.number().int(),
  created_at: z.string(),
})
export type GraphBackup = z.infer<typeof graphBackup>
export const graphBackups = z.object({ backups: z.array(graphBackup) })
export const restoreGraphDatabaseRequest = z.strictObject({
  backup: identifier,
  from: identifier.optional().describe('the database that the backup is of; default: of this name'),
})
export type RestoreGraphDatabaseRequest = z.input<typeof restoreGraphDatabaseRequest>

export const graphTransferFormats = ['ndjson', 'csv', 'hif', 'arrow'] as const
export type GraphTransferFormat = (typeof graphTransferFormats)[number]
const format = z.enum(graphTransferFormats).default('ndjson')
const flag = z.enum(['true', 'false'])
export const importHyperedgesQuery = z.strictObject({
  format,
  integer_nodes: flag.optional().describe('of CSV: nodes of digits are integers'),
  default_at: z.string().optional().describe('of HIF: when edges without event_ts happened'),
  drop_unknown: flag.optional().describe('of HIF: drop attributes that the table does not have'),
})
export type ImportHyperedgesQuery = z.input<typeof importHyperedgesQuery>
export const importHyperedgesReply = z.object({
  inserted: z.number().int(),
  duplicates: z.number().int().describe('there already, by their key'),
  commits: z.number().int(),
})
export const exportHyperedgesQuery = z.strictObject({
  format,
  from: z.string().optional(),
  to: z.string().optional(),
  as_of: z.string().optional(),
  time_unit: graphTimeUnit,
})
export type ExportHyperedgesQuery = z.input<typeof exportHyperedgesQuery>
