import { z } from 'zod'
import { wireLong } from '../wire-long.ts'

const count = z.number().int()
const snapshotText = z.string().regex(/^\d{1,19}$/, 'must be a snapshot id')

export const tableDetailQuery = z.strictObject({
  snapshot: snapshotText.optional().describe('as of this snapshot; without it the current one'),
})

/** What the manifests say of one column; every figure is of the data files alone. */
export const columnDetail = z.object({
  id: count,
  name: z.string().describe('path of names from the top, joined by dots'),
  type: z.string(),
  required: z.boolean(),
  bytes: count.nullable().describe('compressed; null where some file does not tell'),
  nulls: count.nullable(),
  nans: count.nullable(),
  lowerBound: z.string().nullable().describe('no value is less; long texts are cut'),
  upperBound: z.string().nullable().describe('no value but NaN is greater; long texts are cut'),
})
export type ColumnDetail = z.infer<typeof columnDetail>

export const partitionDetail = z.object({
  values: z.record(z.string(), z.string().nullable()).describe('partition field → value'),
  files: count,
  rows: count,
  bytes: count,
})
export type PartitionDetail = z.infer<typeof partitionDetail>

export const tableDetail = z.object({
  table: z.string(),
  uuid: z.string(),
  location: z.string(),
  formatVersion: count,
  snapshotId: wireLong.nullable(),
  committedAt: z.string().nullable(),
  snapshots: count.describe('that the table keeps'),
  refs: z.record(z.string(), z.object({ snapshotId: wireLong, type: z.enum(['branch', 'tag']) })),
  properties: z.record(z.string(), z.string()),
  partitionedBy: z.array(z.object({ name: z.string(), column: z.string(), transform: z.string() })),
  sortedBy: z.array(
    z.object({
      column: z.string(),
      transform: z.string(),
      direction: z.enum(['asc', 'desc']),
      nulls: z.enum(['first', 'last']),
    }),
  ),
  rows: count.describe('in data files, before deletes'),
  files: count,
  bytes: count,
  smallestFileBytes: count.nullable(),
  largestFileBytes: count.nullable(),
  manifests: count,
  deleteFiles: count,
  deleteRows: count.describe('positions and keys in delete files'),
  columns: z.array(columnDetail),
  partitionCount: count,
  partitions: z.array(partitionDetail).describe('the largest first, at most a hundred'),
})
export type TableDetail = z.infer<typeof tableDetail>

export const tableDiffQuery = z.strictObject({
  from: snapshotText.optional().describe('without it the parent of `to`'),
  to: snapshotText.optional().describe('without it the current snapshot'),
})

export const schemaDifference = z.object({
  kind: z.enum(['add-column', 'drop-column', 'rename-column', 'change-type', 'change-required']),
  column: z.string(),
  from: z.string().optional(),
  to: z.string().optional(),
})
export type SchemaDifference = z.infer<typeof schemaDifference>

const fileSet = z.object({ files: count, rows: count, bytes: count })

export const tableDiff = z.object({
  table: z.string(),
  from: wireLong.nullable().describe('null: before the first snapshot'),
  to: wireLong,
  isAncestor: z.boolean().describe('`from` is in the history of `to`'),
  operations: z
    .array(z.string())
    .describe('of the snapshots after `from` up to `to`, oldest first'),
  added: fileSet.describe('data files that only `to` has'),
  removed: fileSet.describe('data files that only `from` has'),
  deletesAdded: fileSet.describe('delete files that only `to` has'),
  deletesRemoved: fileSet.describe('delete files that only `from` has'),
  unchangedFiles: count,
  schemaChanges: z.array(schemaDifference),
  partitioningChanged: z.boolean(),
})
export type TableDiff = z.infer<typeof tableDiff>
