import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import {
  formatTableName,
  HyperMeshError,
  hasRole,
  type Job,
  type JobPage,
  type JobState,
  type Limits,
  type Principal,
  printable,
} from '@hypermesh/contract'
import { ConcurrencyGate, type Metrics } from '@hypermesh/kit'
import { commitIdOf } from '../content-identity.ts'
import type { Ingest, LoadRequest } from '../ingest.ts'
import { LoadProgress } from '../load-progress.ts'
import type { JobBodies, JobBody } from './job-bodies.ts'
import { measureJobs } from './job-figures.ts'
import type { JobQueue, JobWork } from './job-queue.ts'
import { isOver, type JobRecord, type NewJob } from './job-record.ts'
import { cutPage, type PagePlace, toJob } from './job-reply.ts'

export interface JobsOptions {
  readonly queue: JobQueue
  readonly bodies: JobBodies
  readonly ingest: Ingest
  readonly limits: Limits
  readonly metrics: Metrics
}

/** A submission on its way in. */
interface Incoming extends Disposable {
  bytes: number
}

export interface JobFilter {
  readonly state: JobState | undefined
  readonly table: string | undefined
  readonly submittedBy: string | undefined
}

/** Loads that are accepted first and done later, each in the name of whoever submitted it. */
export class Jobs implements AsyncDisposable {
  readonly #options: JobsOptions
  readonly #progress = new Map<string, LoadProgress>()
  /** Bounds the uploads that come in at once. */
  readonly #uploads: ConcurrencyGate
  /** What is coming in and no job stands for yet. */
  readonly #incoming = new Set<Incoming>()
  readonly #countEnd: (state: JobRecord['state']) => void

