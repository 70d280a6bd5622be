import type { Metrics } from '@hypermesh/kit'
import type { JobQueue } from './job-queue.ts'
import type { JobRecord } from './job-record.ts'

/** Shows what waits, runs and is parked; what it returns counts an attempt that has ended. */
export function measureJobs(
  metrics: Metrics,
  queue: JobQueue,
): (state: JobRecord['state']) => void {
  for (const state of ['waiting', 'running', 'parked'] as const) {
    metrics.gauge({
      name: `hypermesh_jobs_${state}`,
      help: `Jobs that are ${state}.`,
      collect: () => queue.counts().get(state) ?? 0,
    })
  }
  const ends = metrics.counter({
    name: 'hypermesh_jobs_total',
    help: 'Attempts at jobs by how they ended; waiting: to be tried again.',
    labelNames: ['result'],
  })
  return (result) => ends.inc({ result })
}
