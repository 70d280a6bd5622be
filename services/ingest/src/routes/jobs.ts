import { HyperMeshError, type Job, jobListQuery, jobQuery, routePath } from '@hypermesh/contract'
import { type App, mountRoute, readQuery, type Visit } from '@hypermesh/kit'
import { z } from 'zod'
import type { Jobs } from '../jobs/jobs.ts'

const pageDefault = 100

export function mountJobs(app: App, jobs: Jobs): void {
  mountRoute(app, 'listJobs', async (c) => {
    const { limit = pageDefault, pageToken, ...filter } = readQuery(c, jobListQuery)
    const { jobListMax } = c.var.limits
    const place = { limit: Math.min(limit, jobListMax), pageToken }
    const { state, table, submittedBy } = filter
    return c.json(await jobs.list(c.var.principal, { state, table, submittedBy }, place))
  })
  mountRoute(app, 'getJob', async (c) => {
    const { waitMs } = readQuery(c, jobQuery)
    const wait =
      waitMs === undefined
        ? undefined
        : AbortSignal.any([
            c.var.signal,
            AbortSignal.timeout(Math.min(waitMs, c.var.limits.jobWaitMsMax)),
          ])
    return c.json(await jobs.get(c.var.principal, readId(c), wait))
  })
  mountRoute(app, 'cancelJob', async (c) => c.json(await jobs.cancel(c.var.principal, readId(c))))
  mountRoute(app, 'retryJob', async (c) => c.json(await jobs.retry(c.var.principal, readId(c))))
  mountRoute(app, 'deleteJob', async (c) => {
    await jobs.remove(c.var.principal, readId(c))
    return c.body(null, 204)
  })
}

/** Whether the client asks to be answered before the work is done (RFC 7240). */
export function prefersAsync(c: Visit): boolean {
  const preferences = (c.req.header('prefer') ?? '').split(',')
  return preferences.some((text) => text.split(';')[0]?.trim().toLowerCase() === 'respond-async')
}

export function accepted(c: Visit, job: Job): Response {
  return c.json(job, 202, {
    location: routePath('getJob', { jobId: job.id }),
    ...(prefersAsync(c) ? { 'preference-applied': 'respond-async' } : {}),
  })
}

function readId(c: Visit): string {
  const id = z.uuid().safeParse(c.req.param('jobId'))
  if (id.success) return id.data
  throw new HyperMeshError('invalid', 'a job id is a UUID')
}
