import { once } from 'node:events'
import { HyperMeshError, type Limits, toErrorBody } from '@hypermesh/contract'
import { type Clock, type Logger, toHyperMeshError } from '@hypermesh/kit'
import type { JobIndex } from './job-index.ts'
import type { JobHandlers } from './job-queue.ts'
import { type JobRecord, revise } from './job-record.ts'

export interface JobRunnerOptions {
  readonly index: JobIndex
  readonly limits: Limits
  readonly clock: Clock
  readonly logger: Logger
}

type Outcome =
  | { readonly receipt: Readonly<Record<string, unknown>> }
  | { readonly error: HyperMeshError }

interface Run {
  readonly stop: AbortController
  readonly ended: Promise<void>
}

const stopMs = 10_000
const recordRetryMs = 1000
const wakeMsMax = 3_600_000

/** Takes jobs that are due, runs them, and writes down what became of each. */
export class JobRunner {
  readonly #options: JobRunnerOptions
  readonly #runs = new Map<string, Run>()
  readonly #stopping = new AbortController()
  #handlers: JobHandlers | undefined
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> = Promise.resolve()

  constructor(options: JobRunnerOptions) {
    this.#options = options
  }

  start(handlers: JobHandlers): void {
    this.#handlers = handlers
    this.wake()
  }

