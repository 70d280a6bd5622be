import { z } from 'zod'
import { sqlParameter, sqlRequest } from './statements.ts'

/** A parameter of a saved query. What is given for it is read as its type. */
export const savedParameter = z.strictObject({
  name: z
    .string()
    .regex(/^(?:[A-Za-z_][A-Za-z0-9_]{0,63}|[1-9]\d{0,2})$/)
    .describe('as the statement names it: n of $n'),
  type: z.string().min(1).max(100).describe('SQL type'),
  default: z
    .string()
    .nullable()
    .optional()
    .describe('its wire form as text, or null; without, a value must be given'),
  description: z.string().max(1000).optional(),
})
export type SavedParameter = z.infer<typeof savedParameter>

export const saveQueryRequest = z.strictObject({
  sql: z.string().min(1),
  parameters: z.array(savedParameter).max(1000).default([]),
  namespace: z.string().optional().describe('where a table name without one is looked up'),
  description: z.string().max(10_000).optional(),
})
export type SaveQueryRequest = z.input<typeof saveQueryRequest>

export const savedQuery = z.object({
  name: z.string(),
  ...saveQueryRequest.shape,
  updatedAt: z.iso.datetime(),
})
export type SavedQuery = z.infer<typeof savedQuery>
export const savedQueries = z.object({ queries: z.array(savedQuery) })

const { rowsMax, bytesMax, pageRows, pageBytes, timeoutMs } = sqlRequest.shape

export const runSavedRequest = z.strictObject({
  parameters: z.record(z.string(), sqlParameter).optional(),
  ...{ rowsMax, bytesMax, pageRows, pageBytes, timeoutMs },
})
export type RunSavedRequest = z.input<typeof runSavedRequest>