  constructor(options: JobsOptions) {
    this.#options = options
    const { limits, metrics, queue } = options
    this.#uploads = new ConcurrencyGate({
      name: 'job uploads',
      concurrencyMax: limits.ingestConcurrencyMax + limits.ingestQueueMax,
      queueMax: 0,
    })
    this.#countEnd = measureJobs(metrics, queue)
  }

  /** Removes files that no job needs, then begins to run jobs. */
  async start(): Promise<void> {
    const { bodies, queue } = this.#options
    await bodies.sweep(async () => namedBodies(await queue.list()))
    queue.start({ work: this.#work, ended: (record) => this.#onEnded(record) })
  }

  /** Accepted when it returns: the file and what to do with it survive a crash. */
  async submit(request: LoadRequest): Promise<Job> {
    const { queue, bodies, ingest } = this.#options
    const { context, body, source } = request
    if (source !== undefined) await ingest.assertSource(source)
    using _place = await this.#uploads.enter(context.signal)
    using incoming = this.#receive()
    const bytesMax = await this.#room()
    if (body === undefined) return this.#toSame(await queue.add(toNewJob(request, null)), request)
    await using kept = await bodies.keep(this.#withinRoom(body, bytesMax, incoming), context.signal)
    const { name } = kept.body
    const record = await queue.add(toNewJob(request, kept.body)).catch(async (error: unknown) => {
      const hasNoEffect = error instanceof HyperMeshError && error.effect === 'none'
      if (hasNoEffect) await bodies.remove(name)
      throw error
    })
    // Another submission under this key was first: its file counts.
    if (record.spec.body?.name !== name) await bodies.remove(name)
    return this.#toSame(record, request, kept.body.sha256)
  }

  async get(principal: Principal, id: string, wait?: AbortSignal): Promise<Job> {
    const { queue } = this.#options
    const record = await this.#find(principal, id)
    const now = wait === undefined ? record : await queue.waitForEnd(id, wait)
    if (now === undefined) throw noJob(id)
    return this.#toJob(now)
  }

  async list(principal: Principal, filter: JobFilter, place: PagePlace): Promise<JobPage> {
    const isAdmin = hasRole(principal, 'admin')
    if (filter.submittedBy !== undefined && filter.submittedBy !== principal.keyId && !isAdmin) {
      throw new HyperMeshError('forbidden', 'the jobs of other keys are for admins to see')
    }
    const keyId = filter.submittedBy ?? (isAdmin ? undefined : principal.keyId)
    const table = filter.table?.toLowerCase()
    const found = (await this.#options.queue.list()).filter(
      (record) =>
        (keyId === undefined || record.spec.principal.keyId === keyId) &&
        (filter.state === undefined || record.state === filter.state) &&
        (table === undefined || record.spec.table.toLowerCase() === table),
    )
    const { records, nextPageToken } = cutPage(found, place)
    return { jobs: records.map((record) => this.#toJob(record)), nextPageToken }
  }

  async cancel(principal: Principal, id: string): Promise<Job> {
    await this.#find(principal, id)
    const record = await this.#options.queue.cancel(id)
    if (record.state !== 'running') await this.#dropBody(record)
    return this.#toJob(record)
  }

  async retry(principal: Principal, id: string): Promise<Job> {
    await this.#find(principal, id)
    return this.#toJob(await this.#options.queue.retry(id))
  }

  async remove(principal: Principal, id: string): Promise<void> {
    const { spec } = await this.#find(principal, id)
    await this.#options.queue.remove(id)
    if (spec.body !== null) await this.#options.bodies.remove(spec.body.name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.queue[Symbol.asyncDispose]()
  }

  readonly #work: JobWork = async (job, { signal, settleOnly }) => {
    const { ingest, bodies } = this.#options
    const { principal, idempotencyKey, load, body } = job.spec
    const progress = new LoadProgress()
    this.#progress.set(job.id, progress)
    try {
      return await ingest.load({
        // Written by `toSpec`, below.
        ...(load as Pick<
          LoadRequest,
          'table' | 'mode' | 'again' | 'layout' | 'badRows' | 'hints' | 'types'
        >),
        ...(body === null ? {} : { kept: { ...body, path: bodies.path(body.name) } }),
        context: { principal, signal, requestId: `job-${job.id}` },
        idempotencyKey,
        settleOnly,
        progress,
      })
    } finally {
      this.#progress.delete(job.id)
    }
  }

  /** The job that the queue has under the request's id, provided that it is to do the same. */
  #toSame(record: JobRecord, request: LoadRequest, sha256?: string): Job {
    const { spec } = record
    const isSame =
      spec.body?.sha256 === sha256 && isDeepStrictEqual(spec.load, toPlainLoad(request))
    if (isSame) return this.#toJob(record)
    throw new HyperMeshError(
      'key_reused',
      'this Idempotency-Key was used for another job; use a key of its own for each',
      { details: { reason: 'idempotency-key-reused' } },
    )
  }

  /** How many bytes all that comes in may bring; throws where there are too many jobs. */
  async #room(): Promise<number> {
    const { queue, limits } = this.#options
    const kept = (await queue.list()).filter((record) => !isOver(record))
    const jobs = kept.length + this.#incoming.size - 1
    if (jobs >= limits.jobsMax) {
      throw new HyperMeshError(
        'unavailable',
        `${jobs} jobs wait, run or are parked; try again later`,
        { details: { jobsMax: limits.jobsMax, retryAfterSeconds: 5 } },
      )
    }
    const bytes = kept.reduce((sum, { spec }) => sum + (spec.body?.bytes ?? 0), 0)
    return limits.jobBytesMax - bytes
  }

  #receive(): Incoming {
    const incoming = { bytes: 0, [Symbol.dispose]: () => void this.#incoming.delete(incoming) }
    this.#incoming.add(incoming)
    return incoming
  }

  /** Uploads that come in at once share what room there is. */
  async *#withinRoom(
    bytes: AsyncIterable<Uint8Array>,
    bytesMax: number,
    incoming: Incoming,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      incoming.bytes += chunk.byteLength
      const all = [...this.#incoming].reduce((sum, one) => sum + one.bytes, 0)
      if (all > bytesMax) {
        throw new HyperMeshError(
          'unavailable',
          'the files of waiting jobs leave no room for this',
          {
            details: { limit: 'job_bytes_max', bytesLeft: bytesMax, retryAfterSeconds: 60 },
          },
        )
      }
      yield chunk
    }
  }

  async #find(principal: Principal, id: string): Promise<JobRecord> {
    const record = await this.#options.queue.get(id)
    const isOwn = record?.spec.principal.keyId === principal.keyId
    // Whether a job of somebody else exists is not told.
    if (record === undefined || !(isOwn || hasRole(principal, 'admin'))) throw noJob(id)
    return record
  }

  async #onEnded(record: JobRecord): Promise<void> {
    this.#countEnd(record.state)
    await this.#dropBody(record)
  }

  async #dropBody(record: JobRecord): Promise<void> {
    const { bodies } = this.#options
    if (isOver(record) && record.spec.body !== null) await bodies.remove(record.spec.body.name)
  }

  #toJob(record: JobRecord): Job {
    const { limits } = this.#options
    return toJob(record, this.#progress.get(record.id)?.read() ?? null, limits)
  }
}

/** The same for the same caller, table and key; else a new one. */
function idOf({ context, table, idempotencyKey }: LoadRequest): string {
  if (idempotencyKey === undefined) return randomUUID()
  const { keyId } = context.principal
  const name = `job ${formatTableName(table)}`
  return commitIdOf({ keyId, table: name, idempotencyKey }, 0)
}

function toNewJob(request: LoadRequest, body: JobBody | null): NewJob {
  const { context, table, mode, idempotencyKey } = request
  const id = idOf(request)
  const { keyId, name, role } = context.principal
  return {
    id,
    spec: {
      table: formatTableName(table),
      mode,
      principal: { keyId, name, role },
      idempotencyKey: idempotencyKey ?? `job-${id}`,
      load: toPlainLoad(request),
      body,
    },
  }
}

/** What is told of the load, as it comes back from a file. */
function toPlainLoad(request: LoadRequest): Record<string, unknown> {
  const { context: _, body: __, idempotencyKey: ___, ...load } = request
  return JSON.parse(JSON.stringify(load))
}

function namedBodies(records: readonly JobRecord[]): ReadonlySet<string> {
  const needed = records.filter((record) => !isOver(record))
  return new Set(needed.flatMap(({ spec }) => (spec.body === null ? [] : [spec.body.name])))
}

function noJob(id: string): HyperMeshError {
  return new HyperMeshError('not_found', `no job ${printable(id)}`)
}
