import type { RouteContract } from '../route-contract.ts'
import { job, jobListQuery, jobPage, jobQuery } from './jobs.ts'

export const jobRoutes = {
  listJobs: {
    method: 'GET',
    path: '/v1/jobs',
    service: 'ingest',
    access: 'writer',
    summary: 'jobs, newest first; one’s own, or with an admin key all',
    query: jobListQuery,
    reply: jobPage,
    status: 200,
  },
  getJob: {
    method: 'GET',
    path: '/v1/jobs/:jobId',
    service: 'ingest',
    access: 'writer',
    summary: 'a job; waitMs waits for its end',
    query: jobQuery,
    reply: job,
    status: 200,
  },
  cancelJob: {
    method: 'POST',
    path: '/v1/jobs/:jobId/cancel',
    service: 'ingest',
    access: 'writer',
    summary: 'cancel a job that has not ended; a load that has landed stays',
    reply: job,
    status: 200,
  },
  retryJob: {
    method: 'POST',
    path: '/v1/jobs/:jobId/retry',
    service: 'ingest',
    access: 'writer',
    summary: 'try a parked job again',
    reply: job,
    status: 200,
  },
  deleteJob: {
    method: 'DELETE',
    path: '/v1/jobs/:jobId',
    service: 'ingest',
    access: 'writer',
    summary: 'forget a job that has ended or is parked, and its file',
    status: 204,
  },
} as const satisfies Record<string, RouteContract>
