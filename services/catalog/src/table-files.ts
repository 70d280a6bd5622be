import { randomUUID } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  HyperMeshError,
  type ObjectPage,
  parseJson,
  stringifyJson,
  type TableMetadata,
  tableMetadata,
} from '@hypermesh/contract'
import type { Warehouse } from '@hypermesh/iceberg'
import type { Logger } from '@hypermesh/kit'
import { z } from 'zod'

const cacheBytesMax = 64 * 1024 * 1024

/** The files of one attempt to commit: every name has the token, so a crash leaves no stranger. */
export interface Attempt {
  readonly token: string
  readonly location: string
  /** Deletes the note; the files stay, a record names them. */
  keep(): Promise<void>
  /** Deletes what the attempt wrote. Requires: no record names it, and none ever will. */
  discard(): Promise<void>
}

const attemptNote = z.object({ token: z.uuid(), location: z.string(), seq: z.number().int() })
/** `seq` is the catalog's position when the attempt began. */
export type AttemptNote = z.infer<typeof attemptNote>

interface TableFilesOptions {
  readonly warehouse: Warehouse
  readonly temporary: string
  readonly logger: Logger
}

/** Metadata files of tables: read through a cache, written under an attempt. */
export class TableFiles {
  readonly #warehouse: Warehouse
  readonly #temporary: string
  readonly #logger: Logger
  readonly #cache = new Map<string, { readonly metadata: TableMetadata; readonly bytes: number }>()
  #cacheBytes = 0

  constructor(options: TableFilesOptions) {
    this.#warehouse = options.warehouse
    this.#temporary = options.temporary
    this.#logger = options.logger
  }

  /** Metadata files are immutable, so their location is the cache's key. */
  async read(metadataLocation: string): Promise<TableMetadata> {
    const cached = this.#cache.get(metadataLocation)
    if (cached !== undefined) {
      this.#cache.delete(metadataLocation)
      this.#cache.set(metadataLocation, cached)
      return cached.metadata
    }
    const bytes = await this.#warehouse.store.read(this.#warehouse.toKey(metadataLocation))
    const metadata = decode(bytes, metadataLocation)
    this.#remember(metadataLocation, metadata, bytes.length)
    return metadata
  }

  /** Writes the next metadata file of a table and returns its location. */
  async write(attempt: Attempt, metadata: TableMetadata, previous: string | undefined) {
    const version = previous === undefined ? 0 : versionOf(previous) + 1
    const name = `${String(version).padStart(5, '0')}-${attempt.token}.metadata.json`
    const location = `${attempt.location}/metadata/${name}`
    const bytes = new TextEncoder().encode(stringifyJson(metadata))
    await this.#warehouse.store.put(this.#warehouse.toKey(location), bytes, { ifNoneMatch: '*' })
    this.#remember(location, metadata, bytes.length)
    return location
  }

  /**
   * Notes, before anything is written, where an attempt will write. Should the process die, the
   * next start finds the note among its leavings and deletes what no record names.
   */
  async begin(location: string, seq: number): Promise<Attempt> {
    const token = randomUUID()
    const note = join(this.#temporary, `commit-${token}.json`)
    await writeFile(note, JSON.stringify({ token, location, seq }))
    return {
      token,
      location,
      keep: () => rm(note, { force: true }),
      discard: async () => {
        await this.#deleteByToken(location, token)
        await rm(note, { force: true })
      },
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
      for (const name of await readdir(directory)) {
        if (!/^commit-[0-9a-f-]+\.json$/.test(name)) continue
        const attempt = parseNote(await readFile(join(directory, name), 'utf8'))
        if (attempt === undefined || (await isCommitted(attempt))) continue
        await this.#deleteByToken(attempt.location, attempt.token)
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

  async #deleteByToken(location: string, token: string): Promise<void> {
    const { store } = this.#warehouse
    const prefix = `${this.#warehouse.toKey(location)}/metadata/`
    let after: string | null = ''
    while (after !== null) {
      const page: ObjectPage = await store.list({ prefix, after, limit: 1000 })
      const ours = page.objects.filter((object) => object.key.includes(token))
      for (const object of ours) await store.delete(object.key)
      after = page.next
    }
  }

  #remember(location: string, metadata: TableMetadata, bytes: number): void {
    this.#cache.set(location, { metadata, bytes })
    this.#cacheBytes += bytes
    for (const [oldest, entry] of this.#cache) {
      if (this.#cacheBytes <= cacheBytesMax || this.#cache.size === 1) return
      this.#cache.delete(oldest)
      this.#cacheBytes -= entry.bytes
    }
  }
}

function decode(bytes: Uint8Array, location: string): TableMetadata {
  try {
    return tableMetadata.parse(parseJson(new TextDecoder().decode(bytes)))
  } catch (error) {
    throw new HyperMeshError('corrupt', `${location} is no table metadata`, { cause: error })
  }
}

/** The number that a metadata file's name starts with; 0 for one named otherwise. */
function versionOf(metadataLocation: string): number {
  return Number(/\/(\d+)-[^/]*\.metadata\.json$/.exec(metadataLocation)?.[1] ?? 0)
}

/** A note cut short by a crash: nothing was written yet, as the note comes first. */
function parseNote(text: string): AttemptNote | undefined {
  try {
    return attemptNote.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
