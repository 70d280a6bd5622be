import { HyperMeshError, type Limits } from '@hypermesh/contract'
import type { Clock, Logger } from '@hypermesh/kit'
import { JobFiles } from './job-files.ts'
import { JobIndex } from './job-index.ts'
import type { JobHandlers, JobQueue } from './job-queue.ts'
import { hasEnded, isOver, type JobRecord, type NewJob, newRecord, revise } from './job-record.ts'
import { JobRunner } from './job-runner.ts'

export interface EmbeddedQueueOptions {
  readonly directory: string
  /** This process's own; its siblings are those of the other processes on the directory. */
  readonly temporary: string
  readonly limits: Limits
  readonly clock: Clock
  readonly logger: Logger
}

const pollMs = 1000
const racesMax = 100

/** The queue of a platform without a server beside it: jobs are files of the data directory. */
export class EmbeddedQueue implements JobQueue {
  readonly #options: EmbeddedQueueOptions
  readonly #index: JobIndex
  readonly #runner: JobRunner
  #poll: NodeJS.Timeout | undefined
  #polling: Promise<void> = Promise.resolve()

  private constructor(options: EmbeddedQueueOptions) {
    this.#options = options
    this.#index = new JobIndex(
      new JobFiles(options.directory, options.temporary),
      options.temporary,
    )
    this.#runner = new JobRunner({ ...options, index: this.#index })
  }

  static async open(options: EmbeddedQueueOptions): Promise<EmbeddedQueue> {
    const queue = new EmbeddedQueue(options)
    await queue.#index.refreshAll()
    await queue.#expire()
    return queue
  }

  async add(job: NewJob): Promise<JobRecord> {
    await this.#expire()
    const record = newRecord(job, this.#options.clock.nowMs())
    const added = await this.#index.advance(record)
    const known = added ?? (await this.#index.refreshDurable(job.id))
    if (known === undefined) {
      throw new HyperMeshError('conflict', 'the job was just deleted; submit it again')
    }
    this.#runner.wake()
    return known
  }

  async get(id: string): Promise<JobRecord | undefined> {
    return visible(await this.#index.refresh(id))
  }

  async list(): Promise<readonly JobRecord[]> {
    await this.#index.refreshIfShared()
    return this.#index.all().filter((record) => visible(record) !== undefined)
  }

  async waitForEnd(id: string, signal: AbortSignal): Promise<JobRecord | undefined> {
    for (;;) {
      const change = nextChange(this.#index, id, signal)
      const record = await this.get(id)
      if (record === undefined || hasEnded(record) || signal.aborted) {
        change.stop()
        return record
      }
      await change.happened
    }
  }

  async cancel(id: string): Promise<JobRecord> {
    const { clock } = this.#options
    const record = await this.#change(id, (job) => {
      if (isOver(job) || job.cancelRequested) return undefined
      if (job.state === 'running') return revise(job, { cancelRequested: true })
      // What was never tried has changed nothing; else an attempt finds out what has landed.
      return job.attempts === 0
        ? revise(job, { state: 'cancelled', endedAtMs: clock.nowMs() })
        : revise(job, { state: 'waiting', cancelRequested: true, dueAtMs: clock.nowMs() })
    })
    this.#runner.wake()
    return record
  }

  async retry(id: string): Promise<JobRecord> {
    const record = await this.#change(id, (job) => {
      if (job.state !== 'parked') throw wrongState(job, 'only a parked job is tried again')
      return revise(job, {
        state: 'waiting',
        attempts: 0,
        interruptions: 0,
        endedAtMs: null,
        dueAtMs: this.#options.clock.nowMs(),
      })
    })
    this.#runner.wake()
    return record
  }

  async remove(id: string): Promise<void> {
    await this.#change(id, (job) => {
      if (!hasEnded(job)) throw wrongState(job, 'cancel it first')
      return revise(job, { state: 'deleted' })
    })
    await this.#index.remove(id)
  }

  start(handlers: JobHandlers): void {
    this.#runner.start(handlers)
    this.#poll = setInterval(() => {
      this.#polling = this.#polling.then(() => this.#look())
    }, pollMs)
    this.#poll.unref()
  }

  counts(): ReadonlyMap<JobRecord['state'], number> {
    const counts = new Map<JobRecord['state'], number>()
    for (const { state } of this.#index.all()) counts.set(state, (counts.get(state) ?? 0) + 1)
    return counts
  }

  /** Stops what runs; it waits then, for the next process to take it up. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#poll)
    await this.#polling
    await this.#runner[Symbol.asyncDispose]()
  }

  async #look(): Promise<void> {
    try {
      await this.#index.refreshIfShared()
      await this.#expire()
      this.#runner.wake()
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the jobs could not be looked through')
    }
  }

  /** Moves a job to the revision that `next` makes of it; undefined leaves it as it is. */
  async #change(id: string, next: (job: JobRecord) => JobRecord | undefined): Promise<JobRecord> {
    for (let race = 0; race < racesMax; race += 1) {
      const job = await this.get(id)
      if (job === undefined) throw new HyperMeshError('not_found', `no job ${id}`)
      const changed = next(job)
      if (changed === undefined) return job
      const advanced = await this.#index.advance(changed)
      if (advanced !== undefined) return advanced
    }
    throw new HyperMeshError('conflict', `job ${id} changes too fast; try again`)
  }

  /** Forgets what ended too long ago, or before too many others. Parked jobs wait for a person. */
  async #expire(): Promise<void> {
    const { limits, clock } = this.#options
    const endedAtLeastMs = clock.nowMs() - limits.jobHours * 3_600_000
    const ended = this.#index
      .all()
      .filter(isOver)
      .sort((left, right) => (right.endedAtMs ?? 0) - (left.endedAtMs ?? 0))
    for (const [place, job] of ended.entries()) {
      const isDue = (job.endedAtMs ?? 0) < endedAtLeastMs || place >= limits.jobsEndedMax
      if (job.state === 'deleted') await this.#index.remove(job.id)
      else if (isDue) await this.remove(job.id)
    }
  }
}

function visible(record: JobRecord | undefined): JobRecord | undefined {
  return record?.state === 'deleted' ? undefined : record
}

function wrongState({ id, state }: JobRecord, advice: string): HyperMeshError {
  return new HyperMeshError('conflict', `job ${id} is ${state}; ${advice}`, {
    details: { reason: 'job-state', state },
  })
}

/** The next change of a job or the abort of the signal, watched for from the call on. */
function nextChange(index: JobIndex, id: string, signal: AbortSignal) {
  let settle = () => {}
  const happened = new Promise<void>((resolve) => {
    settle = resolve
  })
  const watching = index.watch(id, () => stop())
  const stop = () => {
    watching[Symbol.dispose]()
    signal.removeEventListener('abort', stop)
    settle()
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return { happened, stop }
}
