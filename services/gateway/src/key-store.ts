import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type CreatedKey,
  type CreateKeyRequest,
  HyperMeshError,
  type KeyRecord,
  printable,
} from '@hypermesh/contract'
import type { Clock, Logger } from '@hypermesh/kit'
import { syncDirectory, writeDurable } from '@hypermesh/object-store'
import { type KeyRevision, KeyRevisions, type StoredKey } from './key-revisions.ts'
import { formatKey, hashSecret, isSecretOf, type KeyText, mintKey, parseKey } from './key-text.ts'

export interface KeyStoreOptions {
  /** `<data>/keys`. */
  readonly directory: string
  readonly temporary: string
  readonly keysMax: number
  readonly clock: Clock
  readonly logger: Logger
}

/** How old our view of the keys may be; what another process revokes is refused after that. */
const freshMs = 100
const changesMax = 1000
const hashOfNone = hashSecret('')

/** The API keys of a data directory, which several processes may share. Only hashes are stored. */
export class KeyStore {
  readonly #options: KeyStoreOptions
  readonly #revisions: KeyRevisions
  #current: KeyRevision = { revision: 0, keys: [] }
  #byId: ReadonlyMap<string, StoredKey> = new Map()
  #checkedAtMs = Number.NEGATIVE_INFINITY
  /** Secrets that were found right, with their hashes; a key that is revoked is refused all the same. */
  readonly #proved = new Map<string, string>()
  // Changes of this process queue here, so that they race only those of others.
  #lastChange: Promise<unknown> = Promise.resolve()

  private constructor(options: KeyStoreOptions) {
    this.#options = options
    this.#revisions = new KeyRevisions(join(options.directory, 'revisions'), options.temporary)
  }

  /** Opens the store; the first to do so on a data directory mints an admin key into `admin.key`. */
  static async open(options: KeyStoreOptions): Promise<KeyStore> {
    const store = new KeyStore(options)
    await mkdir(options.directory, { recursive: true, mode: 0o700 })
    await syncDirectory(dirname(options.directory), 'data directory')
    await store.#refresh(0)
    if (store.#current.revision === 0) await store.#bootstrap()
    return store
  }

  /** The key that the text proves, revoked or not. */
  async find({ id, secret }: KeyText): Promise<StoredKey | undefined> {
    if (!this.#isFresh(freshMs)) await this.#refresh(freshMs)
    // One that we do not know may have been made by another process just now.
    if (!this.#byId.has(id)) await this.#refresh(0)
    const key = this.#byId.get(id)
    if (key !== undefined && this.#proved.get(secret) === key.sha256) return key
    // An unknown id takes as long as a wrong secret.
    if (!isSecretOf(secret, key?.sha256 ?? hashOfNone) || key === undefined) return undefined
    if (this.#proved.size >= this.#options.keysMax) this.#proved.clear()
    this.#proved.set(secret, key.sha256)
    return key
  }

  async list(): Promise<KeyRecord[]> {
    await this.#refresh(0)
    return this.#current.keys.map(withoutHash)
  }

  async create(request: CreateKeyRequest): Promise<CreatedKey> {
    const text = mintKey()
    const key: StoredKey = {
      id: text.id,
      name: request.name,
      role: request.role,
      cidrs: request.cidrs ?? [],
      createdAt: this.#now(),
      revokedAt: null,
      sha256: hashSecret(text.secret),
    }
    await this.#change((keys) => {
      if (keys.some(({ id }) => id === key.id)) return undefined
      const { keysMax } = this.#options
      if (keys.length >= keysMax) {
        throw new HyperMeshError('too_large', `there are ${keysMax} keys, the limit keys_max`)
      }
      return [...keys, key]
    })
    return { ...withoutHash(key), secret: formatKey(text) }
  }

  async revoke(id: string): Promise<KeyRecord> {
    const revokedAt = this.#now()
    await this.#change((keys) => {
      const key = keys.find((other) => other.id === id)
      if (key === undefined) throw new HyperMeshError('not_found', `no key ${printable(id)}`)
      if (key.revokedAt !== null) return undefined
      assertAdminRemains(keys, key)
      return keys.map((other) => (other === key ? { ...key, revokedAt } : other))
    })
    const key = this.#byId.get(id)
    if (key === undefined) throw new HyperMeshError('not_found', `no key ${printable(id)}`)
    return withoutHash(key)
  }

  /**
   * Applies a change to the newest list. `change` returns undefined where its effect is there
   * already; since keys are never dropped from the list, that also tells whether a number that we
   * created was the next one, or filled a gap behind what others wrote meanwhile.
   */
  #change(change: (keys: readonly StoredKey[]) => StoredKey[] | undefined): Promise<void> {
    const result = this.#lastChange.then(() => this.#changeUntilDone(change))
    this.#lastChange = result.catch(() => undefined)
    return result
  }

