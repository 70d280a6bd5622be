import { z } from 'zod'
import { wireLong } from '../wire-long.ts'

/** A bound parameter: JSON value, or a typed one where JSON has no exact form. */
export const sqlParameter = z.union([
  z.null(),
  z.boolean(),
  z.number(),
  z.string(),
  z.array(z.number()).describe('a vector: bound as DOUBLE[]'),
  z.strictObject({
    type: z
      .string()
      .max(100)
      .describe('SQL type, e.g. BIGINT, DECIMAL(18,3), TIMESTAMP, BLOB, FLOAT[]'),
    value: z.string().nullable().describe('its wire form as text; of a list, JSON'),
  }),
])
export type SqlParameter = z.infer<typeof sqlParameter>

export const sqlRequest = z.strictObject({
  sql: z.string().min(1),
  parameters: z.union([z.array(sqlParameter), z.record(z.string(), sqlParameter)]).optional(),
  namespace: z.string().optional().describe('where a table name without one is looked up'),
  appendedSince: z
    .record(z.string(), wireLong)
    .optional()
    .describe(
      'table → snapshot id: of these tables only rows appended after it; 412 where there were other changes',
    ),
  rowsMax: z.number().int().min(1).optional().describe('cut the result after so many rows'),
  bytesMax: z.number().int().min(1).optional().describe('cut the result after so many bytes'),
  pageRows: z.number().int().min(1).optional().describe('answer in pages of so many rows'),
  pageBytes: z.number().int().min(1).optional().describe('answer in pages of so many bytes'),
  timeoutMs: z.number().int().min(1).optional(),
})
export type SqlRequest = z.input<typeof sqlRequest>

export const resultFormats = ['json', 'ndjson', 'csv', 'arrow', 'parquet'] as const
export type ResultFormat = (typeof resultFormats)[number]

export const resultMediaTypes: Readonly<Record<ResultFormat, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
}

export const sqlColumn = z.object({ name: z.string(), type: z.string().describe('DuckDB’s name') })
export type SqlColumn = z.infer<typeof sqlColumn>

/** What was read to answer; every figure is measured. */
export const scanFacts = z.object({
  snapshots: z.record(z.string(), wireLong.nullable()).describe('table → snapshot id read'),
  filesPlanned: z.number().int(),
  filesPruned: z.number().int(),
  bytesPlanned: z.number().int(),
  bytesPruned: z.number().int(),
  deleteFiles: z.number().int().describe('delete files that were applied'),
})
export type ScanFacts = z.infer<typeof scanFacts>

const scanCount = z.object({
  files: z.number().int(),
  bytes: z.number().int(),
  rows: z.number().int(),
})

/** How EXPLAIN says what of a table is read, and what left the rest out. */
export const scanDetail = z.object({
  table: z.string(),
  snapshotId: wireLong.nullable(),
  filter: z.string().nullable().describe('what is known of the rows that are needed'),
  total: scanCount,
  afterPartitions: scanCount.describe('what partition values leave'),
  afterBounds: scanCount.describe('what column bounds leave of that: what is read'),
  deletes: scanCount.describe('delete files that apply; rows are entries in them'),
  touchedFiles: z.number().int().describe('files of which position deletes take rows'),
  rowGroups: z.number().int().describe('in the files that are read'),
})
export type ScanDetail = z.infer<typeof scanDetail>

/** How EXPLAIN says what a function in FROM was asked for. */
export const callDetail = z.object({
  function: z.string(),
  pushed: z.string().nullable().describe('what of the statement the answer is confined to'),
  rows: z.number().int().describe('that came'),
})
export type CallDetail = z.infer<typeof callDetail>

export const truncation = z.enum(['rows', 'bytes'])
export type Truncation = z.infer<typeof truncation>

export const sqlReply = z.object({
  queryId: z.string().describe('names the statement while it runs'),
  columns: z.array(sqlColumn),
  rows: z.array(z.array(z.unknown())).describe('values in wire form, see docs in packages/duckdb'),
  rowCount: z.number().int(),
  truncated: truncation.nullable().describe('which limit cut the result, or null'),
  elapsedMs: z.number(),
  next: z.string().nullable().optional().describe('where the next page is; null after the last'),
  totalRows: z.number().int().optional().describe('rows of all pages together'),
  scans: z.array(scanDetail).optional().describe('of EXPLAIN: each table that is read'),
  calls: z.array(callDetail).optional().describe('of EXPLAIN: each function in FROM'),
  ...scanFacts.shape,
})
export type SqlReply = z.infer<typeof sqlReply>

export const queryStates = ['waiting', 'planning', 'running', 'sending'] as const

export const runningQuery = z.object({
  id: z.string(),
  keyId: z.string().describe('whose statement it is'),
  sql: z.string().describe('its first 1000 characters'),
  state: z.enum(queryStates),
  startedAt: z.iso.datetime(),
  elapsedMs: z.number(),
})
export type RunningQuery = z.infer<typeof runningQuery>
export const runningQueries = z.object({ queries: z.array(runningQuery) })