  /** Looks whether there is something to do: after any change, and when a pause is over. */
  wake(): void {
    const handlers = this.#handlers
    if (handlers === undefined || this.#isStopping) return
    this.#turn = this.#turn
      .then(() => this.#takeUp(handlers))
      .catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'jobs could not be taken up')
        this.#wakeIn(recordRetryMs)
      })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#turn
    const reason = new HyperMeshError('unavailable', 'the service stops', { effect: 'none' })
    for (const { stop } of this.#runs.values()) stop.abort(reason)
    const ended = Promise.all([...this.#runs.values()].map((run) => run.ended))
    await Promise.race([ended, once(AbortSignal.timeout(stopMs), 'abort')])
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  async #takeUp(handlers: JobHandlers): Promise<void> {
    const { index, limits, clock } = this.#options
    for (const job of index.all()) if (job.state === 'running') await this.#attend(job)
    const waiting = index
      .all()
      .filter((job) => job.state === 'waiting')
      .sort(
        (left, right) => left.dueAtMs - right.dueAtMs || left.submittedAtMs - right.submittedAtMs,
      )
    for (const job of waiting) {
      if (this.#isStopping || this.#runs.size >= limits.jobConcurrencyMax) return
      const pauseMs = job.dueAtMs - clock.nowMs()
      if (pauseMs > 0) return this.#wakeIn(pauseMs)
      await this.#claim(job, handlers)
    }
  }

  /** Passes a cancel on to a job that runs here; takes one over whose process has ended. */
  async #attend(job: JobRecord): Promise<void> {
    const { index, limits, clock, logger } = this.#options
    const run = this.#runs.get(job.id)
    if (run !== undefined) {
      if (job.cancelRequested) run.stop.abort(cancelled())
      return
    }
    if (job.owner !== index.own && job.owner !== null && (await index.isAlive(job.owner))) return
    const interruptions = job.interruptions + (job.owner === index.own ? 0 : 1)
    const isPoison = interruptions >= limits.jobInterruptionsMax
    logger.warn({ job: job.id, interruptions, isPoison }, 'a job was interrupted')
    const nowMs = clock.nowMs()
    await index.advance(
      revise(job, {
        state: isPoison ? 'parked' : 'waiting',
        owner: null,
        interruptions,
        dueAtMs: nowMs,
        ...(isPoison
          ? {
              endedAtMs: nowMs,
              error: {
                code: 'internal',
                message: `its process ended ${interruptions} times while it ran`,
              },
            }
          : {}),
      }),
    )
    await index.refresh(job.id)
  }

  async #claim(job: JobRecord, handlers: JobHandlers): Promise<void> {
    const { index, clock } = this.#options
    const claimed = await index.advance(
      revise(job, {
        state: 'running',
        owner: index.own,
        attempts: job.attempts + 1,
        startedAtMs: clock.nowMs(),
      }),
    )
    // Another process has it.
    if (claimed === undefined) {
      await index.refresh(job.id)
      return
    }
    const stop = new AbortController()
    const ended = this.#run(claimed, handlers, stop.signal).finally(() => {
      this.#runs.delete(job.id)
      this.wake()
    })
    this.#runs.set(job.id, { stop, ended })
  }

  async #run(job: JobRecord, handlers: JobHandlers, signal: AbortSignal): Promise<void> {
    const outcome = await this.#attempt(job, handlers, signal)
    // The job stays running until its end is written; should that never be, the next process
    // finds out by the commit id what had become of it.
    for (;;) {
      try {
        const ended = await this.#record(job, outcome)
        if (ended !== undefined) return await handlers.ended(ended)
      } catch (error) {
        this.#options.logger.error({ err: error, job: job.id }, 'the end of a job is not recorded')
        if (this.#isStopping) return
        await pause(recordRetryMs, this.#stopping.signal)
      }
    }
  }

  async #attempt(job: JobRecord, { work }: JobHandlers, signal: AbortSignal): Promise<Outcome> {
    try {
      const receipt = await work(job, { signal, settleOnly: job.cancelRequested })
      return { receipt }
    } catch (error) {
      return { error: toHyperMeshError(error, signal) }
    }
  }

  /** Undefined where the job has moved meanwhile: a cancel was asked for. */
  async #record(run: JobRecord, outcome: Outcome): Promise<JobRecord | undefined> {
    const { index, logger } = this.#options
    const job = await index.refresh(run.id)
    if (job === undefined) {
      // Somebody took its files away: there is nowhere to write its end, now or later.
      logger.warn({ job: run.id }, 'a job vanished while it ran')
      return revise(run, { state: 'deleted', owner: null })
    }
    if (job.state !== 'running' || job.owner !== index.own) return job
    return index.advance(this.#endOf(job, outcome))
  }

  #endOf(job: JobRecord, outcome: Outcome): JobRecord {
    const { clock, limits, logger } = this.#options
    const nowMs = clock.nowMs()
    const left = { owner: null, endedAtMs: nowMs }
    if ('receipt' in outcome) {
      return revise(job, { ...left, state: 'succeeded', receipt: outcome.receipt, error: null })
    }
    const failure = outcome.error
    const { code, message } = toErrorBody(failure, undefined).error
    // Whoever stops the process takes nothing from the job.
    if (this.#isStopping && !job.cancelRequested) {
      const attempts = job.attempts - 1
      return revise(job, { state: 'waiting', owner: null, attempts, dueAtMs: nowMs })
    }
    if (job.cancelRequested && code === 'cancelled' && failure.effect === 'none') {
      return revise(job, { ...left, state: 'cancelled' })
    }
    // Only another attempt can tell what has become of this one.
    const mayPass = failure.retryable || (job.cancelRequested && code === 'cancelled')
    const error = { code, message }
    if (code === 'internal' || code === 'corrupt') {
      logger.error({ err: failure.cause ?? failure, job: job.id }, failure.message)
    }
    if (!mayPass || job.attempts >= limits.jobAttemptsMax) {
      return revise(job, { ...left, state: 'parked', error })
    }
    const pauseMs = Math.min(limits.jobRetryMsMax, limits.jobRetryMs * 2 ** (job.attempts - 1))
    return revise(job, { state: 'waiting', owner: null, error, dueAtMs: nowMs + pauseMs })
  }

  #wakeIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.wake(), Math.min(ms, wakeMsMax))
    this.#timer.unref()
  }
}

/** Nothing has come of the load where this is what ends it. */
function cancelled(): HyperMeshError {
  return new HyperMeshError('cancelled', 'the job was cancelled', { effect: 'none' })
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    timer.unref()
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
