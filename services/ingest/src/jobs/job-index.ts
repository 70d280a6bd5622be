import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isOwnerAlive } from '@hypermesh/object-store'
import type { JobFiles } from './job-files.ts'
import { byAge, type JobRecord } from './job-record.ts'

/**
 * What this process knows of the jobs: the newest revision of each that it has seen. Kept level with
 * the files, which several processes may write.
 */
export class JobIndex {
  readonly #files: JobFiles
  readonly #own: string
  readonly #temporary: string
  readonly #jobs = new Map<string, JobRecord>()
  readonly #watchers = new Map<string, Set<() => void>>()
  #hadOthers = true

  /** `temporary` is this process's own directory, beside those of the others. */
  constructor(files: JobFiles, temporary: string) {
    this.#files = files
    this.#own = basename(temporary)
    this.#temporary = dirname(temporary)
  }

  /** What this process signs its jobs with. */
  get own(): string {
    return this.#own
  }

  get(id: string): JobRecord | undefined {
    return this.#jobs.get(id)
  }

  /** Newest first. */
  all(): JobRecord[] {
    return [...this.#jobs.values()].sort(byAge)
  }

  /** Writes the next revision of a job. Undefined: another process was first, see `refresh`. */
  async advance(record: JobRecord): Promise<JobRecord | undefined> {
    if (!(await this.#files.create(record))) return undefined
    this.#set(record)
    return record
  }

  /** The job as the files have it now. */
  async refresh(id: string): Promise<JobRecord | undefined> {
    let newest = this.#jobs.get(id)
    for (let revision = newest?.revision ?? 1; ; revision += 1) {
      const read = await this.#files.read(id, revision)
      if (read === undefined) {
        // The one that was known has gone: so has the job.
        if (revision === newest?.revision) newest = undefined
        break
      }
      newest = read
    }
    if (newest === undefined) this.#forget(id)
    else this.#set(newest)
    return newest
  }

  /** Reads what is new in the files, and removes what is left of jobs that are gone. */
  async refreshAll(): Promise<void> {
    const listed = await this.#files.list()
    for (const id of this.#jobs.keys()) if (!listed.has(id)) this.#forget(id)
    for (const [id, revisions] of listed) {
      const strays = revisions.filter((revision, index) => revision !== index + 1)
      if (strays.length > 0) await this.#files.remove(id, strays)
      const newest = revisions.length - strays.length
      if (newest === 0) this.#forget(id)
      else if (this.#jobs.get(id)?.revision !== newest) await this.refresh(id)
    }
  }

  /** As `refresh`; what it returns is durable, also where another's write of it failed half way. */
  async refreshDurable(id: string): Promise<JobRecord | undefined> {
    const record = await this.refresh(id)
    if (record !== undefined) await this.#files.sync()
    return record
  }

  /** As `refreshAll`, unless no other process has used the directory since the last time. */
  async refreshIfShared(): Promise<void> {
    const hasOthers = (await this.#instances()).some((name) => name !== this.#own)
    const mayHaveChanged = hasOthers || this.#hadOthers
    this.#hadOthers = hasOthers
    if (mayHaveChanged) await this.refreshAll()
  }

  async remove(id: string): Promise<void> {
    const revisions = (await this.#files.list()).get(id) ?? []
    await this.#files.remove(id, revisions)
    this.#forget(id)
  }

  async isAlive(owner: string): Promise<boolean> {
    return owner === this.#own || isOwnerAlive(join(this.#temporary, owner))
  }

  /** Calls back at the next change of the job; dispose to stop. */
  watch(id: string, onChange: () => void): Disposable {
    const watchers = this.#watchers.get(id) ?? new Set()
    watchers.add(onChange)
    this.#watchers.set(id, watchers)
    return {
      [Symbol.dispose]: () => {
        watchers.delete(onChange)
        if (watchers.size === 0) this.#watchers.delete(id)
      },
    }
  }

  async #instances(): Promise<string[]> {
    return (await readdir(this.#temporary)).filter((name) => !name.startsWith('.'))
  }

  #set(record: JobRecord): void {
    const known = this.#jobs.get(record.id)
    if (known !== undefined && known.revision >= record.revision) return
    this.#jobs.set(record.id, record)
    this.#notify(record.id)
  }

  #forget(id: string): void {
    if (this.#jobs.delete(id)) this.#notify(id)
  }

  #notify(id: string): void {
    for (const onChange of [...(this.#watchers.get(id) ?? [])]) onChange()
  }
}
