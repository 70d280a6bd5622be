import { type BigIntStats, realpathSync } from 'node:fs'
import { lstat, realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { HyperMeshError, type ObjectHead, type ObjectPage, printable } from '@hypermesh/contract'
import { resolveRange } from './byte-range.ts'
import { makeLevels } from './directory-levels.ts'
import { isEmptyTree, pruneEmptyDirectories, removeEmptyTree } from './directory-pruning.ts'
import { type DurableBody, publishDurable, removeDurable, writeDurable } from './durable-file.ts'
import { listKeys } from './key-listing.ts'
import { parseKeyPrefix, parseObjectKey } from './object-key.ts'
import type {
  GetOptions,
  ListOptions,
  ObjectStore,
  OpenObject,
  PutOptions,
} from './object-store.ts'
import { OpenFile } from './open-file.ts'
import { hasErrno, toStorageError } from './storage-error.ts'

export interface DiskStoreOptions {
  readonly root: string
  /** This process's own directory for drafts, on the root's file system. */
  readonly temporary: string
  readonly keyBytesMax?: number
}

/**
 * Objects as plain files: the key is the path below the root, so that other engines can read them.
 * Hence no object can lie "inside" another: where `a` is one, `a/b` is refused, and the reverse.
 * Symbolic links below the root are never followed; a key that crosses one is refused.
 */
export class DiskStore implements ObjectStore {
  readonly #root: string
  readonly #temporary: string
  readonly #keyBytesMax: number

  constructor({ root, temporary, keyBytesMax = 1024 }: DiskStoreOptions) {
    try {
      makeLevels(resolve(root))
      this.#root = realpathSync(root)
    } catch (error) {
      throw toStorageError(error, 'root of the objects', 'none')
    }
    this.#temporary = temporary
    this.#keyBytesMax = keyBytesMax
  }

  async put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    options: PutOptions = {},
  ): Promise<ObjectHead> {
    const mode = options.ifNoneMatch === '*' ? 'create' : 'replace'
    return this.#place(key, mode, (path, what) =>
      writeDurable(path, body satisfies DurableBody, {
        mode,
        what,
        temporary: this.#temporary,
        ...(options.bytesMax === undefined ? {} : { bytesMax: options.bytesMax }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      }),
    )
  }

  async publish(localFile: string, key: string): Promise<ObjectHead> {
    return this.#place(key, 'create', async (path, what) => {
      const source = await lstat(localFile).catch((error: unknown) => {
        throw toStorageError(error, `file for ${what}`, 'none')
      })
      if (!source.isFile()) throw new HyperMeshError('invalid', `${what}: not a file to publish`)
      return publishDurable(localFile, path, { mode: 'create', what })
    })
  }

  async get(key: string, { range, signal }: GetOptions = {}): Promise<OpenObject> {
    signal?.throwIfAborted()
    const path = this.#pathOf(key)
    await this.#refuseLinks(path, key)
    const file = await OpenFile.open(path, describe(key))
    if (file === undefined) throw new HyperMeshError('not_found', `no ${describe(key)}`)
    try {
      const { start, end } = resolveRange(range, Number(file.stats.size))
      const body = file.bytes({ start, end, signal })
      const close = () => file.close()
      if (signal !== undefined) file.closeOn(signal)
      return { head: toHead(key, file.stats), start, end, body, [Symbol.asyncDispose]: close }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async read(
    key: string,
    {
      bytesMax = Number.MAX_SAFE_INTEGER,
      signal,
    }: { bytesMax?: number; signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    await using object = await this.get(key, signal === undefined ? {} : { signal })
    if (object.head.bytes > bytesMax) {
      throw new HyperMeshError('too_large', `${describe(key)} is larger than ${bytesMax} bytes`)
    }
    const whole = new Uint8Array(object.head.bytes)
    let offset = 0
    for await (const chunk of object.body) {
      whole.set(chunk, offset)
      offset += chunk.length
    }
    return whole
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    const path = this.#pathOf(key)
    await this.#refuseLinks(path, key)
    const stats = await statOrAbsent(path, describe(key))
    return stats?.isFile() ? toHead(key, stats) : undefined
  }

  async list({ prefix = '', after = '', limit }: ListOptions): Promise<ObjectPage> {
    parseKeyPrefix(prefix, this.#keyBytesMax)
    const objects: ObjectHead[] = []
    for await (const key of listKeys(this.#root, { prefix, after, batch: limit + 1 })) {
      // Gone since the directory was read, or a name that is no text: not in the list.
      const stats = await statOrAbsent(join(this.#root, key), 'list of objects')
      if (!stats?.isFile()) continue
      if (objects.length === limit) return { objects, next: objects.at(-1)?.key ?? null }
      objects.push(toHead(key, stats))
    }
    return { objects, next: null }
  }

  async delete(key: string): Promise<boolean> {
    const path = this.#pathOf(key)
    await this.#refuseLinks(path, key)
    const removed = await removeDurable(path, describe(key))
    if (removed) await pruneEmptyDirectories(dirname(path), this.#root)
    return removed
  }

  localPath(key: string): string {
    return this.#pathOf(key)
  }

  #pathOf(key: string): string {
    return join(this.#root, parseObjectKey(key, this.#keyBytesMax))
  }

  async #place(
    key: string,
    mode: 'create' | 'replace',
    write: (path: string, what: string) => Promise<BigIntStats>,
  ): Promise<ObjectHead> {
    const path = this.#pathOf(key)
    await this.#requirePlace(path, key, mode)
    try {
      return toHead(key, await write(path, describe(key)))
    } catch (error) {
      // Another key took the place while the body came in; say which fault it is now.
      if (hasErrno(error, 'EEXIST', 'EISDIR', 'ENOTDIR', 'ENOTEMPTY')) {
        await this.#requirePlace(path, key, mode)
      }
      throw error
    }
  }

  /** Refuses early, before a body is read, what the file system would refuse at the end. */
  async #requirePlace(path: string, key: string, mode: 'create' | 'replace'): Promise<void> {
    await this.#refuseLinks(path, key)
    await this.#refuseObjectAbove(path, key)
    const stats = await statOrAbsent(path, describe(key))
    if (stats === undefined) return
    if (stats.isFile()) {
      if (mode === 'create') throw new HyperMeshError('exists', `${describe(key)} exists already`)
      return
    }
    // Left by a delete that was interrupted between the object and its directory.
    if (stats.isDirectory() && (await isEmptyTree(path)) && (await removeEmptyTree(path))) return
    throw collision(key, `objects lie below "${printable(key)}/"`)
  }

  async #refuseObjectAbove(path: string, key: string): Promise<void> {
    for (let above = dirname(path); above !== this.#root; above = dirname(above)) {
      const stats = await statOrAbsent(above, describe(key))
      if (stats?.isDirectory()) return
      if (stats !== undefined) {
        const other = printable(above.slice(this.#root.length + 1))
        throw collision(key, `"${other}" is an object`)
      }
    }
  }

  /** Checks the place, and the deepest directory above it that exists, against where they really are. */
  async #refuseLinks(path: string, key: string): Promise<void> {
    const stats = await statOrAbsent(path, describe(key))
    if (stats?.isSymbolicLink()) throw linkRefused(key)
    for (let above = dirname(path); above !== this.#root; above = dirname(above)) {
      const real = await realpath(above).catch((error: unknown) => {
        if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
        throw toStorageError(error, describe(key), 'none')
      })
      if (real === above) return
      if (real !== undefined) throw linkRefused(key)
      if ((await statOrAbsent(above, describe(key)))?.isSymbolicLink()) throw linkRefused(key)
    }
  }
}

function describe(key: string): string {
  return `object "${printable(key)}"`
}

function linkRefused(key: string): HyperMeshError {
  return new HyperMeshError(
    'forbidden',
    `${describe(key)} lies behind a symbolic link, which is never followed`,
  )
}

function collision(key: string, why: string): HyperMeshError {
  return new HyperMeshError(
    'invalid_name',
    `${describe(key)} cannot be stored because ${why}; delete that first or choose another key`,
    { details: { key } },
  )
}

async function statOrAbsent(path: string, what: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true })
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw toStorageError(error, what, 'none')
  }
}

function toHead(key: string, stats: BigIntStats): ObjectHead {
  return {
    key,
    bytes: Number(stats.size),
    etag: [stats.mtimeNs, stats.ino, stats.size].map((part) => part.toString(36)).join('-'),
    modifiedAt: new Date(Number(stats.mtimeMs)).toISOString(),
  }
}
