import { z } from 'zod'
import { wireLong } from '../wire-long.ts'

export const fileFormats = ['csv', 'tsv', 'ndjson', 'json', 'parquet', 'arrow'] as const
export const fileFormat = z.enum(fileFormats)
export type FileFormat = z.infer<typeof fileFormat>

/** Media types that name a format; anything else needs `?format=` or a file name that tells. */
export const mediaTypes: Readonly<Record<string, FileFormat>> = {
  'text/csv': 'csv',
  'text/tab-separated-values': 'tsv',
  'application/x-ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/json': 'json',
  'application/vnd.apache.parquet': 'parquet',
  'application/vnd.apache.arrow.file': 'arrow',
  'application/vnd.apache.arrow.stream': 'arrow',
}

/** How a file is packed as a whole; what a format does inside (Parquet, Arrow) is its own. */
export const compression = z.enum(['none', 'gzip', 'zstd'])
export type Compression = z.infer<typeof compression>

/** Values of `Content-Encoding` that say how the body of an ingest is packed. */
export const contentEncodings: Readonly<Record<string, Compression>> = {
  identity: 'none',
  gzip: 'gzip',
  'x-gzip': 'gzip',
  zstd: 'zstd',
}

export const ingestMode = z.enum(['append', 'overwrite'])
export type IngestMode = z.infer<typeof ingestMode>

/**
 * The query of PUT /v1/ingest/{table} and POST /v1/inspect. Without `source` the body is the file.
 * `source` is an absolute path on the server, under one of `[ingest] allowed_roots`: read in place.
 */
export const ingestQuery = z.strictObject({
  mode: ingestMode.default('append'),
  format: fileFormat.optional(),
  name: z
    .string()
    .max(255)
    .optional()
    .describe('file name, to tell the format and the packing by its endings'),
  compression: compression
    .optional()
    .describe(
      'how the file is packed; absent: told by Content-Encoding, its name, its first bytes',
    ),
  source: z.string().max(4096).optional(),
  types: z
    .string()
    .max(1_000_000)
    .optional()
    .describe('JSON object: column name → SQL type, overriding what would be inferred'),
  partition_by: z
    .string()
    .max(10_000)
    .optional()
    .describe('for a table that this creates: region, day(ts), bucket(16, id), truncate(4, zip)'),
  sort_by: z
    .string()
    .max(10_000)
    .optional()
    .describe('for a table that this creates: ts desc, name asc nulls last'),
  on_bad_rows: z
    .enum(['fail', 'skip'])
    .default('fail')
    .describe('rows that are malformed, or do not fit the types that types or the table state'),
  bad_rows_max: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .describe('with skip: more bad rows than these fail the load'),
  again: z
    .enum(['true', 'false'])
    .default('false')
    .describe('load the bytes even if this table has them already'),
  async: z
    .enum(['true', 'false'])
    .default('false')
    .describe('answer 202 with a job once the file is kept; as Prefer: respond-async'),
})
export type IngestQuery = z.infer<typeof ingestQuery>

export const inspectedColumn = z.object({
  name: z.string(),
  sourceType: z.string().describe('the type as the reader sees it, in DuckDB’s words'),
  type: z.string().describe('the Iceberg type that ingest will write'),
  from: z.enum(['inferred', 'file', 'override']),
})
export type InspectedColumn = z.infer<typeof inspectedColumn>

export const inspection = z.object({
  format: fileFormat,
  compression,
  columns: z.array(inspectedColumn),
  inferredFrom: z.enum(['file', 'sample', 'all']).describe('what was read to tell the types'),
  options: z.record(z.string(), z.unknown()).describe('delimiter, quote, header as detected'),
  bytes: z.number().int(),
})
export type Inspection = z.infer<typeof inspection>

export const schemaChange = z.object({
  kind: z.enum(['create-table', 'add-column', 'widen-column']),
  column: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
})
export type SchemaChange = z.infer<typeof schemaChange>

/** A row that was left out. */
export const badRow = z.object({
  line: z.number().int().optional().describe('where it begins in the file'),
  row: z.number().int().optional().describe('among the rows, from 1, where no line is known'),
  column: z.string().optional(),
  text: z.string().describe('its beginning'),
  reason: z.string(),
})
export type BadRow = z.infer<typeof badRow>

export const ingestReceipt = z.object({
  table: z.string(),
  mode: ingestMode,
  result: z.enum(['committed', 'already-loaded']),
  snapshotId: wireLong.describe('the snapshot that holds the bytes'),
  format: fileFormat,
  compression: compression.default('none'),
  rows: z.number().int().describe('rows written by this load; 0 when already loaded'),
  files: z.number().int(),
  partitions: z.number().int().default(0).describe('written to; 0 where the table has none'),
  bytesIn: z.number().int().describe('bytes of the source'),
  bytesWritten: z.number().int().describe('bytes of Parquet written'),
  sha256: z.string().describe('hash of the source, hex'),
  inPlace: z.boolean().describe('read where it lies, without a copy'),
  schemaChanges: z.array(schemaChange),
  badRows: z
    .object({ count: z.number().int(), samples: z.array(badRow) })
    .optional()
    .describe('left out, where on_bad_rows=skip; the first of them as samples'),
  elapsedMs: z.number(),
})
export type IngestReceipt = z.infer<typeof ingestReceipt>

/** The query of POST /v1/ingest/{table}: what holds for every file of the form. */
export const ingestFilesQuery = ingestQuery.omit({ source: true, name: true, async: true }).extend({
  atomic: z
    .enum(['true', 'false'])
    .default('false')
    .describe('all files in one commit, or none of them'),
})
export type IngestFilesQuery = z.infer<typeof ingestFilesQuery>

/** What became of one file: a receipt, or the error for which it was not loaded. */
export const ingestFileResult = z.object({
  name: z.string().describe('as the form names it'),
  receipt: ingestReceipt.optional(),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
})
export type IngestFileResult = z.infer<typeof ingestFileResult>

export const ingestFilesReply = z.object({
  results: z.array(ingestFileResult).describe('one for each file, in their order'),
  failed: z.number().int(),
})
export type IngestFilesReply = z.infer<typeof ingestFilesReply>
