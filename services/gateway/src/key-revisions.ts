import { mkdir, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HyperMeshError, keyRecord } from '@hypermesh/contract'
import { hasErrno, removeDurable, syncDirectory, writeDurable } from '@hypermesh/object-store'
import { z } from 'zod'

const storedKey = keyRecord.extend({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })
export type StoredKey = Readonly<z.infer<typeof storedKey>>

const revisionFile = z.object({
  formatVersion: z.literal(1),
  revision: z.number().int().min(1),
  keys: z.array(storedKey),
})

export interface KeyRevision {
  readonly revision: number
  readonly keys: readonly StoredKey[]
}

const readsMax = 100
const revisionsKept = 2

/**
 * The keys as numbered files, each the whole list; the greatest number counts. A number is taken
 * by creating its file exclusively, so of two processes that change the list at once one starts anew
 * from what the other wrote, and there is no lock that a killed process could leave behind.
 */
export class KeyRevisions {
  readonly #directory: string
  readonly #temporary: string

  constructor(directory: string, temporary: string) {
    this.#directory = directory
    this.#temporary = temporary
  }

  /** Zero where there is none. */
  async newest(): Promise<number> {
    const [newest = 0] = await this.#numbers()
    return newest
  }

  async read(): Promise<KeyRevision> {
    for (let attempt = 0; attempt < readsMax; attempt++) {
      const revision = await this.newest()
      if (revision === 0) return { revision, keys: [] }
      const text = await this.#text(revision)
      // Absent: a newer one was written and this one removed in between.
      if (text !== undefined) return parseRevision(text, revision)
    }
    throw new HyperMeshError('unavailable', 'the list of keys changes too fast to be read')
  }

  /** Throws `exists` where the number is taken. */
  async create({ revision, keys }: KeyRevision): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    // A revision is lost with its directory, so that is durable first.
    await syncDirectory(dirname(this.#directory), 'keys')
    const body = `${JSON.stringify({ formatVersion: 1, revision, keys }, null, 2)}\n`
    await writeDurable(this.#path(revision), body, {
      mode: 'create',
      temporary: this.#temporary,
      permissions: 0o600,
      what: 'the list of keys',
    })
  }

  /** Drops what the newest has replaced; the last few stay for a person to look at. */
  async prune(): Promise<void> {
    const numbers = await this.#numbers()
    for (const revision of numbers.slice(revisionsKept)) {
      await removeDurable(this.#path(revision), 'an old list of keys')
    }
  }

  // The greatest first.
  async #numbers(): Promise<number[]> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return []
      throw error
    })
    return names
      .flatMap((name) => (/^\d{20}\.json$/.test(name) ? [Number.parseInt(name, 10)] : []))
      .sort((a, b) => b - a)
  }

  async #text(revision: number): Promise<string | undefined> {
    try {
      return await readFile(this.#path(revision), 'utf8')
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return undefined
      throw error
    }
  }

  #path(revision: number): string {
    return join(this.#directory, `${String(revision).padStart(20, '0')}.json`)
  }
}

function parseRevision(text: string, revision: number): KeyRevision {
  try {
    const parsed = revisionFile.parse(JSON.parse(text))
    if (parsed.revision === revision) return parsed
  } catch (error) {
    throw new HyperMeshError('corrupt', `the list of keys, revision ${revision}, is damaged`, {
      cause: error,
    })
  }
  throw new HyperMeshError('corrupt', `the list of keys has another revision than ${revision}`)
}
