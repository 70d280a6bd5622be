import { z } from 'zod'
import { fileFormat } from '../ingest/files.ts'

export const linkTableRequest = z.strictObject({
  table: z.string().describe('namespace.table'),
  path: z
    .string()
    .min(1)
    .max(4096)
    .describe('files on the server under one of [query] virtual_roots; * ? [a-z] ** match'),
  format: fileFormat.optional().describe('without: told by the first file'),
  hivePartitioning: z.boolean().optional().describe('directories key=value are columns'),
  types: z
    .record(z.string(), z.string())
    .optional()
    .describe('column → SQL type, in place of what would be inferred'),
})
export type LinkTableRequest = z.input<typeof linkTableRequest>

const virtualColumn = z.object({
  name: z.string(),
  type: z.string().describe('DuckDB’s name'),
  partition: z.boolean().describe('it comes from the names of directories'),
})

/** Files that SQL reads where they lie. They are listed anew for each statement. */
export const virtualTable = z.object({
  table: z.string(),
  path: z.string().optional().describe('not shown to readers'),
  format: fileFormat,
  columns: z.array(virtualColumn).describe('as inferred when the table was linked'),
  createdAt: z.iso.datetime(),
  files: z.number().int().describe('when the table was linked'),
  bytes: z.number().int().describe('when the table was linked'),
})
export type VirtualTable = z.infer<typeof virtualTable>
export const virtualTables = z.object({ tables: z.array(virtualTable) })
