import { z } from 'zod'
import { graphTimeUnit } from './databases.ts'
import { graphAsOf, graphSelection } from './hyperedges.ts'

const about = {
  size_max: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('hyperedges with more members are left out, which the answer counts'),
  limit: z.number().int().min(0).optional().describe('most rows; 1,000 unless said'),
}

/** Of which part of a table a measure is taken, and how. */
export const graphMeasureRequest = z.strictObject({
  ...graphSelection,
  time_unit: graphTimeUnit,
  as_of: graphAsOf.optional().describe('the number of a commit, or an ISO 8601 instant'),
  ...about,
  options: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('of the measure; …/analytics lists them with their types'),
})
export type GraphMeasureRequest = z.input<typeof graphMeasureRequest>

const count = z.string().regex(/^\d{1,9}$/, 'must be a whole number')
/** What has no name here is an option of the measure. */
export const graphMeasureQuery = z.looseObject({
  from: z.string().optional(),
  to: z.string().optional(),
  valid_at: z.string().optional(),
  as_of: z.string().optional(),
  time_unit: graphTimeUnit,
  size_max: count.transform(Number).optional(),
  limit: count.transform(Number).optional(),
})

const graphMeasureColumnTypes = [
  'node',
  'hyperedge',
  'integer',
  'double',
  'boolean',
  'text',
  'timestamp',
] as const
const columns = z.array(z.object({ name: z.string(), type: z.enum(graphMeasureColumnTypes) }))
const figure = z.union([z.number(), z.string(), z.boolean(), z.null()])

export const graphMeasures = z.object({
  measures: z.array(
    z.object({
      measure: z.string(),
      aliases: z.array(z.string()),
      summary: z.string(),
      source: z.string().describe('the paper or text that defines it'),
      columns: columns.describe('of nodes; of hyperedges the first is hyperedge_id'),
      options: z.record(z.string(), z.unknown()).describe('their JSON Schema'),
    }),
  ),
})
export type GraphMeasures = z.infer<typeof graphMeasures>

export const graphMeasureReply = z.object({
  measure: z.string(),
  columns,
  rows: z
    .array(z.array(z.unknown()))
    .describe('the greatest first; nodes are keys, hyperedges ids, timestamps ISO 8601'),
  row_count: z.number().int().describe('rows there are, of which `rows` has the first'),
  summary: z.record(z.string(), figure).describe('figures of the whole'),
  approximate: z.string().nullable().describe('how figures were estimated; null: they are exact'),
  options: z.record(z.string(), z.unknown()).describe('as they were understood'),
  nodes: z.number().int(),
  hyperedges: z.number().int(),
  incidences: z.number().int(),
  left_out: z.number().int().describe('hyperedges with more members than size_max'),
  seq: z.number().int().describe('the commit that was read'),
  elapsed_ms: z.number(),
})
export type GraphMeasureReply = z.infer<typeof graphMeasureReply>

/** Of an answer in lines: how far the measure is; the last line is `{"result": …}`. */
export const graphMeasureProgress = z.object({ phase: z.string(), fraction: z.number() })
export type GraphMeasureProgress = z.infer<typeof graphMeasureProgress>
