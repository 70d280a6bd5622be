import { HyperMeshError, type Limits, type VectorPointId } from '@hypermesh/contract'
import type { LogEntry } from './write-ahead-log.ts'

/** What a write came to when its turn was there: what the log is to have, and what is then to be done. */
export interface PreparedWrite<Reply> {
  /** Undefined: there is nothing to do. */
  readonly entry: LogEntry | undefined
  apply(sequence: number): Promise<Reply>
}

export interface Write<Reply> {
  /** Whom it concerns; undefined where that is only known when it is prepared. */
  readonly ids: ReadonlySet<VectorPointId> | undefined
  /** That it holds while it waits. */
  readonly bytes: number
  readonly signal: AbortSignal
  /** Checks it against what the index holds now; throws where it cannot be. */
  prepare(): PreparedWrite<Reply>
}

interface Job {
  readonly write: Write<unknown> | undefined
  readonly run: (() => Promise<unknown>) | undefined
  resolve(value: unknown): void
  reject(error: unknown): void
}

interface PreparedJob extends Job {
  readonly prepared: PreparedWrite<unknown>
}

export interface IndexWriterOptions {
  readonly limits: Limits
  readonly pending: PendingBytes
  /** Makes the entries durable; returns the sequence of the first. */
  commit(entries: readonly LogEntry[]): Promise<number>
  /** After each group. */
  onWritten(): void
}

/** The bytes of writes that wait, of all indexes together. */
export class PendingBytes {
  #bytes = 0
  readonly #bytesMax: number

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  take(bytes: number): void {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) {
      throw busy(`writes of ${this.#bytesMax} bytes wait, the limit vector_write_bytes_max`)
    }
    this.#bytes += bytes
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}

const groupBytesMax = 64 * 1024 * 1024

/**
 * The one door of writes to an index. Those that wait are made durable together, by one sync, then
 * done one after the other; none is seen before it is durable. Two that concern one point never stand
 * in one group, as the second is checked against what the first leaves.
 */
export class IndexWriter {
  readonly #options: IndexWriterOptions
  readonly #jobs: Job[] = []
  #running: Promise<void> | undefined
  #closed: HyperMeshError | undefined

  constructor(options: IndexWriterOptions) {
    this.#options = options
  }

  async write<Reply>(write: Write<Reply>): Promise<Reply> {
    const { limits, pending } = this.#options
    if (this.#jobs.length >= limits.vectorWritesQueueMax) {
      throw busy(`${limits.vectorWritesQueueMax} writes of this index wait`)
    }
    pending.take(write.bytes)
    try {
      // What its own `apply` returns.
      return (await this.#enqueue({ write, run: undefined })) as Reply
    } finally {
      pending.give(write.bytes)
    }
  }

  /** Runs it while no write is under way. */
  async alone<T>(run: () => Promise<T>): Promise<T> {
    // What `run` itself returns.
    return (await this.#enqueue({ write: undefined, run })) as T
  }

  /** Lets what waits end, and refuses the rest. */
  async close(reason: HyperMeshError): Promise<void> {
    this.#closed = reason
    await this.#running
  }

  #enqueue(job: Pick<Job, 'write' | 'run'>): Promise<unknown> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => {
      this.#jobs.push({ ...job, resolve, reject })
      this.#running ??= this.#drain()
    })
  }

  async #drain(): Promise<void> {
    // Those that come in this turn of the event loop become one group.
    await undefined
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      if (job.run === undefined) await this.#writeGroup()
      else {
        this.#jobs.shift()
        await job.run().then(job.resolve, job.reject)
      }
    }
    // In the same step that saw nothing left, or a job that comes now would wait for ever.
    this.#running = undefined
  }

  async #writeGroup(): Promise<void> {
    const group = this.#takeGroup()
    const entries = group.flatMap(({ prepared }) => prepared.entry ?? [])
    let sequence: number
    try {
      sequence = entries.length === 0 ? 0 : await this.#options.commit(entries)
    } catch (error) {
      for (const { reject } of group) reject(error)
      return
    }
    for (const { prepared, resolve, reject } of group) {
      await prepared.apply(sequence).then(resolve, reject)
      if (prepared.entry !== undefined) sequence += 1
    }
    this.#options.onWritten()
  }

  #takeGroup(): PreparedJob[] {
    const group: PreparedJob[] = []
    const touched = new Set<VectorPointId>()
    let bytes = 0
    for (let job = this.#jobs[0]; job?.write !== undefined; job = this.#jobs[0]) {
      const { write, reject } = job
      const { ids } = write
      const isApart =
        ids === undefined || meets(ids, touched) || bytes + write.bytes > groupBytesMax
      if (group.length > 0 && isApart) break
      this.#jobs.shift()
      try {
        write.signal.throwIfAborted()
        group.push({ ...job, prepared: write.prepare() })
        bytes += write.bytes
      } catch (error) {
        reject(error)
        continue
      }
      if (ids === undefined) break
      for (const id of ids) touched.add(id)
    }
    return group
  }
}

function meets(ids: ReadonlySet<VectorPointId>, touched: ReadonlySet<VectorPointId>): boolean {
  if (touched.size === 0) return false
  for (const id of ids) if (touched.has(id)) return true
  return false
}

function busy(why: string): HyperMeshError {
  return new HyperMeshError('unavailable', `${why}; try again later`, {
    details: { retryAfterSeconds: 1 },
  })
}
