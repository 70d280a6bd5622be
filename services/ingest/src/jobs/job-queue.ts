import type { JobRecord, NewJob } from './job-record.ts'

/** Does what a job says. What it throws ends the attempt; `settleOnly`: find out, do nothing new. */
export type JobWork = (
  job: JobRecord,
  attempt: { readonly signal: AbortSignal; readonly settleOnly: boolean },
) => Promise<Readonly<Record<string, unknown>>>

export interface JobHandlers {
  readonly work: JobWork
  /** Called once its end is durable; not after a crash in between. */
  readonly ended: (job: JobRecord) => Promise<void>
}

/**
 * Where jobs wait and what becomes of them; which of several processes runs one is the queue's to
 * decide. The files that jobs load are no part of it. Ids, work and results are plain JSON, so that a
 * queue of another make (BullMQ on Redis) can stand behind it.
 */
export interface JobQueue extends AsyncDisposable {
  /** Durable when it returns. A job of this id that is there already is returned in its place. */
  add(job: NewJob): Promise<JobRecord>
  get(id: string): Promise<JobRecord | undefined>
  /** Newest first. */
  list(): Promise<readonly JobRecord[]>
  /** The job when it has ended, or as it is at the signal; undefined once it is deleted. */
  waitForEnd(id: string, signal: AbortSignal): Promise<JobRecord | undefined>
  /** Of a job that has ended nothing changes. A running one ends soon, unless it lands before. */
  cancel(id: string): Promise<JobRecord>
  /** Requires: it is parked. Throws `conflict` otherwise. */
  retry(id: string): Promise<JobRecord>
  /** Requires: it has ended or is parked. Throws `conflict` otherwise. */
  remove(id: string): Promise<void>
  /** Begins to run jobs. */
  start(handlers: JobHandlers): void
  /** How many there are in each state, as far as is known without looking. */
  counts(): ReadonlyMap<JobRecord['state'], number>
}