  async #changeUntilDone(
    change: (keys: readonly StoredKey[]) => StoredKey[] | undefined,
  ): Promise<void> {
    for (let attempt = 0; attempt < changesMax; attempt++) {
      await this.#refresh(0)
      const keys = change(this.#current.keys)
      if (keys === undefined) return
      const revision = this.#current.revision + 1
      try {
        await this.#revisions.create({ revision, keys })
      } catch (error) {
        if (error instanceof HyperMeshError && error.code === 'exists') continue
        throw error
      }
      if ((await this.#revisions.newest()) === revision) this.#adopt({ revision, keys })
      await this.#revisions.prune()
    }
    throw new HyperMeshError('conflict', 'the keys are changed by others all the time; try again')
  }

  #isFresh(ageMsMax: number): boolean {
    return this.#options.clock.monotonicMs() - this.#checkedAtMs < ageMsMax
  }

  async #refresh(ageMsMax: number): Promise<void> {
    if (this.#isFresh(ageMsMax)) return
    // Before the look, so that of many requests at once one looks.
    this.#checkedAtMs = this.#options.clock.monotonicMs()
    const newest = await this.#revisions.newest()
    if (newest > this.#current.revision) this.#adopt(await this.#revisions.read())
  }

  // Reads may end in another order than they began.
  #adopt(read: KeyRevision): void {
    if (read.revision <= this.#current.revision) return
    this.#current = read
    this.#byId = new Map(read.keys.map((key) => [key.id, key]))
  }

  // The file comes first and is created once, so whoever starts at the same time, or after a crash
  // between the two writes, lists the same key.
  async #bootstrap(): Promise<void> {
    const path = join(this.#options.directory, 'admin.key')
    const text = await this.#adminKey(path)
    const key: StoredKey = {
      id: text.id,
      name: 'admin',
      role: 'admin',
      cidrs: [],
      createdAt: this.#now(),
      revokedAt: null,
      sha256: hashSecret(text.secret),
    }
    await this.#change((keys) => (keys.length > 0 ? undefined : [key]))
    this.#options.logger.info({ keyId: text.id, file: path }, 'admin key ready')
  }

  async #adminKey(path: string): Promise<KeyText> {
    const { temporary } = this.#options
    try {
      await writeDurable(path, `${formatKey(mintKey())}\n`, {
        mode: 'create',
        temporary,
        permissions: 0o600,
        what: 'the admin key',
      })
    } catch (error) {
      if (!(error instanceof HyperMeshError && error.code === 'exists')) throw error
    }
    const key = parseKey((await readFile(path, 'utf8')).trim())
    if (key) return key
    throw new HyperMeshError(
      'invalid',
      `${path} holds no key, and none are listed; remove the file and start again`,
    )
  }

  #now(): string {
    return new Date(this.#options.clock.nowMs()).toISOString()
  }
}

function assertAdminRemains(keys: readonly StoredKey[], revoked: StoredKey): void {
  const isActiveAdmin = (key: StoredKey) => key.role === 'admin' && key.revokedAt === null
  if (keys.some((key) => key !== revoked && isActiveAdmin(key)) || !isActiveAdmin(revoked)) return
  throw new HyperMeshError(
    'precondition',
    `key ${revoked.id} is the last active admin key; create another one before revoking it`,
  )
}

function withoutHash({ sha256: _, ...record }: StoredKey): KeyRecord {
  return record
}
