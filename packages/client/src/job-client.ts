import type { Job, JobPage, JobState } from '@hypermesh/contract'
import type { LoadRequest, TableReference } from './client.ts'
import type { CallOptions } from './transport.ts'

export interface JobListQuery {
  readonly state?: JobState
  readonly table?: string
  readonly submittedBy?: string
  readonly limit?: number
  readonly pageToken?: string
}

/** Loads that run as jobs. */
export interface JobClient {
  /**
   * Sends a file to be loaded later: a job, once the server keeps the file.
   *
   * @example const { id } = await client.submitIngest('main.cars', { body: csv, format: 'csv' })
   */
  submitIngest(table: TableReference, request: LoadRequest, options?: CallOptions): Promise<Job>
  /** A page of jobs, newest first: one's own, with an admin key everybody's. */
  listJobs(query?: JobListQuery, options?: CallOptions): Promise<JobPage>
  /** A job; with `waitMs` when it has ended, or as it is after so long. */
  getJob(id: string, options?: CallOptions & { readonly waitMs?: number }): Promise<Job>
  /** Waits until the job has succeeded, was cancelled, or is parked. Bound it by the signal. */
  waitForJob(id: string, options?: CallOptions): Promise<Job>
  /** Asks a job to end without loading. What has landed stays: look at the state that it ends in. */
  cancelJob(id: string, options?: CallOptions): Promise<Job>
  /** Tries a parked job again. */
  retryJob(id: string, options?: CallOptions): Promise<Job>
  /** Forgets a job that has ended or is parked, and its file. */
  deleteJob(id: string, options?: CallOptions): Promise<void>
}
