import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { HyperMeshError, type Limits } from '@hypermesh/contract'
import type { AnalyticsReply, AnalyticsTask } from './analytics-worker.ts'
import type { Outcome, Progress } from './computation.ts'

/** What somebody who has a thread may do with it. */
export interface AnalyticsThread extends Disposable {
  run(task: AnalyticsTask, onProgress?: (progress: Progress) => void): Promise<Outcome>
}

interface Waiting {
  readonly grant: () => void
  readonly refuse: (reason: unknown) => void
}

/**
 * Threads that compute measures, a bounded number of them, made when they are needed. A run that is
 * given up ends with its thread: so that every loop of every measure can be stopped at any place.
 */
export class AnalyticsThreads implements AsyncDisposable {
  readonly #limits: Limits
  readonly #idle: Worker[] = []
  readonly #all = new Set<Worker>()
  readonly #queue: Waiting[] = []
  #lent = 0
  #isClosed = false

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /**
   * A thread for one run, before its data are read: so that the memory of runs is bounded with their
   * number. @throws HyperMeshError `unavailable` where too many wait
   */
  async take(signal: AbortSignal): Promise<AnalyticsThread> {
    signal.throwIfAborted()
    if (this.#isClosed) throw closing()
    if (this.#lent < this.#limits.graphAnalyticsConcurrencyMax) this.#lent++
    else await this.#wait(signal)
    let isReturned = false
    return {
      run: (task, onProgress) => this.#run(task, signal, onProgress),
      [Symbol.dispose]: () => {
        if (isReturned) return
        isReturned = true
        const next = this.#queue.shift()
        if (next === undefined) this.#lent--
        else next.grant()
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    for (const { refuse } of this.#queue.splice(0)) refuse(closing())
    await Promise.all([...this.#all].map((worker) => worker.terminate()))
  }

  #wait(signal: AbortSignal): Promise<void> {
    const { graphAnalyticsQueueMax: queueMax } = this.#limits
    if (this.#queue.length >= queueMax) {
      throw new HyperMeshError('unavailable', `${queueMax} runs of measures wait already`, {
        details: { limit: 'graph_analytics_queue_max', queueMax },
      })
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1)
        reject(signal.reason)
      }
      const waiting: Waiting = {
        grant: () => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        },
        refuse: (reason) => {
          signal.removeEventListener('abort', onAbort)
          reject(reason)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#queue.push(waiting)
    })
  }

  async #run(
    task: AnalyticsTask,
    signal: AbortSignal,
    onProgress: ((progress: Progress) => void) | undefined,
  ): Promise<Outcome> {
    signal.throwIfAborted()
    if (this.#isClosed) throw closing()
    const worker = this.#idle.pop() ?? this.#start()
    worker.ref()
    try {
      const outcome = await reply(worker, task, { signal, onProgress })
      worker.unref()
      this.#idle.push(worker)
      return outcome
    } catch (error) {
      // It may still be computing, or be broken; another one is made when it is needed.
      this.#all.delete(worker)
      await worker.terminate()
      if (this.#isClosed) throw closing()
      throw error
    }
  }

  #start(): Worker {
    const { graphAnalyticsHeapMbMax: maxOldGenerationSizeMb } = this.#limits
    const worker = startWorker({ resourceLimits: { maxOldGenerationSizeMb } })
    worker.unref()
    this.#all.add(worker)
    worker.once('exit', () => {
      this.#all.delete(worker)
      const at = this.#idle.indexOf(worker)
      if (at >= 0) this.#idle.splice(at, 1)
    })
    // Whoever waits for an answer hears of it as well; an idle one is only replaced.
    worker.on('error', () => undefined)
    return worker
  }
}

/** What runs from sources has a worker in TypeScript, which a thread cannot load by itself. */
function startWorker(options: WorkerOptions): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./analytics-worker.js', import.meta.url), options)
  }
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'))
  const loader = new URL('./dist/esm/api/index.mjs', tsx).href
  const file = new URL('./analytics-worker.ts', import.meta.url).href
  const load = `import('${loader}').then((tsx) => { tsx.register(); return import('${file}') })`
  return new Worker(load, { ...options, eval: true })
}

function reply(
  worker: Worker,
  task: AnalyticsTask,
  { signal, onProgress }: { signal: AbortSignal; onProgress: ((p: Progress) => void) | undefined },
): Promise<Outcome> {
  return new Promise<Outcome>((resolve, reject) => {
    const end = (settle: () => void) => {
      worker.off('message', onMessage)
      worker.off('error', onError)
      worker.off('exit', onExit)
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const onMessage = (said: AnalyticsReply) => {
      if ('progress' in said) onProgress?.(said.progress)
      else if ('outcome' in said) end(() => resolve(said.outcome))
      else end(() => reject(toError(said)))
    }
    const onError = (error: Error) => end(() => reject(toThreadError(error)))
    const onExit = () => end(() => reject(closing()))
    const onAbort = () => end(() => reject(signal.reason))
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.on('exit', onExit)
    signal.addEventListener('abort', onAbort, { once: true })
    worker.postMessage(task)
  })
}

function toError(said: Exclude<AnalyticsReply, { progress: unknown } | { outcome: unknown }>) {
  if ('failure' in said) return new Error(said.failure)
  const { code, message, details } = said.refusal
  return new HyperMeshError(code, message, { details })
}

function toThreadError(error: Error): Error {
  const { code } = error as { readonly code?: unknown }
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY') return error
  const message = 'this takes more memory than a run may have; narrow the window'
  const details = { limit: 'graph_analytics_heap_mb_max' }
  return new HyperMeshError('too_large', message, { details, cause: error })
}

function closing(): HyperMeshError {
  return new HyperMeshError('unavailable', 'the service is being closed')
}
