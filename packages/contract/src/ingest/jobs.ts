import { z } from 'zod'
import { ingestMode, ingestReceipt } from './files.ts'

/**
 * `waiting` for its turn, also for another attempt; `parked`: it failed for good and keeps its file
 * until a person retries or deletes it. The last three have ended.
 */
export const jobStates = ['waiting', 'running', 'parked', 'succeeded', 'cancelled'] as const
export const jobState = z.enum(jobStates)
export type JobState = z.infer<typeof jobState>

export const jobPhases = ['queued', 'reading', 'writing', 'committing'] as const

/** What was measured of a running job; absent for one that another process runs. */
export const jobProgress = z.object({
  phase: z.enum(jobPhases).describe('queued: it waits for a place among the loads'),
  percentRead: z
    .number()
    .nullable()
    .describe('of the file, as its reader tells; null: it does not'),
  rowsWritten: z.number().int().nullable().describe('null until all rows are written'),
})
export type JobProgress = z.infer<typeof jobProgress>

export const job = z.object({
  id: z.uuid(),
  table: z.string(),
  mode: ingestMode,
  state: jobState,
  cancelRequested: z.boolean(),
  submittedBy: z.string().describe('id of the key'),
  submittedAt: z.string(),
  startedAt: z.string().nullable().describe('of the latest attempt'),
  endedAt: z.string().nullable(),
  retryAt: z.string().nullable().describe('when the next attempt is due'),
  expiresAt: z
    .string()
    .nullable()
    .describe('when an ended job is forgotten, or sooner if many end'),
  attempts: z.number().int(),
  interruptions: z.number().int().describe('times that the process running it ended'),
  bytes: z.number().int().nullable().describe('of the uploaded file; null: it is read in place'),
  progress: jobProgress.nullable(),
  receipt: ingestReceipt.nullable(),
  error: z
    .object({ code: z.string(), message: z.string() })
    .nullable()
    .describe('of the latest attempt'),
})
export type Job = z.infer<typeof job>

export const jobQuery = z.strictObject({
  waitMs: z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .optional()
    .describe('answer when the job has ended, or after so long; at most job_wait_ms_max'),
})

export const jobListQuery = z.strictObject({
  state: jobState.optional(),
  table: z.string().max(200).optional(),
  submittedBy: z.string().max(200).optional().describe('id of a key; others than one’s own: admin'),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,5}$/)
    .transform(Number)
    .optional(),
  pageToken: z.string().max(200).optional(),
})

export const jobPage = z.object({
  jobs: z.array(job).describe('newest first'),
  nextPageToken: z.string().nullable(),
})
export type JobPage = z.infer<typeof jobPage>
