import { jobState } from '@hypermesh/contract'
import { z } from 'zod'

/** What a job is to do, written once, at its submission. */
const jobSpec = z.strictObject({
  table: z.string(),
  mode: z.enum(['append', 'overwrite']),
  principal: z.strictObject({
    keyId: z.string(),
    name: z.string(),
    role: z.enum(['reader', 'writer', 'admin']),
  }),
  /** The submitter's, or one of the job's own: what makes each attempt the same load. */
  idempotencyKey: z.string(),
  /** The load's request, as `Jobs` wrote it and alone reads it. */
  load: z.record(z.string(), z.unknown()),
  /** The uploaded file among the job bodies; null: the load reads a file in place. */
  body: z.strictObject({ name: z.uuid(), bytes: z.number().int(), sha256: z.string() }).nullable(),
})
export type JobSpec = Readonly<z.infer<typeof jobSpec>>

/**
 * One revision of a job: the whole of it. `deleted` is the last one of a job on its way out, and is
 * never shown.
 */
export const jobRecord = z.strictObject({
  format: z.literal(1),
  id: z.uuid(),
  revision: z.number().int().min(1),
  spec: jobSpec,
  state: z.enum([...jobState.options, 'deleted']),
  /** The temporary directory of the process that runs it: whether that lives is known by it. */
  owner: z.string().nullable(),
  cancelRequested: z.boolean(),
  attempts: z.number().int(),
  interruptions: z.number().int(),
  submittedAtMs: z.number().int(),
  startedAtMs: z.number().int().nullable(),
  endedAtMs: z.number().int().nullable(),
  /** A waiting job is not begun before this. */
  dueAtMs: z.number().int(),
  receipt: z.record(z.string(), z.unknown()).nullable(),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
})
export type JobRecord = Readonly<z.infer<typeof jobRecord>>

export interface NewJob {
  readonly id: string
  readonly spec: JobSpec
}

export function newRecord({ id, spec }: NewJob, nowMs: number): JobRecord {
  return {
    format: 1,
    id,
    revision: 1,
    spec,
    state: 'waiting',
    owner: null,
    cancelRequested: false,
    attempts: 0,
    interruptions: 0,
    submittedAtMs: nowMs,
    startedAtMs: null,
    endedAtMs: null,
    dueAtMs: nowMs,
    receipt: null,
    error: null,
  }
}

/** The next revision of a job with these changes. */
export function revise(
  record: JobRecord,
  changes: Partial<Omit<JobRecord, 'id' | 'spec' | 'revision'>>,
): JobRecord {
  return { ...record, ...changes, revision: record.revision + 1 }
}

/** Nothing more happens to it by itself. */
export function hasEnded({ state }: JobRecord): boolean {
  return state !== 'waiting' && state !== 'running'
}

/** It needs its file no more. */
export function isOver({ state }: JobRecord): boolean {
  return state === 'succeeded' || state === 'cancelled' || state === 'deleted'
}

/** Newest first. */
export function byAge(left: JobRecord, right: JobRecord): number {
  return right.submittedAtMs - left.submittedAtMs || (left.id < right.id ? 1 : -1)
}
