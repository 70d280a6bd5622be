import { z } from 'zod'
import { icebergSchema, partitionSpec, sortOrder } from '../iceberg/table-metadata.ts'
import { ingestMode } from '../ingest/files.ts'
import { wireLong } from '../wire-long.ts'

const perField = <T extends z.ZodType>(value: T) =>
  z.record(z.string().regex(/^\d+$/), value).describe('by field id')

/** One finished Parquet file. Bounds are Iceberg single-value binary (appendix D), in base64. */
export const dataFileEntry = z.strictObject({
  path: z.string().max(4096).describe('absolute URI, under the table’s location'),
  recordCount: z.number().int().min(0),
  fileBytes: z.number().int().min(1),
  columnBytes: perField(z.number().int()),
  valueCounts: perField(z.number().int()),
  nullCounts: perField(z.number().int()),
  nanCounts: perField(z.number().int()),
  lowerBounds: perField(z.string()),
  upperBounds: perField(z.string()),
  partition: z
    .record(z.string().regex(/^\d+$/), z.string().nullable())
    .optional()
    .describe('by partition field id; base64 as bounds. Absent: told from equal bounds'),
  sortOrderId: z.number().int().optional().describe('the order that the rows are in'),
})
export type DataFileEntry = z.infer<typeof dataFileEntry>

/**
 * What a writer has finished and wants in the table. The catalog builds the snapshot on whatever
 * is current, so writers never race each other on manifests. A commit whose schema was planned on
 * a state that is gone is refused with `conflict`: load the table again and plan anew.
 */
export const appendFilesRequest = z.strictObject({
  commitId: z.uuid().describe('chosen by the writer; the same id is applied once'),
  mode: ingestMode,
  files: z.array(dataFileEntry),
  /** The table that the files were written for; null: create it. */
  base: z.strictObject({ tableUuid: z.string(), schemaId: z.number().int() }).nullable(),
  /** The whole schema the files need, ids assigned, if it is not the base's. */
  schema: icebergSchema.optional(),
  /** For a table that is created: how its files are laid out. Ids are those of `schema`. */
  layout: z
    .strictObject({ partitionSpec: partitionSpec.optional(), sortOrder: sortOrder.optional() })
    .optional(),
  /** For a table that is created: its own directory, which no other has; absent: one is chosen. */
  location: z.string().optional(),
  /** Hash of the source and of the options that shape it; the same one is loaded once. */
  contentKey: z.string().max(200).optional(),
  again: z.boolean().default(false).describe('load even if the content key is there already'),
  summary: z.record(z.string(), z.string()).default({}),
  /** Kept with the commit and returned to a replay. */
  receipt: z.record(z.string(), z.unknown()).optional(),
})
export type AppendFilesRequest = z.input<typeof appendFilesRequest>

export const appendFilesReply = z.object({
  result: z.enum(['committed', 'already-loaded']),
  replayed: z.boolean().describe('this commit id had been applied before'),
  commitSeq: z.number().int(),
  snapshotId: wireLong,
  receipt: z.record(z.string(), z.unknown()).nullable(),
})
export type AppendFilesReply = z.infer<typeof appendFilesReply>

/** How far the log has come: what a writer notes before it begins a commit. */
export const commitPosition = z.object({ seq: z.number().int() })

/** What is remembered of a commit id; `unknown` also when it was forgotten. */
export const findCommitReply = z.object({
  outcome: z.enum(['committed', 'abandoned', 'unknown']),
  commit: appendFilesReply.nullable(),
})
export type FindCommitReply = z.infer<typeof findCommitReply>

export const settleCommitRequest = z.strictObject({
  sinceSeq: z
    .number()
    .int()
    .min(0)
    .describe('the log’s position before the commit was first sent; it is read from there'),
})
export type SettleCommitRequest = z.infer<typeof settleCommitRequest>

/** Settles a commit whose outcome is unknown: it has landed, or from now on never will. */
export const settleCommitReply = z.object({
  outcome: z.enum(['committed', 'abandoned']),
  commit: appendFilesReply.nullable(),
})
export type SettleCommitReply = z.infer<typeof settleCommitReply>

/** A figure of a snapshot's summary. */
const stated = z.number().int().nullable().describe('null: the writer of the snapshot did not say')

export const tableSummary = z.object({
  table: z.string(),
  uuid: z.string(),
  snapshotId: wireLong.nullable(),
  rows: stated,
  files: stated,
  bytes: stated,
  updatedAt: z.string(),
})
export type TableSummary = z.infer<typeof tableSummary>
export const tableSummaries = z.object({ tables: z.array(tableSummary) })

export const historyEntry = z.object({
  snapshotId: wireLong,
  parentId: wireLong.nullable(),
  sequenceNumber: wireLong,
  committedAt: z.string(),
  operation: z.string(),
  rowsAdded: stated,
  rowsRemoved: stated,
  rowsTotal: stated,
  filesAdded: stated,
  filesRemoved: stated,
  summary: z.record(z.string(), z.string()),
})
export type HistoryEntry = z.infer<typeof historyEntry>
export const tableHistory = z.object({ table: z.string(), snapshots: z.array(historyEntry) })
export type TableHistory = z.infer<typeof tableHistory>
