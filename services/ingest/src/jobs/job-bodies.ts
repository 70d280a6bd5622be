import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  hasErrno,
  isOwnerAlive,
  publishDurable,
  removeDurable,
  toStorageError,
} from '@hypermesh/object-store'
import { spoolBody } from '../spool.ts'
import type { JobSpec } from './job-record.ts'

const what = 'file of a job'
const markPrefix = 'job-'

export type JobBody = NonNullable<JobSpec['body']>

/** A file that is kept but that no job names yet. Disposal tells others that it is left to its job. */
export interface KeptBody extends AsyncDisposable {
  readonly body: JobBody
}

/** The files that jobs load. While one comes in, a directory of the process says that it is wanted. */
export class JobBodies {
  readonly #directory: string
  /** Of this process. */
  readonly #temporary: string
  /** Where every process has its own. */
  readonly #allTemporary: string

  constructor(directory: string, temporary: string) {
    this.#directory = directory
    this.#temporary = temporary
    this.#allTemporary = join(temporary, '..')
  }

  path(name: string): string {
    return join(this.#directory, name)
  }

  /** Durable when it returns. */
  async keep(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<KeptBody> {
    const name = randomUUID()
    const mark = join(this.#temporary, `${markPrefix}${name}`)
    const release = () => rm(mark, { recursive: true, force: true })
    try {
      await mkdir(mark).catch((error: unknown) => {
        throw toStorageError(error, what, 'none')
      })
      const file = await spoolBody(bytes, mark, signal)
      signal.throwIfAborted()
      await publishDurable(file.path, this.path(name), { mode: 'create', what })
      const body = { name, bytes: file.bytes, sha256: await file.sha256 }
      return { body, [Symbol.asyncDispose]: release }
    } catch (error) {
      // Should this fail too, the next start finds a file that no job names.
      await removeDurable(this.path(name), what).catch(() => undefined)
      await release()
      throw error
    }
  }

  async remove(name: string): Promise<void> {
    await removeDurable(this.path(name), what)
  }

  /**
   * Removes the files that no job names. Asked in this order, a file is seen as wanted at every moment
   * of its life: first what is there, then who is still receiving, then which jobs there are.
   */
  async sweep(namedByJobs: () => Promise<ReadonlySet<string>>): Promise<void> {
    const kept = await namesIn(this.#directory)
    if (kept.length === 0) return
    const receiving = await this.#receiving()
    const named = await namedByJobs()
    for (const name of kept) {
      if (!receiving.has(name) && !named.has(name)) await this.remove(name)
    }
  }

  async #receiving(): Promise<Set<string>> {
    const receiving = new Set<string>()
    for (const instance of await namesIn(this.#allTemporary)) {
      const path = join(this.#allTemporary, instance)
      const marks = (await namesIn(path)).filter((name) => name.startsWith(markPrefix))
      if (marks.length === 0 || !(await isOwnerAlive(path))) continue
      for (const mark of marks) receiving.add(mark.slice(markPrefix.length))
    }
    return receiving
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw toStorageError(error, what, 'none')
  }
}
