import { z } from 'zod'
import { identifier } from '../names.ts'
import { vectorHit } from '../vectors/indexes.ts'
import { badSourceRow } from '../vectors/sources.ts'
import { wireLong } from '../wire-long.ts'
import { graphInstant, graphNodeId, graphTimeUnit } from './databases.ts'

const column = z.string().min(1).max(255)

const feedMember = z.strictObject({
  column: column.describe('texts, whole numbers or UUIDs, or lists of them; NULL is no member'),
  role: z.string().min(1).max(255).optional(),
})

/** Which rows become hyperedges, and how: of a table or of a query, one of them. */
export const graphFeedRequest = z.strictObject({
  table: z.string().optional().describe('namespace.table'),
  query: z
    .string()
    .min(1)
    .max(100_000)
    .optional()
    .describe('SELECT …; read whole each time, and compared by key'),
  time: column.describe('instants, dates, ISO texts or whole numbers in time_unit'),
  until: column.optional(),
  time_unit: graphTimeUnit,
  members: z.array(feedMember).min(1).max(255),
  weight: column.optional(),
  label: column.optional(),
  key: column
    .optional()
    .describe('what tells one hyperedge from another: rows may then change and go'),
  properties: z
    .record(identifier, column)
    .default({})
    .describe('property → column; those that the table lacks are declared'),
  mode: z
    .enum(['follow', 'manual'])
    .default('follow')
    .describe('manual: only when it is told to; see …/feed/sync'),
  on_bad_rows: z
    .enum(['fail', 'skip'])
    .default('fail')
    .describe('rows that make no hyperedge, as without members: stop at them, or leave them out'),
  replace: z
    .boolean()
    .default(false)
    .describe('the table may have hyperedges of its own: those with a key that no row has go'),
})
export type GraphFeedRequest = z.input<typeof graphFeedRequest>

const graphFollowStates = ['current', 'behind', 'syncing', 'failed'] as const

const lastError = z
  .object({
    code: z.string(),
    message: z.string(),
    at: z.string(),
    details: z.unknown().optional(),
  })
  .optional()

export const graphFeed = z.object({
  database: z.string(),
  graph_table: z.string(),
  table: z.string().optional(),
  query: z.string().optional(),
  time: z.string(),
  until: z.string().optional(),
  time_unit: graphTimeUnit,
  members: z.array(z.object({ column: z.string(), role: z.string().optional() })),
  weight: z.string().optional(),
  label: z.string().optional(),
  key: z.string().optional(),
  properties: z.record(z.string(), z.string()),
  mode: z.enum(['follow', 'manual']),
  on_bad_rows: z.enum(['fail', 'skip']),
  state: z.enum(graphFollowStates).describe('failed: see last_error'),
  snapshot_id: wireLong.nullable().optional().describe('of the table, whose rows are all in'),
  partial: z
    .object({ snapshot_id: wireLong, rows: z.number().int() })
    .nullable()
    .describe('of which so many rows are in too, until they all are'),
  current_snapshot_id: wireLong
    .nullable()
    .optional()
    .describe('of the table; absent where nobody can tell'),
  snapshots_behind: z.number().int().optional().describe('absent where the history does not say'),
  rows_behind: z.number().int().optional().describe('absent unless rows were only appended'),
  behind_ms: z.number().optional().describe('age of the oldest commit that is not in'),
  rows: z.number().int().describe('that became hyperedges, changed some, or were the same'),
  bad_rows: z.object({ count: z.number().int(), samples: z.array(badSourceRow) }),
  repeated_keys: z
    .number()
    .int()
    .describe('rows whose key another row had before; the last one loaded counts'),
  synced_at: z.string().nullable(),
  last_error: lastError,
})
export type GraphFeed = z.infer<typeof graphFeed>

/** As which table of the catalog a hyperedge table is to be read. */
export const graphPublicationRequest = z.strictObject({
  table: z.string().describe('namespace.table, which is made'),
  nodes: z
    .enum(['text', 'number'])
    .default('text')
    .describe('type of members: texts, or whole numbers where every node is one'),
  mode: z
    .enum(['follow', 'manual'])
    .default('follow')
    .describe('follow: brought up to date when the hyperedge table is compacted'),
  replace: z.boolean().default(false).describe('the table may be there: its rows are replaced'),
})
export type GraphPublicationRequest = z.input<typeof graphPublicationRequest>

export const graphPublication = z.object({
  database: z.string(),
  graph_table: z.string(),
  table: z.string(),
  nodes: z.enum(['text', 'number']),
  mode: z.enum(['follow', 'manual']),
  state: z.enum(graphFollowStates).describe('failed: see last_error'),
  seq: z.number().int().describe('the commit up to which the table has everything'),
  current_seq: z.number().int(),
  snapshot_id: wireLong.nullable().describe('of the table, as it was written last'),
  last_write: z
    .enum(['append', 'overwrite', 'none'])
    .nullable()
    .describe('append: only new hyperedges; overwrite: some had changed or gone'),
  published_at: z.string().nullable(),
  last_error: lastError,
})
export type GraphPublication = z.infer<typeof graphPublication>

/** What a hyperedge table looks like to SQL. */
export const graphColumns = z.object({
  nodes: z.enum(['none', 'number', 'text']).describe('number: every node of the table is one'),
  properties: z.record(z.string(), z.string()),
  seq: z.number().int(),
})
export type GraphColumns = z.infer<typeof graphColumns>

/** One of vector, text and node; then, with `expand`, the nodes that are reached from the hits. */
export const graphSimilarRequest = z.strictObject({
  index: identifier.describe('the vector index in which nodes are points, by their ids'),
  vector: z.array(z.number()).min(1).optional(),
  text: z.string().min(1).optional(),
  node: graphNodeId.optional().describe('those near this one, which is left out'),
  k: z.number().int().min(1).default(10),
  filter: z.record(z.string(), z.unknown()).optional().describe('of the vector index'),
  expand: z
    .strictObject({
      table: identifier,
      hops: z.number().int().min(1).max(255).default(1),
      order: z.enum(['any', 'non_decreasing', 'strict']).default('any'),
      from: graphInstant.optional(),
      to: graphInstant.optional(),
      time_unit: graphTimeUnit,
      from_role: z.string().min(1).optional(),
      to_role: z.string().min(1).optional(),
      limit: z.number().int().min(1).default(1000),
    })
    .optional(),
})
export type GraphSimilarRequest = z.input<typeof graphSimilarRequest>

export const graphSimilarReply = z.object({
  similar: z.array(
    z.object({
      node: graphNodeId,
      distance: vectorHit.shape.distance,
      score: vectorHit.shape.score,
    }),
  ),
  reached: z
    .array(
      z.object({
        node: graphNodeId,
        hop: z.number().int(),
        event_ts: z.string().nullable().describe('of the hyperedge by which it was reached'),
        hyperedge: z.number().int().nullable(),
        from: graphNodeId.nullable().describe('the node before it on the way'),
        seed: graphNodeId.describe('the similar node where the way begins'),
      }),
    )
    .optional(),
  truncated: z.string().nullable().describe('what ended the walk early, or null'),
})
export type GraphSimilarReply = z.infer<typeof graphSimilarReply>
