import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type GraphBackup, HyperMeshError, type Limits, parseIdentifier } from '@hypermesh/contract'
import type { DataPaths, Logger } from '@hypermesh/kit'
import { hasErrno, publishDirectory, retireDirectory } from '@hypermesh/object-store'
import type { GraphDatabase } from './graph-database.ts'

export interface GraphBackupsOptions {
  /** Where all of them are; nothing is read or written elsewhere. */
  readonly root: string
  readonly paths: DataPaths
  readonly limits: Limits
  readonly logger: Logger
}

const what = 'the backup'
const directoryName = /^[a-z_][a-z0-9_]{0,63}$/
const draftName = /^\.draft-(.+)-[0-9a-f-]{36}$/

/**
 * Backups, each a directory `<root>/<database>/<backup>`, shown by one rename when it is whole and taken
 * away by another. A draft bears the name of the process that makes it: what a dead one left is swept.
 */
export class GraphBackups {
  readonly #options: GraphBackupsOptions

  constructor(options: GraphBackupsOptions) {
    this.#options = options
  }

  /**
   * Removes what processes of this data directory left when they died, and nothing else. What cannot be read or
   * removed stays for the next start: databases are served all the same.
   */
  async sweep(): Promise<void> {
    const dead = new Set(this.#options.paths.abandoned.map((path) => basename(path)))
    const { root } = this.#options
    await this.#coped(root, async () => {
      for (const database of await namesIn(root)) {
        const directory = join(root, database)
        await this.#coped(directory, () => sweepDrafts(directory, dead))
      }
    })
  }

  async list(database: string): Promise<GraphBackup[]> {
    const names = await this.#names(toName(database))
    return Promise.all(names.map((name) => this.#describe(database, name)))
  }

  /** A consistent copy, while the database is written to. Throws `exists`. */
  async create(database: GraphDatabase, text: string): Promise<GraphBackup> {
    const path = this.#pathOf(database.name, text)
    const names = await this.#names(database.name)
    const name = toName(text)
    if (names.includes(name))
      throw new HyperMeshError('exists', `there is a backup ${name} already`)
    const { graphBackupsMax } = this.#options.limits
    if (names.length >= graphBackupsMax) {
      throw new HyperMeshError('too_large', `a database has at most ${graphBackupsMax} backups`, {
        details: { limit: 'graph_backups_max', backupsMax: graphBackupsMax },
      })
    }
    const draft = this.#draftOf(database.name)
    try {
      await mkdir(join(this.#options.root, database.name), { recursive: true })
      await database.engine.backup(draft)
      await publishDirectory(draft, path, what)
    } finally {
      // Absent after the rename. What stays is swept by the next start.
      await rm(draft, { recursive: true, force: true }).catch(() => undefined)
    }
    return this.#describe(database.name, name)
  }

  /** Throws `not_found`. */
  async remove(database: string, text: string): Promise<void> {
    const path = this.#pathOf(database, text)
    if (await retireDirectory(path, this.#draftOf(toName(database)), what)) return
    throw noBackup(text)
  }

  /** Where the backup is. Throws `not_found`, `invalid_name`. */
  async find(database: string, text: string): Promise<string> {
    const path = this.#pathOf(database, text)
    if ((await this.#names(toName(database))).includes(toName(text))) return path
    throw noBackup(text)
  }

  async #coped(path: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#options.logger.warn({ err: error, path }, 'drafts of backups could not be swept')
    }
  }

  async #names(database: string): Promise<string[]> {
    const names = await namesIn(join(this.#options.root, database)).catch((cause: unknown) => {
      const message = `the backups of ${database} cannot be read`
      throw new HyperMeshError('unavailable', message, { cause })
    })
    return names.filter((name) => directoryName.test(name)).sort()
  }

  async #describe(database: string, name: string): Promise<GraphBackup> {
    const directory = this.#pathOf(database, name)
    const { mtimeMs } = await stat(directory)
    let bytes = 0
    let files = 0
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      bytes += (await stat(join(entry.parentPath, entry.name))).size
      files += 1
    }
    return { backup: name, bytes, files, created_at: new Date(mtimeMs).toISOString() }
  }

  #draftOf(database: string): string {
    const instance = basename(this.#options.paths.temporary)
    return join(this.#options.root, database, `.draft-${instance}-${randomUUID()}`)
  }

  /** Names are identifiers, so no path leads out of the root. */
  #pathOf(database: string, backup: string): string {
    return join(this.#options.root, toName(database), toName(backup))
  }
}

async function sweepDrafts(directory: string, dead: ReadonlySet<string>): Promise<void> {
  for (const name of await namesIn(directory)) {
    const instance = draftName.exec(name)?.[1]
    if (instance === undefined || !dead.has(instance)) continue
    await rm(join(directory, name), { recursive: true, force: true })
  }
}

function toName(text: string): string {
  return parseIdentifier(text).toLowerCase()
}

function noBackup(name: string): HyperMeshError {
  return new HyperMeshError('not_found', `no backup named ${name}`)
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  })
}
