import { z } from 'zod'
import { graphReceipt } from './hyperedges.ts'

export const graphQueryRequest = z.strictObject({
  query: z.string().min(1).describe('one statement of the graph language'),
  parameters: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('name → value of each $name: data, never text of the statement'),
  timeout_ms: z.number().int().min(1).optional().describe('never longer than the request’s own'),
  limit: z
    .number()
    .int()
    .min(1)
    .default(1000)
    .describe('rows of a page of JSON, at most graph_page_max; a stream has them all'),
  cursor: z.string().optional().describe('next_cursor of the page before, of the same statement'),
})
export type GraphQueryRequest = z.input<typeof graphQueryRequest>

const graphQueryTypes = [
  'bool',
  'int64',
  'float64',
  'string',
  'timestamp',
  'node',
  'list<node>',
  'list<string>',
  'list',
  'record',
  'null',
] as const
export type GraphQueryType = (typeof graphQueryTypes)[number]
const graphQueryColumn = z.object({ name: z.string(), type: z.enum(graphQueryTypes) })

export const graphQueryReply = z.object({
  query_id: z.string().describe('names the statement while it runs'),
  columns: z.array(graphQueryColumn),
  rows: z
    .array(z.array(z.unknown()))
    .describe('instants as ISO 8601; integers that JSON cannot hold as {"int": "<digits>"}'),
  row_count: z.number().int(),
  next_cursor: z
    .string()
    .nullable()
    .describe('null after the last page; of what sorts, groups or joins each page is made anew'),
  truncated: z.boolean().describe('whether limit cut a result that has no pages'),
  seq: z.number().int().nullable().describe('the commit that the rows show'),
  examined: z.number().int().describe('rows that the engine read'),
  engine_ms: z.number().describe('how long it worked on them'),
  elapsed_ms: z.number(),
  receipt: graphReceipt.nullable().describe('of a statement that wrote hyperedges'),
})
export type GraphQueryReply = z.infer<typeof graphQueryReply>

export const runningGraphQueries = z.object({
  queries: z.array(
    z.object({
      id: z.string(),
      key_id: z.string().describe('whose statement it is'),
      query: z.string().describe('its first 1000 characters'),
      state: z.string(),
      started_at: z.iso.datetime(),
      elapsed_ms: z.number(),
    }),
  ),
})
export type RunningGraphQueries = z.infer<typeof runningGraphQueries>
