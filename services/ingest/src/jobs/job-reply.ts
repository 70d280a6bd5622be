import {
  HyperMeshError,
  type IngestReceipt,
  type Job,
  type JobProgress,
  type Limits,
} from '@hypermesh/contract'
import { hasEnded, isOver, type JobRecord } from './job-record.ts'

/** A job as its submitter sees it. */
export function toJob(record: JobRecord, progress: JobProgress | null, limits: Limits): Job {
  const { spec, state, endedAtMs, dueAtMs } = record
  if (state === 'deleted') throw new HyperMeshError('not_found', `no job ${record.id}`)
  const expiresAtMs = (endedAtMs ?? 0) + limits.jobHours * 3_600_000
  return {
    id: record.id,
    table: spec.table,
    mode: spec.mode,
    state,
    cancelRequested: record.cancelRequested,
    submittedBy: spec.principal.keyId,
    submittedAt: instant(record.submittedAtMs),
    startedAt: record.startedAtMs === null ? null : instant(record.startedAtMs),
    endedAt: hasEnded(record) && endedAtMs !== null ? instant(endedAtMs) : null,
    retryAt: state === 'waiting' && record.attempts > 0 ? instant(dueAtMs) : null,
    expiresAt: isOver(record) ? instant(expiresAtMs) : null,
    attempts: record.attempts,
    interruptions: record.interruptions,
    bytes: spec.body?.bytes ?? null,
    progress: state === 'running' ? progress : null,
    // What ingest itself has answered.
    receipt: record.receipt as IngestReceipt | null,
    error: record.error,
  }
}

export interface PagePlace {
  readonly limit: number
  readonly pageToken: string | undefined
}

/** A page of jobs, newest first. Its token names the last one, so jobs that come and go skip none. */
export function cutPage(records: readonly JobRecord[], { limit, pageToken }: PagePlace) {
  const last = pageToken === undefined ? undefined : parseToken(pageToken)
  const rest = last === undefined ? records : records.filter((record) => isOlder(record, last))
  const page = rest.slice(0, limit)
  const end = page.at(-1)
  const nextPageToken = end === undefined || rest.length <= limit ? null : toToken(end)
  return { records: page, nextPageToken }
}

type Place = Pick<JobRecord, 'submittedAtMs' | 'id'>

function isOlder(record: Place, than: Place): boolean {
  if (record.submittedAtMs !== than.submittedAtMs) return record.submittedAtMs < than.submittedAtMs
  return record.id < than.id
}

function toToken({ submittedAtMs, id }: Place): string {
  return `${submittedAtMs}.${id}`
}

function parseToken(text: string): Place {
  const [, ms, id] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(text) ?? []
  if (ms !== undefined && id !== undefined) return { submittedAtMs: Number(ms), id }
  throw new HyperMeshError('invalid', 'pageToken is none that a list of jobs has given')
}

function instant(ms: number): string {
  return new Date(ms).toISOString()
}
