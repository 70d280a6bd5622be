import { type Job, routes } from '@hypermesh/contract'
import type { JobClient } from './job-client.ts'
import { loadCall, tableText } from './load-methods.ts'
import { callForAccepted, callForReply } from './reply.ts'
import type { CallOptions, Transport } from './transport.ts'

/** Below the deadline that a request usually has. */
const waitMs = 20_000

export function jobMethods(transport: Transport): JobClient {
  const getJob: JobClient['getJob'] = (jobId, { waitMs: wait, ...options } = {}) =>
    callForReply(transport, {
      id: 'getJob',
      parameters: { jobId },
      query: { waitMs: wait },
      options,
    })
  return {
    submitIngest: async (table, request, options) => {
      const { query, ...call } = loadCall(request)
      const parameters = { table: tableText(table) }
      return callForAccepted(
        transport,
        { id: 'ingest', parameters, query: { ...query, async: 'true' }, ...call, options },
        routes.ingest.accepted,
      )
    },
    listJobs: (query, options) => {
      return callForReply(transport, { id: 'listJobs', query: { ...query }, options })
    },
    getJob,
    waitForJob: (jobId, options) => waitForEnd(getJob, jobId, options),
    cancelJob: (jobId, options) =>
      callForReply(transport, { id: 'cancelJob', parameters: { jobId }, options }),
    retryJob: (jobId, options) =>
      callForReply(transport, { id: 'retryJob', parameters: { jobId }, options }),
    deleteJob: async (jobId, options) => {
      await transport.send({ id: 'deleteJob', parameters: { jobId }, options })
    },
  }
}

async function waitForEnd(
  getJob: JobClient['getJob'],
  id: string,
  options: CallOptions | undefined,
): Promise<Job> {
  for (;;) {
    const job = await getJob(id, { ...options, waitMs })
    if (job.state !== 'waiting' && job.state !== 'running') return job
  }
}
