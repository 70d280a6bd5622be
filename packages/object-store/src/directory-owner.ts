import { readdir, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'
import { removeDurable, writeDurable } from './durable-file.ts'
import { isOwnerAlive } from './liveness.ts'
import { hasErrno } from './storage-error.ts'

/** Who has a directory: numbered claims, each created exclusively, the highest of which counts. */
interface Claim {
  /** Its directory below tmp/, which shows whether it lives. Null: it has let go. */
  readonly instance: string | null
  readonly pid: number
  readonly hostname: string
}

const claimFile = /^(\d{20})\.json$/
const racesMax = 100

export interface DirectoryOwnerOptions {
  /** For the claims. */
  readonly directory: string
  /** Of the data directory, and this process's own below it. */
  readonly paths: { readonly root: string; readonly temporary: string }
  /** Names in messages what is claimed, as `the vector indexes`. */
  readonly subject: string
}

/**
 * Makes something of a data directory this process's own, where two processes that write it would ruin
 * it. A process that has died is told by its socket, so nothing needs to be removed by hand.
 */
export class DirectoryOwner {
  readonly #directory: string
  readonly #paths: DirectoryOwnerOptions['paths']
  readonly #subject: string
  readonly #instance: string
  #number = 0

  constructor({ directory, paths, subject }: DirectoryOwnerOptions) {
    this.#directory = directory
    this.#paths = paths
    this.#subject = subject
    this.#instance = basename(paths.temporary)
  }

  /** Throws `unavailable`, naming the holder, where another process that lives has it. */
  async claim(): Promise<void> {
    for (let race = 0; race < racesMax; race += 1) {
      const number = await this.#newest()
      const holder = await this.#read(number)
      if (holder === 'gone') continue
      await this.#assertFree(holder)
      if (!(await this.#create(number + 1, this.#instance))) continue
      if ((await this.#newest()) !== number + 1) {
        // Ours filled a gap behind what others did meanwhile.
        await removeDurable(this.#pathOf(number + 1), this.#what)
        continue
      }
      this.#number = number + 1
      await this.#removeBelow(this.#number)
      return
    }
    throw new HyperMeshError('unavailable', `several processes start on ${this.#subject} at once`)
  }

  async release(): Promise<void> {
    if (this.#number === 0) return
    const number = this.#number
    this.#number = 0
    try {
      if (await this.#create(number + 1, null)) await this.#removeBelow(number + 1)
    } catch {
      // The directory may be gone. A claim that stays is that of a dead process, which counts for nothing.
    }
  }

  async #assertFree(holder: Claim | undefined): Promise<void> {
    if (holder === undefined || holder.instance === null || holder.instance === this.#instance)
      return
    if (!(await isOwnerAlive(join(this.#paths.root, 'tmp', holder.instance)))) return
    throw new HyperMeshError(
      'unavailable',
      `${this.#subject} of this data directory are served by process ${holder.pid} on ${holder.hostname}; stop it, or ask it`,
      { details: { pid: holder.pid, hostname: holder.hostname } },
    )
  }

  async #newest(): Promise<number> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return []
      throw error
    })
    return Math.max(0, ...names.map((name) => Number(claimFile.exec(name)?.[1] ?? 0)))
  }

  /** `gone` where a newer one has taken its place since. */
  async #read(number: number): Promise<Claim | 'gone' | undefined> {
    if (number === 0) return undefined
    try {
      return JSON.parse(await readFile(this.#pathOf(number), 'utf8')) as Claim
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return 'gone'
      throw error
    }
  }

  /** False where another was quicker. */
  async #create(number: number, instance: string | null): Promise<boolean> {
    const claim: Claim = { instance, pid: process.pid, hostname: hostname() }
    const { temporary } = this.#paths
    try {
      const body = `${JSON.stringify(claim)}\n`
      await writeDurable(this.#pathOf(number), body, {
        mode: 'create',
        temporary,
        what: this.#what,
      })
      return true
    } catch (error) {
      if (error instanceof HyperMeshError && error.code === 'exists') return false
      throw error
    }
  }

  async #removeBelow(number: number): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const older = Number(claimFile.exec(name)?.[1] ?? number)
      if (older < number) await removeDurable(join(this.#directory, name), this.#what)
    }
  }

  get #what(): string {
    return `the claim on ${this.#subject}`
  }

  #pathOf(number: number): string {
    return join(this.#directory, `${String(number).padStart(20, '0')}.json`)
  }
}
