import { randomUUID } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectPage } from '@hypermesh/contract'
import type { Warehouse } from '@hypermesh/iceberg'
import type { Logger } from '@hypermesh/kit'
import { hasErrno, toStorageError } from '@hypermesh/object-store'
import { z } from 'zod'

/** The files of one attempt to commit: every name has the token, so a crash leaves no stranger. */
export interface Attempt {
  readonly token: string
  /** Store keys of what it wrote, to be deleted should it be discarded. */
  readonly written: string[]
  /** Deletes the note; the files stay, a record names them. */
  keep(): Promise<void>
  /** Deletes what the attempt wrote. Requires: no record names it, and none ever will. */
  discard(): Promise<void>
}

/** Where an attempt writes, and the catalog's position when it began. */
export interface AttemptPlace {
  /** Of the tables and views. */
  readonly locations: readonly string[]
  /** Of each, where it writes; by default where metadata lies. */
  readonly directories?: readonly string[]
  readonly seq: number
}

const metadataOnly = ['metadata']
const attemptNote = z.object({
  token: z.uuid(),
  locations: z.array(z.string()),
  directories: z.array(z.string()).default(metadataOnly),
  seq: z.number().int(),
})
type AttemptNote = z.infer<typeof attemptNote>

interface AttemptsOptions {
  readonly warehouse: Warehouse
  readonly temporary: string
  readonly logger: Logger
}

/** Attempts to commit: what each writes is either named by a record or deleted again. */
export class Attempts {
  readonly #warehouse: Warehouse
  readonly #temporary: string
  readonly #logger: Logger

  constructor(options: AttemptsOptions) {
    this.#warehouse = options.warehouse
    this.#temporary = options.temporary
    this.#logger = options.logger
  }

  /**
   * Runs what writes the files of a commit; when it throws, they are deleted again. Before anything
   * is written a note says where: should the process die, the next start finds the note among its
   * leavings and deletes what no record names.
   */
  async run<T>(place: AttemptPlace, write: (attempt: Attempt) => Promise<T>): Promise<T> {
    const attempt = await this.#begin(place)
    try {
      return await write(attempt)
    } catch (error) {
      // What was written may not be noted yet: look for it.
      await this.#deleteByToken(place, attempt.token)
        .then(() => attempt.keep())
        .catch((failure: unknown) => {
          this.#logger.warn({ err: failure, ...place }, 'files of a failed commit not deleted')
        })
      throw error
    }
  }

  /**
   * Deletes what dead processes wrote and never committed. Their commits cannot land any more, so
   * the log, read from where the attempt began, decides.
   */
  async recover(
    abandoned: readonly string[],
    isCommitted: (note: AttemptNote) => Promise<boolean>,
  ): Promise<void> {
    for (const directory of abandoned) {
      for (const path of await listNotes(directory)) {
        const note = await readNote(path)
        if (note === undefined || (await isCommitted(note))) continue
        await this.#deleteByToken(note, note.token)
      }
    }
  }

  /** Best effort: a file that cannot be deleted is only space. */
  async deleteAll(locations: readonly string[]): Promise<void> {
    for (const location of locations) {
      try {
        await this.#warehouse.store.delete(this.#warehouse.toKey(location))
      } catch (error) {
        this.#logger.warn({ err: error, location }, 'file not deleted')
      }
    }
  }

  async #begin(place: AttemptPlace): Promise<Attempt> {
    const token = randomUUID()
    const note = join(this.#temporary, `commit-${token}.json`)
    try {
      // Not synced: after a power failure what it points to is only space.
      await writeFile(note, JSON.stringify({ token, ...place }))
    } catch (error) {
      throw toStorageError(error, 'note of a commit', 'none')
    }
    const forget = () => rm(note, { force: true }).catch(() => undefined)
    const written: string[] = []
    return {
      token,
      written,
      keep: forget,
      discard: async () => {
        try {
          for (const key of written) await this.#warehouse.store.delete(key)
          await forget()
        } catch (error) {
          // The note stays, so the next start deletes them.
          this.#logger.warn({ err: error, ...place }, 'files of a lost commit not deleted')
        }
      },
    }
  }

  async #deleteByToken(
    { locations, directories = metadataOnly }: AttemptPlace,
    token: string,
  ): Promise<void> {
    for (const location of locations) {
      for (const name of directories) await this.#deleteIn(`${location}/${name}`, token)
    }
  }

  async #deleteIn(directory: string, token: string): Promise<void> {
    const { store } = this.#warehouse
    const prefix = `${this.#warehouse.toKey(directory)}/`
    let after: string | null = ''
    while (after !== null) {
      const page: ObjectPage = await store.list({ prefix, after, limit: 1000 })
      const ours = page.objects.filter((object) => object.key.includes(token))
      for (const object of ours) await store.delete(object.key)
      after = page.next
    }
  }
}

/** None where another process, starting at the same time, has recovered and removed them. */
async function listNotes(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory)
    const notes = names.filter((name) => /^commit-[0-9a-f-]+\.json$/.test(name))
    return notes.map((name) => join(directory, name))
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return []
    throw toStorageError(error, 'notes of a dead process', 'none')
  }
}

/** Undefined for a note that was cut short: nothing was written yet, as the note comes first. */
async function readNote(path: string): Promise<AttemptNote | undefined> {
  try {
    return attemptNote.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    const isCut = error instanceof SyntaxError || error instanceof z.ZodError
    if (isCut || hasErrno(error, 'ENOENT')) return undefined
    throw toStorageError(error, 'note of a dead process', 'none')
  }
}
