import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'
import {
  hasErrno,
  removeDurable,
  syncDirectory,
  toStorageError,
  writeDurable,
} from '@hypermesh/object-store'
import { type JobRecord, jobRecord } from './job-record.ts'

const what = 'record of a job'
const namePattern = /^([0-9a-f-]{36})\.(\d{6})\.json$/

/**
 * Jobs as numbered files, `<id>.<revision>.json`, each the whole job. A revision is taken by creating
 * its file exclusively, so of two processes that move a job at once one loses, and no lock can be left
 * behind. A job is what stands behind its first revision: without that, the rest is on its way out.
 */
export class JobFiles {
  readonly #directory: string
  readonly #temporary: string

  constructor(directory: string, temporary: string) {
    this.#directory = directory
    this.#temporary = temporary
  }

  /** The revisions of each job, ascending; also of one that is half removed. */
  async list(): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>()
    for (const name of (await this.#names()).sort()) {
      const [, id, revision] = namePattern.exec(name) ?? []
      if (id === undefined) continue
      const revisions = found.get(id) ?? []
      revisions.push(Number(revision))
      found.set(id, revisions)
    }
    return found
  }

  async read(id: string, revision: number): Promise<JobRecord | undefined> {
    let text: string
    try {
      text = await readFile(this.#path(id, revision), 'utf8')
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return undefined
      throw toStorageError(error, what, 'none')
    }
    try {
      const record = jobRecord.parse(JSON.parse(text))
      if (record.id === id && record.revision === revision) return record
    } catch (cause) {
      throw new HyperMeshError('corrupt', `revision ${revision} of job ${id} is damaged`, { cause })
    }
    throw new HyperMeshError('corrupt', `revision ${revision} of job ${id} is of another`)
  }

  /** False where another process has taken the revision, or has removed the job. */
  async create(record: JobRecord): Promise<boolean> {
    const { id, revision } = record
    try {
      await writeDurable(this.#path(id, revision), `${JSON.stringify(record)}\n`, {
        mode: 'create',
        temporary: this.#temporary,
        permissions: 0o600,
        what,
      })
    } catch (error) {
      if (error instanceof HyperMeshError && error.code === 'exists') return false
      throw error
    }
    if (revision === 1 || (await this.read(id, 1)) !== undefined) return true
    // It was removed in between, this revision's own file too: what was just written is a stray.
    await removeDurable(this.#path(id, revision), what)
    return false
  }

  /** Makes every record that can be read durable: who wrote it may not have come to that. */
  async sync(): Promise<void> {
    await syncDirectory(this.#directory, what)
  }

  /** The first goes first: from then on the job is gone, whatever is left of it. */
  async remove(id: string, revisions: readonly number[]): Promise<void> {
    for (const revision of revisions) await removeDurable(this.#path(id, revision), what)
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#directory)
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return []
      throw toStorageError(error, what, 'none')
    }
  }

  #path(id: string, revision: number): string {
    return join(this.#directory, `${id}.${String(revision).padStart(6, '0')}.json`)
  }
}
